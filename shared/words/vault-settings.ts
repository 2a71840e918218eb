import type { EpochMs } from '../domain/model/time.ts'
import { mayGiveLeases } from '../domain/model/vault-engines.ts'
import type {
  VaultListed,
  VaultMountView,
  VaultPolicyView,
  VaultRoleView,
  VaultSettings,
  VaultTokenView,
} from '../domain/model/vault-settings.ts'
import { countOf, formatDuration } from './durations.ts'
import { reasonSentence } from './reasons.ts'

/** "ends in 14 m 10 s", "ended 3 m 02 s ago", "does not expire". */
export function tokenEnd({ expiresAt }: Pick<VaultTokenView, 'expiresAt'>, now: EpochMs): string {
  if (expiresAt === null) return 'does not expire'
  return expiresAt > now ? `ends in ${formatDuration(expiresAt - now)}` : `ended ${formatDuration(now - expiresAt)} ago`
}

/** "leases for 32 d at most, 32 d unless asked for", "leases as long as Vault's own default"; null: it gives none. */
export function mountTtl({ type, defaultLeaseTtlSeconds, maxLeaseTtlSeconds }: VaultMountView): string | null {
  if (!mayGiveLeases(type)) return null
  const parts = [
    ...(maxLeaseTtlSeconds > 0 ? [`${spanOf(maxLeaseTtlSeconds)} at most`] : []),
    ...(defaultLeaseTtlSeconds > 0 ? [`${spanOf(defaultLeaseTtlSeconds)} unless asked for`] : []),
  ]
  return parts.length === 0 ? "leases as long as Vault's own default" : `leases for ${parts.join(', ')}`
}

/** "TTL 30 m 00 s, at most 1 h 00 m", "TTL of its mount". */
export function roleTtl({ ttlSeconds, maxTtlSeconds }: Pick<VaultRoleView, 'ttlSeconds' | 'maxTtlSeconds'>): string {
  const most = maxTtlSeconds === null ? '' : `, at most ${spanOf(maxTtlSeconds)}`
  return `${ttlSeconds === null ? 'TTL of its mount' : `TTL ${spanOf(ttlSeconds)}`}${most}`
}

/** "lets in spiffe://example.org/a and 2 more"; null: it is not bound to subjects, as those of engines are not. */
export function roleSubjects({ boundSubjects, boundSubjectsTotal }: VaultRoleView): string | null {
  if (boundSubjects.length === 0) return null
  const more = boundSubjectsTotal - boundSubjects.length
  return `lets in ${boundSubjects.join(', ')}${more === 0 ? '' : ` and ${more} more`}`
}

/** "policies hop, default", "no policy". */
export function policiesText(policies: readonly string[]): string {
  return policies.length === 0 ? 'no policy' : `${policies.length === 1 ? 'policy' : 'policies'} ${policies.join(', ')}`
}

/** "3 rules"; of the root policy that it gives everything; where its text could not be read that. */
export function policyText({ name, rules, rulesTotal }: VaultPolicyView): string {
  if (name === 'root') return 'gives everything'
  return rules === null ? 'its text could not be read' : countOf(rulesTotal, 'rule')
}

/** "read, list"; "nothing" where all is denied. */
export function capabilitiesText(capabilities: readonly string[]): string {
  const given = capabilities.filter((one) => one !== 'deny')
  return given.length === 0 ? 'nothing' : given.join(', ')
}

/** "And 12 more."; null: these are all. */
export function moreOf({ items, total }: VaultListed<unknown>): string | null {
  return total > items.length ? `And ${(total - items.length).toLocaleString('en-GB')} more.` : null
}

/** How a Vault is set up, a row each: what it is, its name, how it is. For a terminal. */
export function settingRows(settings: VaultSettings, now: EpochMs): readonly (readonly [string, string, string])[] {
  const { token, mounts, authMethods, roles, policies } = settings
  const own: readonly [string, string, string] = token.known
    ? ['own token', token.value.displayName, tokenText(token.value, now)]
    : ['own token', 'not known', reasonSentence(token.reason)]
  return [
    own,
    ...rowsOf('engine', mounts, (mount) => [
      mount.path,
      [mount.type, mountTtl(mount), mount.listAllowed ? 'its leases are listed' : null]
        .filter((part) => part !== null)
        .join('; '),
    ]),
    ...rowsOf('auth method', authMethods, ({ path, type }) => [path, type]),
    ...rowsOf('role', roles, (role) => [
      `${role.mount}${role.name}`,
      [roleTtl(role), ...(role.policies.length === 0 ? [] : [policiesText(role.policies)]), roleSubjects(role)]
        .filter((part) => part !== null)
        .join('; '),
    ]),
    ...rowsOf('policy', policies, (policy) => [policy.name, policyWithRules(policy)]),
  ]
}

function tokenText(token: VaultTokenView, now: EpochMs): string {
  const lacking = token.capabilities.filter(({ capabilities }) => capabilitiesText(capabilities) === 'nothing')
  const may = token.capabilities.length - lacking.length
  return [
    tokenEnd(token, now),
    token.renewable ? 'renewable' : 'not renewable',
    policiesText(token.policies),
    ...(token.capabilities.length === 0 ? [] : [`may read ${may} of ${countOf(token.capabilities.length, 'path')}`]),
    ...(lacking.length === 0 ? [] : [`not ${lacking.map(({ path }) => path).join(', ')}`]),
  ].join('; ')
}

function policyWithRules(policy: VaultPolicyView): string {
  const rules = (policy.rules ?? []).map(({ path, capabilities }) => `${path} (${capabilitiesText(capabilities)})`)
  const more = policy.rulesTotal > rules.length ? [`${policy.rulesTotal - rules.length} more`] : []
  return [policyText(policy), ...(rules.length === 0 ? [] : [[...rules, ...more].join(', ')])].join(': ')
}

function rowsOf<Item>(
  what: string,
  { items, total, gap }: VaultListed<Item>,
  row: (item: Item) => readonly [string, string],
): readonly (readonly [string, string, string])[] {
  return [
    ...items.flatMap((item) => {
      if (!item.known) return []
      const [name, text] = row(item.value)
      return [[what, name, item.stale ? `${text}; last known` : text] as const]
    }),
    ...(total > items.length ? [[what, `and ${total - items.length} more`, ''] as const] : []),
    ...(gap === null ? [] : [[what, 'not known', reasonSentence(gap)] as const]),
  ]
}

function spanOf(seconds: number): string {
  return formatDuration(seconds * 1000)
}
