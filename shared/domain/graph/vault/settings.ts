import type { Fact, ScopeState } from '../../model/fact.ts'
import type { Reason } from '../../model/graph.ts'
import type { VaultFact, VaultTokenFact } from '../../model/vault-facts.ts'
import type { VaultListed, VaultSettings } from '../../model/vault-settings.ts'
import { sortBy } from '../in-order.ts'
import type { Scoped } from '../instances/records.ts'
import type { VaultInstance } from '../instances/vault-record.ts'
import { known, notKnown, whyUnread } from '../known.ts'
import { reason } from '../reasons.ts'

/** A view is sent whenever it changes: it holds what a person reads, and says how much more there is. */
const most = { mounts: 30, authMethods: 20, roles: 40, policies: 30, rules: 6, subjects: 3, capabilities: 100 }

/** What one Vault told of its settings, with why it did not tell the rest. */
export function settingsOf({ id, scopes, isSource, settings }: VaultInstance): VaultSettings {
  const { token, mounts, authMethods, roles, policies } = settings
  const scopeOf = (part: string): ScopeState | null => scopes.find(({ scope }) => scope.endsWith(`/${part}`)) ?? null
  return {
    token: token === null ? unread('token') : known(tokenOf(token.fact), token.fact, token.scope),
    mounts: listed(mounts, most.mounts, gapOf('mounts', mounts), ({ path, type, ...fact }) => ({
      path,
      type,
      defaultLeaseTtlSeconds: fact.defaultLeaseTtlSeconds,
      maxLeaseTtlSeconds: fact.maxLeaseTtlSeconds,
      listAllowed: fact.listAllowed,
    })),
    authMethods: listed(authMethods, most.authMethods, gapOf('auth-methods', authMethods), ({ path, type }) => ({
      path,
      type,
    })),
    roles: listed(roles, most.roles, gapOf('roles', roles), (fact) => ({
      mount: fact.mount,
      name: fact.name,
      policies: fact.policies,
      ttlSeconds: fact.ttlSeconds,
      maxTtlSeconds: fact.maxTtlSeconds,
      boundSubjects: fact.boundSubjects.slice(0, most.subjects),
      boundSubjectsTotal: fact.boundSubjects.length,
    })),
    policies: listed(policies, most.policies, gapOf('policies', policies), ({ name, rules }) => ({
      name,
      rules: rules === null ? null : rules.slice(0, most.rules),
      rulesTotal: rules?.length ?? 0,
    })),
  }

  /** What could not be read is a gap, also beside what was told; what was told before and is last known says so itself. */
  function gapOf(part: string, told: readonly Scoped<VaultFact>[]): Reason | null {
    const scope = scopeOf(part)
    const [gap] = scope?.gaps ?? []
    if (gap !== undefined)
      return reason('not-readable', { source: 'Vault', instance: id, what: gap.what, reason: gap.reason })
    if (scope?.current === true || told.length > 0) return null
    return unread(part).reason
  }

  function unread(part: string): { readonly known: false; readonly reason: Reason } {
    return isSource ? whyUnread('vault', id, part, scopeOf(part)) : notKnown(reason('vault-unasked', { vault: id }))
  }
}

function tokenOf({ displayName, policies, expiresAt, renewable, capabilities }: VaultTokenFact) {
  const paths = sortBy(Object.entries(capabilities), ([path]) => path).slice(0, most.capabilities)
  return {
    displayName,
    policies,
    expiresAt,
    renewable,
    capabilities: paths.map(([path, held]) => ({ path, capabilities: held })),
  }
}

function listed<F extends Fact, Item>(
  told: readonly Scoped<F>[],
  mostItems: number,
  gap: Reason | null,
  itemOf: (fact: F) => Item,
): VaultListed<Item> {
  const items = told.slice(0, mostItems).map(({ fact, scope }) => known(itemOf(fact), fact, scope))
  return { items, total: told.length, gap }
}
