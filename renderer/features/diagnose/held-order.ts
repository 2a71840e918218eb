import type { RefusalGroup } from '../../../shared/domain/diagnosis/refusals/model.ts'

export interface HeldRow {
  /** As last told. */
  readonly group: RefusalGroup
  /** It is no longer told of: it is older than the time that was asked for, or its records were joined with others. */
  readonly isGone: boolean
}

export interface HeldOrder {
  readonly rows: readonly HeldRow[]
  /** Groups that are not shown yet. */
  readonly waiting: number
}

/**
 * The latest of the groups that are shown, each where it stands: nothing moves under somebody who reads or points. What is new
 * waits to be asked for. Linear in the number of groups.
 */
export function holdOrder(shown: readonly RefusalGroup[], latest: readonly RefusalGroup[]): HeldOrder {
  const byKey = new Map(latest.map((group) => [group.key, group]))
  const rows = shown.map((group) => ({ group: byKey.get(group.key) ?? group, isGone: !byKey.has(group.key) }))
  const held = new Set(shown.map(({ key }) => key))
  return { rows, waiting: latest.filter(({ key }) => !held.has(key)).length }
}
