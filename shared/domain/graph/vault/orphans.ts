import type { OrphanedLease } from '../../model/graph.ts'
import { gatherWorkload, type World } from '../evaluate/workload-evidence.ts'
import { isCurrent } from '../instances/records.ts'
import type { VaultInstance } from '../instances/vault-record.ts'
import type { Moment } from '../moment.ts'
import { type ReasonParams, reason } from '../reasons.ts'
import type { Weave } from '../weave/weave.ts'
import { byEnd, leaseView } from './lease-view.ts'
import type { HeldLease } from './sight.ts'
import type { VaultStatus } from './status.ts'
import { whereaboutsOf } from './whereabouts.ts'

/** An orphaned lease with the facts that say so. */
export interface Orphan extends OrphanedLease {
  readonly restsOn: readonly string[]
}

type Why = Pick<OrphanedLease, 'kind' | 'why'> & { readonly restsOn: readonly string[] }

/**
 * Leases that have not ended and whose holder is gone or disabled, or is not known; the certain ones first. `active` counts all
 * that have not ended.
 */
export function orphansOf(
  vault: VaultInstance,
  status: VaultStatus,
  weave: Weave,
  world: World,
  moment: Moment,
): { readonly active: number; readonly orphans: readonly Orphan[] } {
  const orphans: Orphan[] = []
  let active = 0
  const seen = new Map<string, Why | null>()
  const judgeHolder = (one: HeldLease): Why | null => {
    const { workload } = one.holding
    if (workload === null) return unmatched(one)
    const known = seen.get(workload)
    if (known !== undefined) return known
    const found = whyGone(workload, one, weave, world)
    seen.set(workload, found)
    return found
  }
  const { byWorkload, unmatched: nobodys } = world.sight.vault
  for (const one of [...[...byWorkload.values()].flatMap(({ leases }) => leases), ...nobodys]) {
    if (one.lease.fact.vault !== vault.id) continue
    const lease = leaseView(one, status.blind !== null, weave.stages, moment)
    if (lease.state !== 'active' && lease.state !== 'unclear') continue
    active += 1
    const why = disabled(one, vault) ?? judgeHolder(one)
    if (why !== null) orphans.push({ lease, ...why, restsOn: [one.lease.fact.id, ...why.restsOn] })
  }
  const order = ['gone', 'disabled', 'unmatched']
  orphans.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || byEnd(a.lease, b.lease))
  return { active, orphans }
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

function whyGone(workload: string, { holding }: HeldLease, weave: Weave, world: World): Why | null {
  const node = weave.workloads.get(workload)
  const evidence = node === undefined ? null : gatherWorkload(weave, workload, node, world)
  const rest = workload.slice('workload/'.length)
  const spiffeId = rest.startsWith('spiffe://') ? rest : null
  const isByAccount = holding.workload !== null && holding.foundBy === 'service-account'
  const where = whereaboutsOf(evidence, spiffeId, isByAccount, world)
  if (where === 'running') return null
  const params = { holder: holding.subject ?? rest }
  const restsOn = where === 'gone' ? (evidence?.entries ?? []).map(({ entry }) => entry.id) : []
  return where === 'gone'
    ? { kind: 'gone', why: reason('lease-holder-gone', params), restsOn }
    : { kind: 'unmatched', why: reason('lease-holder-unseen', params), restsOn }
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
