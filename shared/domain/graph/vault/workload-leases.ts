import type { Known, LeasesView, LeaseView, Slot, VaultDenialView } from '../../model/graph.ts'
import type { WorkloadEvidence } from '../evaluate/workload-evidence.ts'
import { isCurrent } from '../instances/records.ts'
import { notKnown, referenceTo } from '../known.ts'
import { hasCome, type Moment } from '../moment.ts'
import { reason } from '../reasons.ts'
import type { Stages } from '../stages.ts'
import { byEnd, leaseView, longestLeaseSeconds } from './lease-view.ts'
import type { Held } from './sight.ts'
import type { VaultStatus } from './status.ts'

const mostLeases = 20
const mostDenials = 10

/** Leases of one workload, and what stands of them on its card. */
export interface WorkloadLeases {
  readonly leases: Known<LeasesView>
  readonly slot: Slot
}

/** Known only while every Vault can be asked and its audit log is read; else the last known ones, and said so. */
export function leasesOf(evidence: WorkloadEvidence, stages: Stages, moment: Moment): WorkloadLeases {
  const { naming, world } = evidence
  const { statuses, byWorkload } = world.sight.vault
  const held = byWorkload.get(naming.id)
  const [first] = statuses
  if (first === undefined) return notAsked
  if (held === undefined && !mayHold(evidence)) return notApplicable
  const blind = statuses.find((status) => status.blind !== null) ?? null
  const holderless = statuses.find(
    ({ holderlessUntil }) => holderlessUntil !== null && !hasCome(moment, holderlessUntil),
  )
  const view = held === undefined ? null : viewOf(held, statuses, stages, moment)
  const fact = (view?.leases[0] ?? view?.denials[0])?.fact
  if (view === null || fact === undefined) {
    if (blind !== null && blind.blind !== null) return unknown(blind.blind)
    if (holderless !== undefined) return unknown(reason('leases-without-holder', { vault: holderless.id }))
    const why = reason('no-lease', { name: naming.name, vault: first.id, since: first.since })
    return { leases: notKnown(why), slot: { kind: 'none', reason: why } }
  }
  const isStale =
    blind !== null || view.leases.some(({ stale, state }) => stale && (state === 'active' || state === 'unclear'))
  const leases: Known<LeasesView> = { known: true, value: view, fact: { ...fact, basis: 'derived' }, stale: isStale }
  const last = String(view.active + view.unclear)
  if (isStale) {
    const why = blind?.blind ?? reason('leases-not-current', { vault: fact.instance })
    return { leases, slot: { kind: 'unknown', reason: why, last } }
  }
  if (view.unclear > 0) {
    return { leases, slot: { kind: 'unknown', reason: reason('leases-doubtful', { unclear: view.unclear }), last } }
  }
  if (view.active === 0 && holderless !== undefined) {
    const why = reason('leases-without-holder', { vault: holderless.id })
    return { leases, slot: { kind: 'unknown', reason: why, last: null } }
  }
  return { leases, slot: valueSlot(view, naming.name, leases.fact) }
}

function valueSlot(view: LeasesView, name: string, fact: (Known<LeasesView> & { known: true })['fact']): Slot {
  const [denied] = view.denials
  const long = view.leases.find(({ isLong, state }) => isLong && state === 'active')
  const base = { kind: 'value', text: String(view.active), fact } as const
  if (denied !== undefined) {
    const { vault, path, count, error } = denied
    return { ...base, tone: 'attention', reason: reason('leases-denied', { name, vault, path, count, error }) }
  }
  if (long !== undefined) {
    const params = { name, path: long.path, ttlSeconds: long.ttlSeconds ?? 0, limitSeconds: longestLeaseSeconds }
    return { ...base, tone: 'attention', reason: reason('leases-long', params) }
  }
  const params = { active: view.active, nearestExpiryAt: view.nearestExpiryAt }
  return { ...base, tone: 'quiet', reason: reason('leases-held', params) }
}

/** The leases of a workload in the order in which they are shown, all of them. */
export function shownLeases(
  held: Held,
  statuses: readonly VaultStatus[],
  stages: Stages,
  moment: Moment,
): readonly LeaseView[] {
  const blind = new Set(statuses.flatMap((status) => (status.blind === null ? [] : [status.id])))
  return held.leases.map((one) => leaseView(one, blind.has(one.lease.fact.vault), stages, moment)).sort(byEnd)
}

function viewOf(held: Held, statuses: readonly VaultStatus[], stages: Stages, moment: Moment): LeasesView {
  const leases = shownLeases(held, statuses, stages, moment)
  const active = leases.filter(({ state }) => state === 'active')
  const ends = active.flatMap(({ expiresAt }) => expiresAt ?? [])
  return {
    active: active.length,
    unclear: leases.filter(({ state }) => state === 'unclear').length,
    nearestExpiryAt: ends.length === 0 ? null : Math.min(...ends),
    leases: leases.slice(0, mostLeases),
    total: leases.length + held.ended - held.leases.filter(({ lease }) => lease.fact.state !== 'active').length,
    denials: denialsOf(held).slice(0, mostDenials),
  }
}

/** What was refused in the counted window; of a log that went silent nothing is said about now. */
export function denialsOf(held: Held): readonly VaultDenialView[] {
  return held.denials
    .filter(({ scope }) => isCurrent(scope))
    .map(({ fact }) => ({
      vault: fact.vault,
      path: fact.path,
      operation: fact.operation,
      count: fact.count,
      lastAt: fact.lastAt,
      error: fact.error,
      fact: referenceTo(fact),
    }))
    .sort((a, b) => b.lastAt - a.lastAt || (a.fact.factId < b.fact.factId ? -1 : 1))
}

/** An address, or a workload of another trust domain: our Vault tells nothing of those unless it knows them. */
function mayHold({ naming, world }: WorkloadEvidence): boolean {
  if (naming.address !== null) return false
  if (naming.trustDomain === null || world.trustDomains.length === 0) return true
  return world.trustDomains.includes(naming.trustDomain)
}

function unknown(why: ReturnType<typeof reason>): WorkloadLeases {
  return { leases: notKnown(why), slot: { kind: 'unknown', reason: why, last: null } }
}

const notAsked: WorkloadLeases = {
  leases: notKnown(reason('source-not-configured', { source: 'Vault' })),
  slot: { kind: 'none' },
}
const notApplicable: WorkloadLeases = { leases: notKnown(reason('not-applicable', {})), slot: { kind: 'none' } }
