import type { Fact, ScopeState } from '../../model/fact.ts'
import { hasToldOf } from '../../model/vault-audit.ts'
import type {
  VaultAuditFact,
  VaultAuthMethodFact,
  VaultDenialFact,
  VaultEntityFact,
  VaultFact,
  VaultLeaseFact,
  VaultMountFact,
  VaultPolicyFact,
  VaultRoleFact,
  VaultServerFact,
  VaultTokenFact,
} from '../../model/vault-facts.ts'
import { sortBy } from '../in-order.ts'
import type { Scoped } from './records.ts'

/** What the connector of one Vault said. */
export interface VaultRecord {
  readonly kind: 'vault'
  readonly id: string
  readonly scopes: readonly ScopeState[]
  readonly told: readonly Scoped<VaultFact>[]
}

/** Everything known of one Vault: what its connector said, and what logs say of it. */
export interface VaultInstance {
  readonly id: string
  /** Scopes of its connector; none where only a log tells of it. */
  readonly scopes: readonly ScopeState[]
  /** Whether it is a source of this environment, asked already or not. */
  readonly isSource: boolean
  readonly server: Scoped<VaultServerFact> | null
  readonly audits: readonly Scoped<VaultAuditFact>[]
  /** Each lease once, in no order: there may be tens of thousands. */
  readonly leases: readonly Scoped<VaultLeaseFact>[]
  readonly entities: ReadonlyMap<string, Scoped<VaultEntityFact>>
  readonly denials: readonly Scoped<VaultDenialFact>[]
  readonly settings: ToldSettings
}

/** Settings of one Vault among what was told of it, in the order in which they are shown. */
export interface ToldSettings {
  readonly token: Scoped<VaultTokenFact> | null
  readonly mounts: readonly Scoped<VaultMountFact>[]
  readonly authMethods: readonly Scoped<VaultAuthMethodFact>[]
  readonly roles: readonly Scoped<VaultRoleFact>[]
  readonly policies: readonly Scoped<VaultPolicyFact>[]
}

export function vaultRecord(id: string, scopes: readonly ScopeState[]): VaultRecord {
  return { kind: 'vault', id, scopes, told: scopes.flatMap(vaultFactsOf) }
}

/** The facts about Vaults in a scope: those of an audit log may be in the scope of that log. */
export function vaultFactsOf(scope: ScopeState): readonly Scoped<VaultFact>[] {
  const found: Scoped<VaultFact>[] = []
  for (const fact of scope.facts) if (isVaultFact(fact)) found.push({ fact, scope })
  return found
}

/** Vaults by what was told of each, in the order of their ids; those that are to be `asked` also before anything was told. */
export function vaultInstances(
  records: readonly VaultRecord[],
  logged: readonly Scoped<VaultFact>[],
  asked: readonly string[],
): readonly VaultInstance[] {
  const sources = new Set([...records.map(({ id }) => id), ...asked])
  const told = new Map<string, Scoped<VaultFact>[]>([...sources].map((id) => [id, []]))
  for (const one of [...records.flatMap((record) => record.told), ...logged]) {
    const known = told.get(one.fact.vault)
    if (known === undefined) told.set(one.fact.vault, [one])
    else known.push(one)
  }
  const scopes = new Map(records.map((record) => [record.id, record.scopes]))
  return sortBy([...told.keys()], (id) => id).map((id) => ({
    id,
    scopes: scopes.get(id) ?? [],
    isSource: sources.has(id),
    ...whatIs(told.get(id) ?? []),
  }))
}

function whatIs(told: readonly Scoped<VaultFact>[]): Omit<VaultInstance, 'id' | 'scopes' | 'isSource'> {
  let server: Scoped<VaultServerFact> | null = null
  const audits: Scoped<VaultAuditFact>[] = []
  const leases = new Map<string, Scoped<VaultLeaseFact>>()
  const entities = new Map<string, Scoped<VaultEntityFact>>()
  const denials: Scoped<VaultDenialFact>[] = []
  let token: Scoped<VaultTokenFact> | null = null
  const mounts: Scoped<VaultMountFact>[] = []
  const authMethods: Scoped<VaultAuthMethodFact>[] = []
  const roles: Scoped<VaultRoleFact>[] = []
  const policies: Scoped<VaultPolicyFact>[] = []
  for (const one of told) {
    const { fact, scope } = one
    if (isLease(one)) {
      const known = leases.get(one.fact.leaseId)
      leases.set(one.fact.leaseId, known === undefined ? one : joined(known, one))
    } else if (fact.kind === 'vault-server') server = firstOf(server, { fact, scope })
    // A log that never told of it is none: nobody knows what Vault gave out.
    else if (fact.kind === 'vault-audit') {
      if (hasToldOf(fact)) audits.push({ fact, scope })
    } else if (fact.kind === 'vault-entity')
      entities.set(fact.entityId, firstOf(entities.get(fact.entityId) ?? null, { fact, scope }))
    else if (fact.kind === 'vault-denial') denials.push({ fact, scope })
    else if (fact.kind === 'vault-token') token = firstOf(token, { fact, scope })
    else if (fact.kind === 'vault-mount') mounts.push({ fact, scope })
    else if (fact.kind === 'vault-auth-method') authMethods.push({ fact, scope })
    else if (fact.kind === 'vault-role') roles.push({ fact, scope })
    else if (fact.kind === 'vault-policy') policies.push({ fact, scope })
  }
  return {
    server,
    audits: sortBy(audits, textOf),
    leases: [...leases.values()],
    entities,
    denials: sortBy(denials, textOf),
    settings: {
      token,
      mounts: sortBy(mounts, textOf),
      authMethods: sortBy(authMethods, textOf),
      roles: sortBy(roles, textOf),
      policies: sortBy(policies, textOf),
    },
  }
}

/**
 * A lease that the audit log and a look-up both tell of. Revoked is final. Else the newer of the two is right about its time,
 * because a renewal may be in lines that were not read; who asked for it is known from the audit log only.
 */
function joined(a: Scoped<VaultLeaseFact>, b: Scoped<VaultLeaseFact>): Scoped<VaultLeaseFact> {
  const [chosen, other] = isRight(a, b) ? [a, b] : [b, a]
  return {
    scope: chosen.scope,
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

function isRight({ fact: a, scope }: Scoped<VaultLeaseFact>, other: Scoped<VaultLeaseFact>): boolean {
  const b = other.fact
  if ((a.state === 'revoked') !== (b.state === 'revoked')) return a.state === 'revoked'
  if (a.from.observedAt !== b.from.observedAt) return a.from.observedAt > b.from.observedAt
  return textOf({ fact: a, scope }) < textOf(other)
}

/** Told twice, the one that comes first by its id counts: the order of scopes must not decide. */
function firstOf<F extends VaultFact>(known: Scoped<F> | null, one: Scoped<F>): Scoped<F> {
  return known !== null && textOf(known) <= textOf(one) ? known : one
}

/** For how long a lease was given, the last time, in seconds. A look-up tells what is left of it, so both times tell more. */
export function spanOf(lease: VaultLeaseFact): number | null {
  const { expiresAt, lastRenewedAt, issuedAt, ttlSeconds, doubt } = lease
  const from = lastRenewedAt ?? issuedAt
  return expiresAt === null || from === null || doubt === 'expiry-unknown'
    ? ttlSeconds
    : Math.round((expiresAt - from) / 1000)
}

function isLease(one: Scoped<VaultFact>): one is Scoped<VaultLeaseFact> {
  return one.fact.kind === 'vault-lease'
}

function isVaultFact(fact: Fact): fact is VaultFact {
  return fact.kind.startsWith('vault-')
}

function textOf({ fact, scope }: Scoped<VaultFact>): string {
  return `${fact.id}\n${scope.scope}`
}
