import type { OrphanedLease } from '../../model/graph.ts'
import { gatherWorkload, type World } from '../evaluate/workload-evidence.ts'
import { isCurrent } from '../instances/records.ts'
import type { VaultInstance } from '../instances/vault-record.ts'
import { holdsWhile, type Moment, momentAt } from '../moment.ts'
import { type ReasonParams, reason } from '../reasons.ts'
import type { Weave } from '../weave/weave.ts'
import type { HeldLease } from './lease-book.ts'
import { byEnd, leaseState, leaseView } from './lease-view.ts'
import type { CountedLeases, Held } from './sight.ts'
import type { VaultStatus } from './status.ts'
import { mayBeNameless, type Nameless, namelessIn, whereaboutsOf } from './whereabouts.ts'

/** An orphaned lease with the facts that say so. */
export interface Orphan extends OrphanedLease {
  readonly restsOn: readonly string[]
}

type Why = Pick<OrphanedLease, 'kind' | 'why'> & { readonly restsOn: readonly string[] }

/** Where holders were found to be, by workload id. What a change touches is forgotten; the rest need not be asked again. */
export type Whereabouts = Map<string, ReturnType<typeof whereaboutsOf>>

/**
 * Leases that have not ended and whose holder is gone or disabled, or is not known; the certain ones first. `active` counts all
 * that have not ended.
 */
export function orphansOf(
  vault: VaultInstance,
  status: VaultStatus,
  weave: Weave,
  world: World,
  whereabouts: Whereabouts,
  moment: Moment,
): { readonly active: number; readonly orphans: readonly Orphan[] } {
  const orphans: Orphan[] = []
  const isBlind = status.blind !== null
  const isAnyDisabled = [...vault.entities.values()].some(({ fact }) => fact.disabled)
  let active = 0
  let found: Nameless | null = null
  // Hardly anybody is gone: what has no name is looked for when somebody is.
  const nameless = (): Nameless => {
    found ??= namelessIn(weave, world)
    return found
  }
  const take = (one: HeldLease, whyAll: Why | null) => {
    if (!isOpen(one, vault.id, isBlind, moment)) return
    active += 1
    const why = (isAnyDisabled ? disabled(one, vault) : null) ?? whyAll ?? unmatched(one)
    if (why === null) return
    const lease = leaseView(one, isBlind, weave.stages, moment)
    orphans.push({ lease, ...why, restsOn: [one.lease.fact.id, ...why.restsOn] })
  }
  const { byWorkload, unmatched: nobodys } = world.sight.vault
  for (const [workload, held] of byWorkload) {
    const { leases } = held
    const why = leases.length === 0 ? null : whyGone(workload, leases, weave, world, whereabouts, nameless)
    if (why === null && !isAnyDisabled) active += openIn(held, vault.id, isBlind, moment)
    else for (const one of leases) take(one, why)
  }
  for (const one of nobodys) take(one, null)
  const order = ['gone', 'disabled', 'unmatched']
  orphans.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || byEnd(a.lease, b.lease))
  return { active, orphans }
}

function isOpen({ lease }: HeldLease, vault: string, isBlind: boolean, moment: Moment): boolean {
  if (lease.fact.vault !== vault) return false
  const state = leaseState(lease, isBlind, moment)
  return state === 'active' || state === 'unclear'
}

/** How many have not ended: counted again only when one of them is another, or one ends. */
function openIn(held: Held, vault: string, isBlind: boolean, moment: Moment): number {
  const { counted } = held
  const { now } = moment
  const isAlike =
    counted?.vault === vault && counted.isBlind === isBlind && counted.since <= now && now < counted.recheckAt
  const found = isAlike ? counted : countOpen(held, vault, isBlind, momentAt(now))
  holdsWhile(moment, found)
  return found.open
}

function countOpen(held: Held, vault: string, isBlind: boolean, moment: Moment): CountedLeases {
  let open = 0
  for (const one of held.leases) if (isOpen(one, vault, isBlind, moment)) open += 1
  held.counted = { vault, isBlind, open, since: moment.since, recheckAt: moment.recheckAt }
  return held.counted
}

function disabled({ lease }: HeldLease, vault: VaultInstance): Why | null {
  const { holder } = lease.fact
  const entity = holder?.entityId === null || holder === null ? undefined : vault.entities.get(holder.entityId)
  if (entity === undefined || !entity.fact.disabled || !isCurrent(entity.scope)) return null
  return {
    kind: 'disabled',
    why: reason('lease-entity-disabled', { entity: entity.fact.name }),
    restsOn: [entity.fact.id],
  }
}

function whyGone(
  workload: string,
  leases: readonly HeldLease[],
  weave: Weave,
  world: World,
  whereabouts: Whereabouts,
  nameless: () => Nameless,
): Why | null {
  const known = whereabouts.get(workload)
  if (known === 'running') return null
  const node = weave.workloads.get(workload)
  const evidence = node === undefined ? null : gatherWorkload(weave, workload, node, world)
  const rest = workload.slice('workload/'.length)
  const spiffeId = rest.startsWith('spiffe://') ? rest : null
  const isByAccount = leases.some(({ holding }) => holding.account !== null)
  const where = known ?? whereaboutsOf(evidence, spiffeId, isByAccount, world)
  whereabouts.set(workload, where)
  if (where === 'running') return null
  const [subject] = leases.flatMap(({ holding }) => holding.subject ?? []).sort()
  const params = { holder: subject ?? rest }
  // Not kept: it hangs on others than this workload.
  const isGone = where === 'gone' && (evidence === null || !mayBeNameless(evidence, nameless()))
  return isGone
    ? {
        kind: 'gone',
        why: reason('lease-holder-gone', params),
        restsOn: (evidence?.entries ?? []).map(({ entry }) => entry.id),
      }
    : { kind: 'unmatched', why: reason('lease-holder-unseen', params), restsOn: [] }
}

function unmatched({ holding, lease }: HeldLease): Why | null {
  if (holding.workload !== null) return null
  const subject = holding.subject ?? lease.fact.holder?.displayName ?? ''
  const why = (code: keyof ReasonParams & `lease-holder-${string}`) => reason(code, { holder: subject })
  switch (holding.cause) {
    case 'nameless':
      return {
        kind: 'unmatched',
        why: reason('lease-holder-unknown', { learntFrom: lease.fact.learntFrom }),
        restsOn: [],
      }
    case 'no-pod':
      return { kind: 'unmatched', why: why('lease-holder-no-pod'), restsOn: [] }
    case 'several':
      return { kind: 'unmatched', why: why('lease-holder-several'), restsOn: [] }
    case 'foreign':
      return { kind: 'unmatched', why: why('lease-holder-foreign'), restsOn: [] }
  }
}
