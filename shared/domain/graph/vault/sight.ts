import type { EpochMs } from '../../model/time.ts'
import type { VaultDenialFact, VaultFact, VaultHolder, VaultLeaseFact } from '../../model/vault-facts.ts'
import type { JoinedPod } from '../cluster/joins.ts'
import { isEqual } from '../equal.ts'
import { isCurrent, type Scoped } from '../instances/records.ts'
import { type VaultInstance, type VaultRecord, vaultInstances } from '../instances/vault-record.ts'
import type { Touched, Weave } from '../weave/weave.ts'
import { type ByServiceAccount, byServiceAccount, type Holding, holdingOf } from './lineage.ts'
import { statusOf, type VaultStatus } from './status.ts'

/** What Vault knows of one workload. */
export interface Held {
  /** Those that have not ended as far as was told, and the newest of those that have. */
  readonly leases: readonly HeldLease[]
  /** How many have ended, also those that are not in `leases`. */
  readonly ended: number
  readonly denials: readonly Scoped<VaultDenialFact>[]
}

export interface HeldLease {
  readonly lease: Scoped<VaultLeaseFact>
  readonly holding: Holding
}

/** Ended leases that are shown of a workload: an audit log tells of thousands. */
const mostEnded = 20

/** Vaults, and whose their leases are. Workloads by id, whether or not anything else speaks of them. */
export interface VaultSight {
  readonly vaults: readonly VaultInstance[]
  readonly statuses: readonly VaultStatus[]
  readonly byWorkload: ReadonlyMap<string, Held>
  /** Leases that belong to no workload as far as is known. */
  readonly unmatched: readonly HeldLease[]
  /** What all this was made of: readings that are still the same need not be joined again. */
  readonly sources: readonly unknown[]
  /** Service accounts that holders were looked for by; null: none had to be. */
  readonly accounts: ByServiceAccount | null
}

export const noVault: VaultSight = {
  vaults: [],
  statuses: [],
  byWorkload: new Map(),
  unmatched: [],
  sources: [],
  accounts: null,
}

/** The sight after a change; workloads whose leases are others, and their hops, join `touched`. */
export function vaultAgain(
  before: VaultSight,
  weave: Weave,
  pods: ReadonlyMap<string, readonly JoinedPod[]>,
  touched: Touched,
): VaultSight {
  const isTold = touched.kinds.has('vault') || touched.kinds.has('logs')
  const mayMove = before.accounts !== null && (touched.kinds.has('kubernetes') || touched.workloads.size > 0)
  // Vaults that are to be asked are there from the start.
  const isFirst = before === noVault && weave.vaults.length > 0
  if (!isTold && !mayMove && !isFirst) return before
  const records: VaultRecord[] = []
  const logged: (readonly Scoped<VaultFact>[])[] = []
  for (const record of weave.records.values()) {
    if (record.kind === 'vault') records.push(record)
    else if (record.kind === 'logs' && record.vault.length > 0) logged.push(record.vault)
  }
  const sources = [...records, ...logged]
  const isSame = sources.length === before.sources.length && sources.every((one, at) => one === before.sources[at])
  const accounts = mayMove || !isSame ? byServiceAccount(pods) : null
  if (isSame && !isFirst && (accounts === null || isSameAccounts(before.accounts, accounts))) return before
  const vaults = isSame && !isFirst ? before.vaults : vaultInstances(records, logged.flat(), weave.vaults)
  const after = joinedAgain(vaults, sources, accounts ?? new Map())
  touchChanged(before, after, weave, touched)
  return after
}

function isSameAccounts(was: ByServiceAccount | null, is: ByServiceAccount): boolean {
  if (was === null) return true
  return was.size === is.size && [...is].every(([account, workloads]) => isEqual(was.get(account), workloads))
}

function joinedAgain(
  vaults: readonly VaultInstance[],
  sources: readonly unknown[],
  accounts: ByServiceAccount,
): VaultSight {
  const byWorkload = new Map<string, { leases: HeldLease[]; ended: number; denials: Scoped<VaultDenialFact>[] }>()
  let isAccountAsked = false
  const heldBy = (workload: string) => {
    const known = byWorkload.get(workload)
    if (known !== undefined) return known
    const made = { leases: [], ended: 0, denials: [] }
    byWorkload.set(workload, made)
    return made
  }
  const unmatched: HeldLease[] = []
  const ended = new Map<string, HeldLease[]>()
  const statuses: VaultStatus[] = []
  for (const vault of vaults) {
    let holderlessUntil: EpochMs | null = null
    const holdingBy = holdingsIn(vault, accounts)
    for (const lease of vault.leases) {
      const holding = holdingBy(lease.fact.holder)
      const { workload } = holding
      isAccountAsked ||= isByAccount(holding)
      if (lease.fact.state !== 'active') {
        if (workload === null) continue
        const known = ended.get(workload)
        if (known === undefined) ended.set(workload, [{ lease, holding }])
        else known.push({ lease, holding })
        continue
      }
      if (workload !== null) heldBy(workload).leases.push({ lease, holding })
      else unmatched.push({ lease, holding })
      if (lease.fact.holder === null) {
        const until: EpochMs = lease.fact.expiresAt ?? Number.MAX_SAFE_INTEGER
        holderlessUntil = holderlessUntil === null ? until : Math.max(holderlessUntil, until)
      }
    }
    for (const denial of vault.denials) {
      const holding = holdingBy(denial.fact.holder)
      const { workload } = holding
      isAccountAsked ||= isByAccount(holding)
      if (workload !== null) heldBy(workload).denials.push(denial)
    }
    statuses.push(statusOf(vault, holderlessUntil))
  }
  for (const [workload, all] of ended) {
    const held = heldBy(workload)
    held.ended = all.length
    held.leases.push(...all.sort(byNewestEnd).slice(0, mostEnded))
  }
  return { vaults, statuses, byWorkload, unmatched, sources, accounts: isAccountAsked ? accounts : null }
}

/** Few log in, and hold tens of thousands of leases: whose a subject's are is found once. */
function holdingsIn(vault: VaultInstance, accounts: ByServiceAccount): (holder: VaultHolder | null) => Holding {
  const known = new Map<string, Holding>()
  return (holder) => {
    // Of another holder than that the entity, too, tells whose it is.
    if (holder === null || holder.subject === null) return holdingOf(holder, vault, accounts)
    const before = known.get(holder.subject)
    if (before !== undefined) return before
    const found = holdingOf(holder, vault, accounts)
    known.set(holder.subject, found)
    return found
  }
}

function byNewestEnd({ lease: a }: HeldLease, { lease: b }: HeldLease): number {
  const order = endOf(b) - endOf(a)
  return order !== 0 ? order : a.fact.leaseId < b.fact.leaseId ? -1 : 1
}

function endOf({ fact }: Scoped<VaultLeaseFact>): EpochMs {
  return fact.revokedAt ?? fact.expiresAt ?? fact.from.observedAt
}

/** Whether pods that come or go may change it. */
function isByAccount({ account }: Holding): boolean {
  return account !== null
}

function touchChanged(before: VaultSight, after: VaultSight, weave: Weave, touched: Touched): void {
  // Whether leases can be known at all shows on every card.
  const isAll = !isEqual(before.statuses, after.statuses)
  const ids = isAll ? weave.workloads.keys() : new Set([...before.byWorkload.keys(), ...after.byWorkload.keys()])
  for (const id of ids) {
    const was = before.byWorkload.get(id)
    const is = after.byWorkload.get(id)
    const isSame = isSameHeld(was, is)
    if (isSame && !isAll) continue
    // Also one that nothing else speaks of: whether such a holder is gone is asked again.
    touched.workloads.add(id)
    if (was === undefined && is === undefined) continue
    for (const hop of weave.workloads.get(id)?.hops ?? []) if (hop.from === id) touched.hops.add(hop.id)
  }
}

function isSameHeld(was: Held | undefined, is: Held | undefined): boolean {
  if (was === undefined || is === undefined) return was === is
  return (
    was.ended === is.ended &&
    sameFacts(was.denials, is.denials) &&
    was.leases.length === is.leases.length &&
    was.leases.every(
      ({ lease, holding }, at) => isEqual(holding, is.leases[at]?.holding) && sameFact(lease, is.leases[at]?.lease),
    )
  )
}

function sameFacts(was: readonly Scoped<VaultFact>[], is: readonly Scoped<VaultFact>[]): boolean {
  return was.length === is.length && was.every((one, at) => sameFact(one, is[at]))
}

function sameFact(was: Scoped<VaultFact>, is: Scoped<VaultFact> | undefined): boolean {
  return is !== undefined && isEqual(was.fact, is.fact) && isCurrent(was.scope) === isCurrent(is.scope)
}
