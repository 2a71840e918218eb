import type { ScopeState } from '../../shared/domain/model/fact.ts'
import type {
  VaultAuditFact,
  VaultAuthMethodFact,
  VaultDenialFact,
  VaultEntityFact,
  VaultHolder,
  VaultLeaseFact,
  VaultMountFact,
  VaultPolicyFact,
  VaultRoleFact,
  VaultServerFact,
  VaultTokenFact,
} from '../../shared/domain/model/vault-facts.ts'
import { builtAt, minute, provenance, scope, type With } from './fact-parts.ts'

export function vaultServer(more: With<VaultServerFact> = {}, vault = 'vault'): VaultServerFact {
  return {
    kind: 'vault-server',
    id: `vault/${vault}/server#vault-server/${vault}`,
    from: provenance('vault', vault, 'GET /v1/sys/health'),
    vault,
    address: 'http://127.0.0.1:8200',
    version: '1.21.4',
    initialized: true,
    sealed: false,
    standby: false,
    clusterName: 'vault-cluster-1',
    clockOffsetMs: 0,
    ...more,
  }
}

export function vaultMount(path: string, more: With<VaultMountFact> = {}, vault = 'vault'): VaultMountFact {
  return {
    kind: 'vault-mount',
    id: `vault/${vault}/mounts#vault-mount/${path}`,
    from: provenance('vault', vault, 'GET /v1/sys/mounts'),
    vault,
    path,
    type: 'database',
    accessor: 'database_1',
    description: '',
    defaultLeaseTtlSeconds: 2_764_800,
    maxLeaseTtlSeconds: 2_764_800,
    listAllowed: false,
    ...more,
  }
}

export function vaultAuthMethod(
  path: string,
  more: With<VaultAuthMethodFact> = {},
  vault = 'vault',
): VaultAuthMethodFact {
  return {
    kind: 'vault-auth-method',
    id: `vault/${vault}/auth#vault-auth-method/${path}`,
    from: provenance('vault', vault, 'GET /v1/sys/auth'),
    vault,
    path,
    type: 'jwt',
    accessor: 'auth_jwt_1',
    description: '',
    ...more,
  }
}

export function vaultRole(mount: string, name: string, more: With<VaultRoleFact> = {}, vault = 'vault'): VaultRoleFact {
  return {
    kind: 'vault-role',
    id: `vault/${vault}/roles#vault-role/${mount}${name}`,
    from: provenance('vault', vault, `GET /v1/${mount}role/${name}`),
    vault,
    mount,
    name,
    policies: ['hop'],
    boundSubjects: ['spiffe://pipeline.example/ns/*'],
    boundAudiences: ['vault'],
    ttlSeconds: 300,
    maxTtlSeconds: null,
    ...more,
  }
}

export function vaultPolicy(name: string, more: With<VaultPolicyFact> = {}, vault = 'vault'): VaultPolicyFact {
  return {
    kind: 'vault-policy',
    id: `vault/${vault}/policies#vault-policy/${name}`,
    from: provenance('vault', vault, `GET /v1/sys/policies/acl/${name}`),
    vault,
    name,
    rules: [{ path: 'database/creds/ro', capabilities: ['read'] }],
    ...more,
  }
}

export function vaultToken(more: With<VaultTokenFact> = {}, vault = 'vault'): VaultTokenFact {
  return {
    kind: 'vault-token',
    id: `vault/${vault}/token#vault-token/${vault}`,
    from: provenance('vault', vault, 'GET /v1/auth/token/lookup-self'),
    vault,
    displayName: 'jwt-everyhop',
    policies: ['everyhop'],
    expiresAt: builtAt + 30 * minute,
    renewable: true,
    capabilities: { 'sys/mounts': ['read'] },
    ...more,
  }
}

/** In the scope of the log that it is about. */
export function vaultAudit(more: With<VaultAuditFact> = {}, vault = 'vault'): VaultAuditFact {
  return {
    kind: 'vault-audit',
    id: `logs/${vault}-audit/activity#vault-audit/${vault}`,
    from: provenance('logs', `${vault}-audit`, 'audit.log'),
    vault,
    log: `${vault}-audit`,
    since: builtAt - 60 * minute,
    newestAt: builtAt - 1_000,
    lines: 120,
    refusedLines: 0,
    heldLeases: 4,
    droppedLeases: 0,
    ...more,
  }
}

/** Who logged in through the jwt auth method with this SPIFFE ID. */
export function vaultHolder(subject: string, more: Partial<VaultHolder> = {}): VaultHolder {
  return {
    displayName: `jwt-${subject}`,
    subject,
    entityId: `entity-${subject}`,
    role: 'hop',
    remoteAddress: '127.0.0.1',
    ...more,
  }
}

/** A lease of `database/creds/ro` for ten minutes, five of them left. */
export function vaultLease(
  name: string,
  holder: VaultHolder | null,
  more: With<VaultLeaseFact> = {},
  vault = 'vault',
): VaultLeaseFact {
  const leaseId = `${more.path ?? 'database/creds/ro'}/${name}`
  return {
    kind: 'vault-lease',
    id: `logs/${vault}-audit/activity#vault-lease/${leaseId}`,
    from: provenance('logs', `${vault}-audit`, 'audit.log:1042'),
    vault,
    leaseId,
    mount: 'database/',
    path: 'database/creds/ro',
    state: 'active',
    doubt: null,
    issuedAt: builtAt - 5 * minute,
    expiresAt: builtAt + 5 * minute,
    lastRenewedAt: null,
    revokedAt: null,
    renewable: true,
    ttlSeconds: 600,
    holder,
    learntFrom: 'audit',
    ...more,
  }
}

export function vaultEntity(entityId: string, more: With<VaultEntityFact> = {}, vault = 'vault'): VaultEntityFact {
  return {
    kind: 'vault-entity',
    id: `vault/${vault}/entities#vault-entity/${entityId}`,
    from: provenance('vault', vault, `GET /v1/identity/entity/id/${entityId}`),
    vault,
    entityId,
    name: entityId,
    disabled: false,
    policies: [],
    aliases: [],
    ...more,
  }
}

export function vaultDenial(
  holder: VaultHolder | null,
  more: With<VaultDenialFact> = {},
  vault = 'vault',
): VaultDenialFact {
  const path = more.path ?? 'database/creds/admin'
  return {
    kind: 'vault-denial',
    id: `logs/${vault}-audit/activity#vault-denial/${holder?.displayName ?? ''}/${path}`,
    from: provenance('logs', `${vault}-audit`, 'audit.log:1077'),
    vault,
    path,
    operation: 'read',
    holder,
    count: 3,
    firstAt: builtAt - minute,
    lastAt: builtAt - 2_000,
    error: '1 error occurred: * permission denied',
    ...more,
  }
}

/** The scopes of a Vault that answers and whose audit log tells of these leases and denials. */
export function vaultScopes(
  told: readonly (VaultLeaseFact | VaultDenialFact)[],
  entities: readonly VaultEntityFact[] = [],
  vault = 'vault',
): readonly ScopeState[] {
  return [
    scope(`vault/${vault}/server`, [vaultServer({}, vault)]),
    scope(`vault/${vault}/mounts`, [vaultMount('database/', {}, vault)]),
    scope(`vault/${vault}/entities`, entities),
    scope(`logs/${vault}-audit/activity`, [vaultAudit({}, vault), ...told]),
  ]
}
