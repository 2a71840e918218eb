import { z } from 'zod'
import { accountNamespace } from '../../../electron/playground/simulators/vault/credentials.ts'
import type { KubernetesApi } from '../cluster/api.ts'
import { VaultRefusal } from './api.ts'
import type { RunningVault } from './tier.ts'

/** What Vault, the database and the cluster say when the lab asks them by its root token and as their admin. */
export interface VaultTruth {
  readonly version: string
  readonly sealed: boolean
  /** Null: it is sealed, and tells nobody. Leases of logins are not among them. */
  readonly leases: readonly LeaseTruth[] | null
  /** The lease that each stage holds now, by its own account of it. */
  readonly held: readonly { readonly stage: string; readonly spiffeId: string; readonly leaseId: string }[]
  /** Accounts that PostgreSQL has of Vault. */
  readonly databaseLogins: readonly string[]
  /** ServiceAccounts that Vault has made in the cluster. */
  readonly generatedAccounts: readonly string[]
  /** `sys/quotas/rate-limit`; null: not to be asked while it is sealed. */
  readonly rateLimits: readonly string[] | null
}

export interface LeaseTruth {
  readonly leaseId: string
  /** `database/` */
  readonly mount: string
  readonly issuedAt: string
  readonly expiresAt: string
  readonly lastRenewal: string | null
  readonly renewable: boolean
  readonly ttlSeconds: number
}

const keysWire = z.object({ data: z.object({ keys: z.array(z.string()) }) })
const leaseWire = z.object({
  data: z.object({
    id: z.string(),
    issue_time: z.string(),
    expire_time: z.string(),
    last_renewal: z.string().nullable(),
    renewable: z.boolean(),
    ttl: z.number(),
  }),
})
const accountsWire = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }) }),
  ),
})

export async function readVaultTruth(running: RunningVault, kubernetes: KubernetesApi): Promise<VaultTruth> {
  const { server, postgres, holders, spiffeIdOf } = running
  const { version, sealed } = await server.health()
  const [leases, rateLimits, databaseLogins, generatedAccounts] = await Promise.all([
    sealed ? null : readLeases(running),
    sealed ? null : listKeys(running, 'sys/quotas/rate-limit'),
    postgres.logins(),
    readGeneratedAccounts(kubernetes),
  ])
  return {
    version,
    sealed,
    leases,
    rateLimits,
    held: [...holders.leases()].map(([stage, leaseId]) => ({ stage, spiffeId: spiffeIdOf(stage), leaseId })),
    databaseLogins,
    generatedAccounts,
  }
}

async function readLeases(running: RunningVault): Promise<readonly LeaseTruth[]> {
  const ids = (await listPrefix(running, '')).filter((id) => !id.startsWith('auth/'))
  const read = async (id: string): Promise<readonly LeaseTruth[]> => {
    try {
      const { data } = leaseWire.parse(await running.server.asRoot('PUT', 'sys/leases/lookup', { lease_id: id }))
      return [
        {
          leaseId: data.id,
          mount: `${data.id.split('/')[0]}/`,
          issuedAt: data.issue_time,
          expiresAt: data.expire_time,
          lastRenewal: data.last_renewal,
          renewable: data.renewable,
          ttlSeconds: data.ttl,
        },
      ]
    } catch (error) {
      // Revoked or ended since the listing.
      if (error instanceof VaultRefusal && error.status === 400) return []
      throw error
    }
  }
  return (await Promise.all(ids.map(read))).flat()
}

/** Leases are listed like folders. */
async function listPrefix(running: RunningVault, prefix: string): Promise<readonly string[]> {
  const keys = await listKeys(running, `sys/leases/lookup/${prefix}`)
  const below = await Promise.all(
    keys.map(async (key) => (key.endsWith('/') ? listPrefix(running, prefix + key) : [prefix + key])),
  )
  return below.flat()
}

async function listKeys({ server }: RunningVault, path: string): Promise<readonly string[]> {
  try {
    return keysWire.parse(await server.asRoot('LIST', path)).data.keys
  } catch (error) {
    if (error instanceof VaultRefusal && error.status === 404) return []
    throw error
  }
}

async function readGeneratedAccounts(api: KubernetesApi): Promise<readonly string[]> {
  const { items } = accountsWire.parse(await api.get(`/api/v1/namespaces/${accountNamespace}/serviceaccounts`))
  return items
    .filter(({ metadata }) => metadata.labels['app.kubernetes.io/managed-by'] === 'HashiCorp-Vault')
    .map(({ metadata }) => metadata.name)
}
