import { z } from 'zod'
import {
  audience,
  credentialOf,
  databaseCredentials,
  reportingTtlSeconds,
  roleOf,
} from '../../../electron/playground/simulators/vault/credentials.ts'
import { grantRights, type Rule } from '../cluster/rights.ts'
import type { RunningCluster } from '../cluster/start.ts'
import { type VaultPlan, vaultNamespace } from './plan.ts'
import type { Postgres } from './postgres.ts'
import type { VaultServer } from './server.ts'

const tokenWire = z.object({ status: z.object({ token: z.string() }) })
/** Longer than any lab runs. */
const tokenLifetimeSeconds = 7 * 24 * 60 * 60

/** What Vault's own account may do in the cluster: make accounts for others, and check tokens of service accounts. */
const accountRights: readonly Rule[] = [
  { apiGroups: [''], resources: ['serviceaccounts', 'serviceaccounts/token'], verbs: ['create', 'update', 'delete'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
  {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['roles', 'rolebindings'],
    verbs: ['create', 'update', 'delete', 'bind', 'escalate'],
  },
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
]

/** Accounts of the database, which Vault makes at a GET and removes when their lease ends. */
export async function openDatabase(vault: VaultServer, plan: VaultPlan, postgres: Postgres): Promise<void> {
  await vault.asRoot('POST', 'sys/mounts/database', {
    type: 'database',
    description: 'Accounts of the vector database',
  })
  await vault.asRoot('POST', 'database/config/vectors', {
    plugin_name: 'postgresql-database-plugin',
    connection_url: `postgresql://{{username}}:{{password}}@${plan.address}:${plan.postgresPort}/postgres?sslmode=disable`,
    username: postgres.owner.user,
    password: postgres.owner.password,
    allowed_roles: [...databaseCredentials.map(roleOf), 'reporting'],
  })
  const creation = `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`
  const role = (ttlSeconds: number, maxTtlSeconds: number): object => ({
    db_name: 'vectors',
    creation_statements: [creation],
    default_ttl: `${ttlSeconds}s`,
    max_ttl: `${maxTtlSeconds}s`,
  })
  for (const credential of databaseCredentials) {
    await vault.asRoot('POST', `database/roles/${roleOf(credential)}`, role(credential.ttlSeconds, 3600))
  }
  await vault.asRoot('POST', 'database/roles/reporting', role(reportingTtlSeconds, reportingTtlSeconds))
}

/** Accounts of the cluster: a ServiceAccount of its own with a Role for each lease. */
export async function openKubernetes(vault: VaultServer, plan: VaultPlan, cluster: RunningCluster): Promise<void> {
  await grantRights(cluster.api, `system:serviceaccounts:${vaultNamespace}`, accountRights)
  const own = await accountToken(cluster, vaultNamespace, plan.pod.workload, [])
  const server = {
    kubernetes_host: `https://${cluster.plan.address}:${cluster.plan.apiPort}`,
    kubernetes_ca_cert: cluster.ca,
  }
  const { ttlSeconds } = credentialOf('tool-runtime')
  await vault.asRoot('POST', 'sys/mounts/kubernetes', { type: 'kubernetes', description: 'Accounts of the cluster' })
  await vault.asRoot('POST', 'kubernetes/config', { ...server, service_account_jwt: own, disable_local_ca_jwt: true })
  await vault.asRoot('POST', 'kubernetes/roles/tool-runtime', {
    allowed_kubernetes_namespaces: ['tools'],
    generated_role_rules: JSON.stringify({ rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }] }),
    token_default_ttl: `${ttlSeconds}s`,
    token_max_ttl: `${ttlSeconds}s`,
  })
  await vault.asRoot('POST', 'sys/auth/kubernetes', {
    type: 'kubernetes',
    description: 'Service accounts of the cluster',
  })
  await vault.asRoot('POST', 'auth/kubernetes/config', {
    ...server,
    token_reviewer_jwt: own,
    disable_local_ca_jwt: true,
  })
}

/** Certificates; each is a lease, so that what is handed out can be counted and taken back. */
export async function openCertificates(vault: VaultServer): Promise<void> {
  await vault.asRoot('POST', 'sys/mounts/pki', {
    type: 'pki',
    description: 'Certificates for what has no SVID',
    config: { max_lease_ttl: '720h' },
  })
  await vault.asRoot('POST', 'pki/root/generate/internal', {
    common_name: 'pipeline.example',
    ttl: '720h',
    key_type: 'ec',
  })
  const { ttlSeconds } = credentialOf('model-server')
  await vault.asRoot('POST', 'pki/roles/model-server', {
    allowed_domains: ['ai.svc.cluster.local'],
    allow_subdomains: true,
    generate_lease: true,
    key_type: 'ec',
    key_bits: 256,
    ttl: `${ttlSeconds}s`,
    max_ttl: `${ttlSeconds}s`,
  })
}

/** A key that never leaves Vault, for signing policy bundles; docs/rights/vault-transit.hcl names it. */
export async function openTransit(vault: VaultServer): Promise<void> {
  await vault.asRoot('POST', 'sys/mounts/transit', { type: 'transit', description: 'Signs policy bundles' })
  await vault.asRoot('POST', 'transit/keys/policy-bundles', { type: 'ecdsa-p256' })
}

/** A token of a service account; without audiences it is for the API server. */
export async function accountToken(
  { api }: RunningCluster,
  namespace: string,
  name: string,
  audiences: readonly string[] = [audience],
): Promise<string> {
  const asked = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences, expirationSeconds: tokenLifetimeSeconds },
  }
  const answer = await api.post(`/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, asked)
  return tokenWire.parse(answer).status.token
}
