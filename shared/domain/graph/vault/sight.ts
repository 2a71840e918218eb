import type { ScopeState } from '../../model/fact.ts'
import type { EpochMs } from '../../model/time.ts'
import type { VaultDenialFact } from '../../model/vault-facts.ts'
import type { JoinedPod } from '../cluster/joins.ts'
import { isEqual } from '../equal.ts'
import { compareTexts } from '../in-order.ts'
import { isCurrent, type Scoped } from '../instances/records.ts'
import { type VaultInstance, type VaultRecord, vaultInstances } from '../instances/vault-record.ts'
import type { Touched, Weave } from '../weave/weave.ts'
import { type FindHolding, type HeldLease, LeaseBook, type ToldLease } from './lease-book.ts'
import { type ByServiceAccount, byServiceAccount, type Holding, holdingOf } from './lineage.ts'
import { statusOf, type VaultStatus } from './status.ts'

/** What Vault knows of one workload. */
export interface Held {
  /** Those that have not ended as far as was told, and the newest of those that have. */
  readonly leases: readonly HeldLease[]
  /** How many have ended, also those that are not in `leases`. */
  readonly ended: number
  readonly denials: readonly Scoped<VaultDenialFact>[]
  /** How many leases had not ended when they were counted last; kept by `openIn`. */
  counted: CountedLeases | null
}

/** A count that holds from one time until another. */
export interface CountedLeases {
  readonly vault: string
  readonly isBlind: boolean
  readonly open: number
  readonly since: EpochMs
  readonly recheckAt: EpochMs
}

/** Ended leases that are shown of a workload: an audit log tells of thousands. */
const mostEnded = 20

/** Vaults, and whose their leases are. Workloads by id, whether or not anything else speaks of them. */
export interface VaultSight {
  readonly vaults: readonly VaultInstance[]
  readonly statuses: readonly VaultStatus[]
  /** Changed in place by `vaultAgain`, and `book` as well. */
  readonly byWorkload: Map<string, Held>
  /** Leases that belong to no workload as far as is known. */
  readonly unmatched: ReadonlySet<HeldLease>
  /** null: nothing was ever told of a Vault. */
  readonly book: LeaseBook | null
  /** What all this was made of: readings that are still the same need not be joined again. */
  readonly sources: readonly ScopeState[]
  /** Service accounts that holders were looked for by; null: none had to be. */
  readonly accounts: ByServiceAccount | null
}

export const noVault: VaultSight = {
  vaults: [],
  statuses: [],
  byWorkload: new Map(),
  unmatched: new Set(),
  book: null,
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
  const logged: ScopeState[] = []
  for (const record of weave.records.values()) {
    if (record.kind === 'vault') records.push(record)
    else if (record.kind === 'logs') for (const scope of record.vault) logged.push(scope)
  }
  const sources = [...records.flatMap(({ scopes }) => scopes), ...logged]
  const isSame = sources.length === before.sources.length && sources.every((one, at) => one === before.sources[at])
  const accounts = mayMove || !isSame ? byServiceAccount(pods) : nobody
  const areFoundAlike = isSameAccounts(before.accounts, accounts)
  if (isSame && !isFirst && areFoundAlike) return before
  const book = before.book ?? new LeaseBook()
  book.read(sources)
  const vaults = isSame && !isFirst ? before.vaults : vaultInstances(records, logged, weave.vaults, book.vaults())
  if (!areFoundAlike || !haveSameAliases(before.vaults, vaults)) book.findAgain()
  const find = holdingsIn(vaults, accounts)
  const moved = book.settle(find)
  const { denials, isAccountAsked } = denialsOf(vaults, find)
  const after: VaultSight = {
    vaults,
    statuses: vaults.map((vault) => statusOf(vault, holderlessUntil(vault.id, book.unmatched))),
    byWorkload: before.book === null ? new Map() : before.byWorkload,
    unmatched: book.unmatched,
    book,
    sources,
    accounts: book.isAccountAsked || isAccountAsked ? accounts : null,
  }
  touchChanged(before, after, weave, heldAgain(after.byWorkload, book, moved, denials), touched)
  return after
}

function isSameAccounts(was: ByServiceAccount | null, is: ByServiceAccount): boolean {
  if (was === null) return true
  return was.size === is.size && [...is].every(([account, workloads]) => isEqual(was.get(account), workloads))
}

/** Whether the entities, by which holders are found too, have the same other names. */
function haveSameAliases(before: readonly VaultInstance[], after: readonly VaultInstance[]): boolean {
  return after.every(({ id, entities }) => {
    const was = before.find((one) => one.id === id)?.entities ?? noEntities
    return (
      was.size === entities.size &&
      [...entities].every(([entity, { fact }]) => isEqual(was.get(entity)?.fact.aliases, fact.aliases))
    )
  })
}

/** Until when a lease of the Vault that nobody is known to hold may be anybody's; null: there is none. */
function holderlessUntil(vault: string, unmatched: ReadonlySet<HeldLease>): EpochMs | null {
  let until: EpochMs | null = null
  for (const { lease } of unmatched) {
    if (lease.fact.holder !== null || lease.fact.vault !== vault) continue
    until = Math.max(until ?? Number.NEGATIVE_INFINITY, lease.fact.expiresAt ?? Number.MAX_SAFE_INTEGER)
  }
  return until
}

type DenialsBy = ReadonlyMap<string, readonly Scoped<VaultDenialFact>[]>

function denialsOf(
  vaults: readonly VaultInstance[],
  find: FindHolding,
): { readonly denials: DenialsBy; readonly isAccountAsked: boolean } {
  const denials = new Map<string, Scoped<VaultDenialFact>[]>()
  let isAccountAsked = false
  for (const vault of vaults) {
    for (const denial of vault.denials) {
      const { workload, account } = find(vault.id, denial.fact.holder)
      // Then pods that come or go may change whose it is.
      isAccountAsked ||= account !== null
      if (workload === null) continue
      const known = denials.get(workload)
      if (known === undefined) denials.set(workload, [denial])
      else known.push(denial)
    }
  }
  return { denials, isAccountAsked }
}

/** Brings what is held up to date, and says of which workloads it is another. */
function heldAgain(
  byWorkload: Map<string, Held>,
  book: LeaseBook,
  moved: ReadonlySet<string>,
  denials: DenialsBy,
): ReadonlySet<string> {
  const changed = new Set(moved)
  const told = new Set([...moved, ...denials.keys()])
  for (const [id, held] of byWorkload) if (held.denials.length > 0) told.add(id)
  for (const id of told) {
    const was = byWorkload.get(id)
    const denied = denials.get(id) ?? noDenials
    if (!areSameDenials(was?.denials ?? noDenials, denied)) changed.add(id)
    const held = moved.has(id) || was === undefined ? heldOf(book.of(id), denied) : { ...was, denials: denied }
    if (held.leases.length === 0 && held.denials.length === 0) byWorkload.delete(id)
    else byWorkload.set(id, held)
  }
  return changed
}

function heldOf(all: ReadonlySet<HeldLease>, denials: Held['denials']): Held {
  const leases: HeldLease[] = []
  const ended: HeldLease[] = []
  for (const held of all) (held.lease.fact.state === 'active' ? leases : ended).push(held)
  for (const held of ended.sort(byNewestEnd).slice(0, mostEnded)) leases.push(held)
  return { leases, ended: ended.length, denials, counted: null }
}

/** Few log in, and hold tens of thousands of leases: whose a subject's are is found once. */
function holdingsIn(vaults: readonly VaultInstance[], accounts: ByServiceAccount): FindHolding {
  const byId = new Map(vaults.map((vault) => [vault.id, vault.entities]))
  const known = new Map<string, Holding>()
  return (vault, holder) => {
    const entities = byId.get(vault) ?? noEntities
    // Of another holder than that the entity, too, tells whose it is.
    if (holder === null || holder.subject === null) return holdingOf(holder, entities, accounts)
    const before = known.get(holder.subject)
    if (before !== undefined) return before
    const found = holdingOf(holder, entities, accounts)
    known.set(holder.subject, found)
    return found
  }
}

function byNewestEnd({ lease: a }: HeldLease, { lease: b }: HeldLease): number {
  return endOf(b) - endOf(a) || compareTexts(a.fact.leaseId, b.fact.leaseId) || compareTexts(a.fact.vault, b.fact.vault)
}

function endOf({ fact }: ToldLease): EpochMs {
  return fact.revokedAt ?? fact.expiresAt ?? fact.from.observedAt
}

function touchChanged(
  before: VaultSight,
  after: VaultSight,
  weave: Weave,
  changed: ReadonlySet<string>,
  touched: Touched,
): void {
  // Whether leases can be known at all shows on every card.
  const isAll = !isEqual(before.statuses, after.statuses)
  for (const id of isAll ? new Set([...weave.workloads.keys(), ...changed]) : changed) {
    // Also one that nothing else speaks of: whether such a holder is gone is asked again.
    touched.workloads.add(id)
    if (!changed.has(id) && !after.byWorkload.has(id)) continue
    for (const hop of weave.workloads.get(id)?.hops ?? []) if (hop.from === id) touched.hops.add(hop.id)
  }
}

function areSameDenials(was: Held['denials'], is: Held['denials']): boolean {
  return (
    was.length === is.length &&
    was.every((one, at) => {
      const other = is[at]
      return other !== undefined && isEqual(one.fact, other.fact) && isCurrent(one.scope) === isCurrent(other.scope)
    })
  )
}

const nobody: ByServiceAccount = new Map()
const noEntities: VaultInstance['entities'] = new Map()
const noDenials: Held['denials'] = []
