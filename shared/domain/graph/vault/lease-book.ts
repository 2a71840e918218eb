import type { Fact, ScopeState } from '../../model/fact.ts'
import type { VaultHolder, VaultLeaseFact } from '../../model/vault-facts.ts'
import { isEqual } from '../equal.ts'
import { sortBy } from '../in-order.ts'
import { isCurrent } from '../instances/records.ts'
import { differences } from './fact-differences.ts'
import type { Holding } from './lineage.ts'

/** A lease as one scope told of it. The scope itself is not kept: it would keep all its other facts, too. */
export interface ToldLease {
  readonly fact: VaultLeaseFact
  readonly from: Standing
}

/** One for all leases of a scope, and another one once it is current no more. */
export interface Standing {
  readonly scope: string
  readonly isCurrent: boolean
}

export interface HeldLease {
  readonly lease: ToldLease
  readonly holding: Holding
}

/** Whose a lease of this Vault is. */
export type FindHolding = (vault: string, holder: VaultHolder | null) => Holding

interface Entry {
  readonly vault: string
  readonly leaseId: string
  readonly told: ToldLease[]
  held: HeldLease | null
}

/**
 * Each lease once, by whom it belongs to. An audit log tells of tens of thousands and one changes at a time, so the book is kept
 * between updates, and only leases whose facts are other objects are joined again: `read`, then `settle`.
 */
export class LeaseBook {
  readonly #read = new Map<string, { readonly facts: readonly Fact[]; readonly standing: Standing }>()
  readonly #vaults = new Map<string, Map<string, Entry>>()
  /** Entries that something else is told of than they were settled with. */
  readonly #stale = new Set<Entry>()
  readonly #byWorkload = new Map<string, Set<HeldLease>>()
  readonly #unmatched = new Set<HeldLease>()
  #byAccount = 0

  /** Takes in what these scopes tell now, and nothing else does. */
  read(scopes: readonly ScopeState[]): void {
    const gone = new Set(this.#read.keys())
    for (const state of scopes) {
      gone.delete(state.scope)
      this.#readScope(state)
    }
    for (const scope of gone) this.#dropScope(scope)
    for (const entry of this.#stale) if (entry.told.length === 0) this.#forget(entry)
  }

  /** Lets the next `settle` find the holders of all leases anew. */
  findAgain(): void {
    for (const leases of this.#vaults.values()) for (const entry of leases.values()) this.#stale.add(entry)
  }

  /** Joins and finds anew what was read since. Returns the workloads whose leases are others. */
  settle(find: FindHolding): ReadonlySet<string> {
    const moved = new Set<string>()
    for (const entry of this.#stale) {
      const lease = joinedOf(entry.told)
      const is = lease === null ? null : { lease, holding: find(entry.vault, lease.fact.holder) }
      const was = entry.held
      if (was !== null && is !== null && isSameHeld(was, is)) continue
      if (was !== null) this.#takeOut(was, moved)
      if (is !== null) this.#putIn(is, moved)
      entry.held = is
    }
    this.#stale.clear()
    return moved
  }

  /** Vaults that a lease is told of. */
  vaults(): Iterable<string> {
    return this.#vaults.keys()
  }

  /** Those of a workload, ended ones too, in no order. */
  of(workload: string): ReadonlySet<HeldLease> {
    return this.#byWorkload.get(workload) ?? nothing
  }

  /** Those that have not ended and belong to no workload as far as is known. */
  get unmatched(): ReadonlySet<HeldLease> {
    return this.#unmatched
  }

  /** Whether a holder was looked for by a service account: then pods that come or go may change whose a lease is. */
  get isAccountAsked(): boolean {
    return this.#byAccount > 0
  }

  #readScope(state: ScopeState): void {
    const before = this.#read.get(state.scope)
    const isAlike = before !== undefined && before.standing.isCurrent === isCurrent(state)
    if (!isAlike) this.#dropScope(state.scope)
    const standing = isAlike ? before.standing : { scope: state.scope, isCurrent: isCurrent(state) }
    this.#read.set(state.scope, { facts: state.facts, standing })
    const { gone, come } = differences(isAlike ? before.facts : [], state.facts)
    for (const fact of gone) if (fact.kind === 'vault-lease') this.#untell(fact, state.scope)
    for (const fact of come) {
      if (fact.kind !== 'vault-lease') continue
      const entry = this.#entryOf(fact)
      entry.told.push({ fact, from: standing })
      this.#stale.add(entry)
    }
  }

  #dropScope(scope: string): void {
    for (const fact of this.#read.get(scope)?.facts ?? []) if (fact.kind === 'vault-lease') this.#untell(fact, scope)
    this.#read.delete(scope)
  }

  #untell(fact: VaultLeaseFact, scope: string): void {
    const entry = this.#entryOf(fact)
    const at = entry.told.findIndex((one) => one.fact === fact && one.from.scope === scope)
    if (at !== -1) entry.told.splice(at, 1)
    this.#stale.add(entry)
  }

  #entryOf({ vault, leaseId }: VaultLeaseFact): Entry {
    let leases = this.#vaults.get(vault)
    if (leases === undefined) {
      leases = new Map()
      this.#vaults.set(vault, leases)
    }
    let entry = leases.get(leaseId)
    if (entry === undefined) {
      entry = { vault, leaseId, told: [], held: null }
      leases.set(leaseId, entry)
    }
    return entry
  }

  #forget({ vault, leaseId }: Entry): void {
    const leases = this.#vaults.get(vault)
    leases?.delete(leaseId)
    if (leases?.size === 0) this.#vaults.delete(vault)
  }

  #putIn(held: HeldLease, moved: Set<string>): void {
    const { workload, account } = held.holding
    if (account !== null) this.#byAccount += 1
    if (workload === null) {
      if (held.lease.fact.state === 'active') this.#unmatched.add(held)
      return
    }
    moved.add(workload)
    const known = this.#byWorkload.get(workload)
    if (known === undefined) this.#byWorkload.set(workload, new Set([held]))
    else known.add(held)
  }

  #takeOut(held: HeldLease, moved: Set<string>): void {
    const { workload, account } = held.holding
    if (account !== null) this.#byAccount -= 1
    if (workload === null) {
      this.#unmatched.delete(held)
      return
    }
    moved.add(workload)
    const known = this.#byWorkload.get(workload)
    known?.delete(held)
    if (known?.size === 0) this.#byWorkload.delete(workload)
  }
}

function isSameHeld(was: HeldLease, is: HeldLease): boolean {
  const [before, after] = [was.lease, is.lease]
  if (before !== after && (before.from.isCurrent !== after.from.isCurrent || !isEqual(before.fact, after.fact)))
    return false
  return isEqual(was.holding, is.holding)
}

function joinedOf(told: ToldLease[]): ToldLease | null {
  const [first, ...others] = told
  if (first === undefined) return null
  if (others.length === 0) return first
  // Scopes arrive in any order; what is made of them must not depend on it.
  return sortBy([...told], textOf).reduce(joined)
}

/**
 * A lease that the audit log and a look-up both tell of. Revoked is final. Else the newer of the two is right about its time,
 * because a renewal may be in lines that were not read; who asked for it is known from the audit log only.
 */
function joined(a: ToldLease, b: ToldLease): ToldLease {
  const [chosen, other] = isRight(a, b) ? [a, b] : [b, a]
  return {
    from: chosen.from,
    fact: {
      ...chosen.fact,
      holder: chosen.fact.holder ?? other.fact.holder,
      issuedAt: chosen.fact.issuedAt ?? other.fact.issuedAt,
      expiresAt: chosen.fact.expiresAt ?? other.fact.expiresAt,
      lastRenewedAt: chosen.fact.lastRenewedAt ?? other.fact.lastRenewedAt,
      renewable: chosen.fact.renewable ?? other.fact.renewable,
      // Where the log tells of a renewal after the look-up, the end is the earlier one, and so is the span that led to it.
      ttlSeconds: chosen.fact.expiresAt === null ? spanOf(other.fact) : chosen.fact.ttlSeconds,
    },
  }
}

function isRight(one: ToldLease, other: ToldLease): boolean {
  const [a, b] = [one.fact, other.fact]
  if ((a.state === 'revoked') !== (b.state === 'revoked')) return a.state === 'revoked'
  if (a.from.observedAt !== b.from.observedAt) return a.from.observedAt > b.from.observedAt
  return textOf(one) < textOf(other)
}

/** For how long a lease was given, the last time, in seconds. A look-up tells what is left of it, so both times tell more. */
export function spanOf(lease: VaultLeaseFact): number | null {
  const { expiresAt, lastRenewedAt, issuedAt, ttlSeconds, doubt } = lease
  const from = lastRenewedAt ?? issuedAt
  return expiresAt === null || from === null || doubt === 'expiry-unknown'
    ? ttlSeconds
    : Math.round((expiresAt - from) / 1000)
}

function textOf({ fact, from }: ToldLease): string {
  return `${fact.id}\n${from.scope}`
}

const nothing: ReadonlySet<HeldLease> = new Set()
