import { rm, writeFile } from 'node:fs/promises'
import type { RunningCluster } from '../cluster/start.ts'
import { type LabPlan, stagePlanOf } from '../plan.ts'
import type { Server } from '../processes.ts'
import { ensureBinaries, vaultBinaries } from '../provision/binaries.ts'
import { findPostgres, type PostgresPrograms } from '../provision/postgres.ts'
import type { SpireTool } from '../spire/server-tool.ts'
import { openCertificates, openDatabase, openKubernetes, openTransit } from './engines.ts'
import { type Holders, startHolders } from './holders.ts'
import { type JwtKeys, startJwtKeys } from './jwt-keys.ts'
import { everyhopName, openAccountLogin, openLogins, tokenWith } from './logins.ts'
import type { VaultPlan } from './plan.ts'
import { type Postgres, startPostgres } from './postgres.ts'
import { startVault, type VaultServer } from './server.ts'

export interface VaultPrograms {
  readonly vault: string
  readonly postgres: PostgresPrograms
}

/** The third tier: a Vault from which stages hold accounts and certificates, and a database that some of these are for. */
export interface RunningVault {
  readonly plan: VaultPlan
  readonly server: VaultServer
  readonly postgres: Postgres
  readonly holders: Holders
  spiffeIdOf(stage: string): string
  /** A token whose policy is this text, and nothing else. */
  tokenWithPolicy(policy: string): Promise<string>
}

/** Rejects, naming the part, when one of them can neither be found nor made. */
export async function ensureVaultPrograms(log: (line: string) => void): Promise<VaultPrograms> {
  const postgres = await findPostgres(log)
  return { vault: (await ensureBinaries(vaultBinaries, { log })).vault.path, postgres }
}

export interface VaultTierNeeds {
  /** Resolves when SPIRE signs. */
  readonly spire: Promise<SpireTool>
  /** Resolves when the cluster takes requests. */
  readonly cluster: Promise<RunningCluster>
}

export interface VaultTier {
  readonly running: Promise<RunningVault>
  close(): Promise<void>
}

/** Starts at once what needs nobody, and the rest as soon as SPIRE and the cluster are there. */
export function startVaultTier(
  plan: LabPlan,
  vaultPlan: VaultPlan,
  programs: VaultPrograms,
  needs: VaultTierNeeds,
  opened: (server: Server) => void,
): VaultTier {
  let keys: JwtKeys | undefined
  let holders: Holders | undefined
  let postgres: Postgres | undefined
  const start = async (): Promise<RunningVault> => {
    const [server, database] = await Promise.all([
      startVault(plan, vaultPlan, programs.vault, opened),
      startPostgres(plan, vaultPlan, programs.postgres, opened),
    ])
    postgres = database
    await server.asRoot('PUT', 'sys/audit/file', { type: 'file', options: { file_path: vaultPlan.files.auditLog } })
    await Promise.all([
      openDatabase(server, vaultPlan, database),
      openCertificates(server),
      openTransit(server),
      needs.cluster.then(async (cluster) => {
        await openKubernetes(server, vaultPlan, cluster)
        await openAccountLogin(server, vaultPlan, cluster)
      }),
      needs.spire.then(async (tool) => {
        keys = await startJwtKeys(vaultPlan, tool)
        await openLogins(server, plan, keys.url)
        await writeFile(vaultPlan.files.everyhopToken, await tokenWith(server, everyhopName, everyhopName), {
          mode: 0o600,
        })
      }),
    ])
    holders = await startHolders(plan, server, await needs.spire)
    let made = 0
    return {
      plan: vaultPlan,
      server,
      postgres: database,
      holders,
      spiffeIdOf: (stage) => stagePlanOf(plan, stage).spiffeId,
      tokenWithPolicy: async (policy) => {
        made += 1
        const name = `everyhop-${made}`
        await server.asRoot('PUT', `sys/policies/acl/${name}`, { policy })
        return tokenWith(server, name, name)
      },
    }
  }
  const running = start()
  // Awaited later, when the lab may have failed by something else.
  for (const awaited of [running, needs.cluster, needs.spire]) awaited.catch(() => undefined)
  return {
    running,
    close: async () => {
      await holders?.close()
      await keys?.close()
      await postgres?.stop()
      await rm(vaultPlan.files.postgres, { recursive: true, force: true })
    },
  }
}
