import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type {
  VaultAuthMethodFact,
  VaultEntityFact,
  VaultLeaseFact,
  VaultMountFact,
  VaultPolicyFact,
  VaultRoleFact,
  VaultServerFact,
  VaultTokenFact,
} from '../../../shared/domain/model/vault-facts.ts'
import { rulesOf } from './policy-text.ts'
import { type Asked, masked, measured } from './problem.ts'
import type { WireEntity, WireHealth, WireLease, WireMounts, WireOwnToken, WireRole } from './wire.ts'

/** Subjects of one role that are kept: a service account's names times its namespaces may be many. */
const mostSubjects = 200

export function translateServer(
  asked: Asked,
  address: string,
  health: WireHealth,
  sealStatus: { readonly version?: string | undefined; readonly cluster_name?: string | undefined } | null,
  clockOffsetMs: number | null,
): VaultServerFact {
  return {
    kind: 'vault-server',
    id: `vault/${asked.vault}/server#vault-server/${asked.vault}`,
    from: measured(asked, 'GET sys/health'),
    vault: asked.vault,
    address,
    version: health.version ?? sealStatus?.version ?? null,
    initialized: health.initialized,
    sealed: health.sealed,
    standby: health.standby || health.performance_standby === true,
    clusterName: health.cluster_name ?? sealStatus?.cluster_name ?? null,
    clockOffsetMs,
  }
}

export function translateMounts(
  asked: Asked,
  mounts: WireMounts,
  listAllowed: (path: string) => boolean,
): readonly VaultMountFact[] {
  return Object.entries(mounts).map(([path, { type, accessor, description, config }]) => ({
    kind: 'vault-mount',
    id: `vault/${asked.vault}/mounts#vault-mount/${path}`,
    from: measured(asked, 'GET sys/mounts'),
    vault: asked.vault,
    path,
    type,
    accessor,
    description: masked(description).slice(0, 400),
    defaultLeaseTtlSeconds: config.default_lease_ttl,
    maxLeaseTtlSeconds: config.max_lease_ttl,
    listAllowed: listAllowed(path),
  }))
}

export function translateAuthMethods(asked: Asked, methods: WireMounts): readonly VaultAuthMethodFact[] {
  return Object.entries(methods).map(([path, { type, accessor, description }]) => ({
    kind: 'vault-auth-method',
    id: `vault/${asked.vault}/auth-methods#vault-auth-method/${path}`,
    from: measured(asked, 'GET sys/auth'),
    vault: asked.vault,
    path,
    type,
    accessor,
    description: masked(description).slice(0, 400),
  }))
}

export function translateRole(
  asked: Asked,
  mount: string,
  name: string,
  found: WireRole,
  locator: string,
): VaultRoleFact {
  const audience = found.audience === undefined || found.audience === '' ? [] : [found.audience]
  const isMethod = mount.startsWith('auth/')
  return {
    kind: 'vault-role',
    id: `vault/${asked.vault}/roles#vault-role/${mount}${name}`,
    from: measured(asked, locator),
    vault: asked.vault,
    mount,
    name,
    policies: isMethod ? [...new Set([...found.token_policies, ...found.policies, ...found.allowed_policies])] : [],
    boundSubjects: subjectsOf(found),
    boundAudiences: [...found.bound_audiences, ...audience],
    ttlSeconds: firstPositive(
      found.token_ttl,
      found.token_default_ttl,
      found.default_ttl,
      found.default_sts_ttl,
      found.ttl,
    ),
    maxTtlSeconds: firstPositive(found.token_max_ttl, found.max_ttl, found.max_sts_ttl),
  }
}

function subjectsOf(found: WireRole): readonly string[] {
  const subject = found.bound_subject === undefined || found.bound_subject === '' ? [] : [found.bound_subject]
  const accounts = found.bound_service_account_namespaces.flatMap((namespace) =>
    found.bound_service_account_names.map((name) => `${namespace}/${name}`),
  )
  return [...subject, ...(found.bound_claims?.sub ?? []), ...accounts].slice(0, mostSubjects)
}

/** Zero means the default of the mount or of Vault. */
function firstPositive(...values: readonly (number | null)[]): number | null {
  return values.find((value) => value !== null && value > 0) ?? null
}

/** `text` null: the policy is known by its name only. */
export function translatePolicy(asked: Asked, name: string, text: string | null): VaultPolicyFact {
  return {
    kind: 'vault-policy',
    id: `vault/${asked.vault}/policies#vault-policy/${name}`,
    from: measured(asked, text === null ? 'LIST sys/policies/acl' : `GET sys/policies/acl/${name}`),
    vault: asked.vault,
    name,
    rules: text === null ? null : rulesOf(text),
  }
}

export function translateToken(
  asked: Asked,
  found: WireOwnToken,
  capabilities: VaultTokenFact['capabilities'],
): VaultTokenFact {
  return {
    kind: 'vault-token',
    id: `vault/${asked.vault}/token#vault-token/${asked.vault}`,
    from: measured(asked, 'GET auth/token/lookup-self'),
    vault: asked.vault,
    displayName: masked(found.display_name).slice(0, 400),
    policies: [...new Set([...found.policies, ...found.identity_policies])],
    expiresAt: timeOf(found.expire_time) ?? (found.ttl > 0 ? asked.at + found.ttl * 1000 : null),
    renewable: found.renewable,
    capabilities,
  }
}

export function translateEntity(asked: Asked, found: WireEntity): VaultEntityFact {
  return {
    kind: 'vault-entity',
    id: `vault/${asked.vault}/entities#vault-entity/${found.id}`,
    from: measured(asked, `GET identity/entity/id/${found.id}`),
    vault: asked.vault,
    entityId: found.id,
    name: found.name,
    disabled: found.disabled,
    policies: found.policies,
    aliases: found.aliases.map(({ name, mount_path, mount_type }) => ({
      name,
      mountPath: mount_path,
      mountType: mount_type,
    })),
  }
}

/** A lease that Vault was asked about. What the audit log told of it is in `told`; null: nothing. */
export function translateLease(
  asked: Asked,
  leaseId: string,
  mount: string,
  told: VaultLeaseFact | null,
  found: WireLease,
): VaultLeaseFact {
  return {
    kind: 'vault-lease',
    id: leaseFactId(asked.vault, leaseId),
    from: measured(asked, `PUT sys/leases/lookup lease_id=${leaseId}`),
    vault: asked.vault,
    leaseId,
    mount,
    path: told?.path ?? pathOf(leaseId),
    state: 'active',
    doubt: null,
    issuedAt: timeOf(found.issue_time) ?? told?.issuedAt ?? null,
    expiresAt: timeOf(found.expire_time),
    lastRenewedAt: timeOf(found.last_renewal),
    revokedAt: null,
    renewable: found.renewable ?? null,
    ttlSeconds: found.ttl ?? null,
    holder: told?.holder ?? null,
    learntFrom: 'lookup',
  }
}

export function leaseFactId(vault: string, leaseId: string): string {
  return `vault/${vault}/leases#vault-lease/${leaseId}`
}

/** What was asked for to get it: the id without its random end. */
export function pathOf(leaseId: string): string {
  return leaseId.slice(0, Math.max(0, leaseId.lastIndexOf('/')))
}

/** Go's zero time, `0001-01-01T00:00:00Z`, means never. */
function timeOf(text: string | null | undefined): EpochMs | null {
  const time = text === null || text === undefined || text.startsWith('0001-') ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? null : time
}
