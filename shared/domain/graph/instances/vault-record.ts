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
}

/** What is known of one Vault besides its leases (`vault/lease-book.ts`): what its connector said, and what logs say of it. */
export interface VaultInstance {
  readonly id: string
  /** Scopes of its connector; none where only a log tells of it. */
  readonly scopes: readonly ScopeState[]
  /** Whether it is a source of this environment, asked already or not. */
  readonly isSource: boolean
  readonly server: Scoped<VaultServerFact> | null
  readonly audits: readonly Scoped<VaultAuditFact>[]
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

/** What Vaults tell besides leases, of which there may be tens of thousands. */
type SettledFact = Exclude<VaultFact, VaultLeaseFact>

/** Whether a scope tells of Vaults: what an audit log tells of one may be in the scope of that log. */
export function tellsOfVault({ facts }: ScopeState): boolean {
  return facts.some(isVaultFact)
}

/**
 * Vaults by what was told of each, in the order of their ids; those that are to be `asked` and those that `leases` were told of
 * also before anything else was.
 */
export function vaultInstances(
  records: readonly VaultRecord[],
  logged: readonly ScopeState[],
  asked: readonly string[],
  leases: Iterable<string>,
): readonly VaultInstance[] {
  const sources = new Set([...records.map(({ id }) => id), ...asked])
  const told = new Map<string, Scoped<SettledFact>[]>([...sources, ...leases].map((id) => [id, []]))
  for (const scope of [...records.flatMap((record) => record.scopes), ...logged]) {
    for (const fact of scope.facts) {
      if (fact.kind === 'vault-lease' || !isVaultFact(fact)) continue
      const known = told.get(fact.vault)
      if (known === undefined) told.set(fact.vault, [{ fact, scope }])
      else known.push({ fact, scope })
    }
  }
  const scopes = new Map(records.map((record) => [record.id, record.scopes]))
  return sortBy([...told.keys()], (id) => id).map((id) => ({
    id,
    scopes: scopes.get(id) ?? [],
    isSource: sources.has(id),
    ...whatIs(told.get(id) ?? []),
  }))
}

function whatIs(told: readonly Scoped<SettledFact>[]): Omit<VaultInstance, 'id' | 'scopes' | 'isSource'> {
  let server: Scoped<VaultServerFact> | null = null
  const audits: Scoped<VaultAuditFact>[] = []
  const entities = new Map<string, Scoped<VaultEntityFact>>()
  const denials: Scoped<VaultDenialFact>[] = []
  let token: Scoped<VaultTokenFact> | null = null
  const mounts: Scoped<VaultMountFact>[] = []
  const authMethods: Scoped<VaultAuthMethodFact>[] = []
  const roles: Scoped<VaultRoleFact>[] = []
  const policies: Scoped<VaultPolicyFact>[] = []
  for (const { fact, scope } of told) {
    if (fact.kind === 'vault-server') server = firstOf(server, { fact, scope })
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

/** Told twice, the one that comes first by its id counts: the order of scopes must not decide. */
function firstOf<F extends VaultFact>(known: Scoped<F> | null, one: Scoped<F>): Scoped<F> {
  return known !== null && textOf(known) <= textOf(one) ? known : one
}

function isVaultFact(fact: Fact): fact is VaultFact {
  return fact.kind.startsWith('vault-')
}

function textOf({ fact, scope }: Scoped<VaultFact>): string {
  return `${fact.id}\n${scope.scope}`
}
