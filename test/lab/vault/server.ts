import { writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { LabPlan } from '../plan.ts'
import { type Server, startServer, waitFor } from '../processes.ts'
import { openVaultApi, ownAddresses, type VaultApi, type VaultMethod } from './api.ts'
import { limitAuditLog, rotateAuditLog } from './audit-log.ts'
import { type VaultPlan, vaultUrl } from './plan.ts'

/** A Vault that keeps everything in memory, opened by the one key that it was closed with. */
export interface VaultServer {
  readonly server: Server
  readonly api: VaultApi
  /** With the root token, which never leaves this process. */
  asRoot(method: VaultMethod, path: string, body?: object): Promise<unknown>
  health(): Promise<VaultHealth>
  seal(): Promise<void>
  unseal(): Promise<void>
  /** Puts the audit log aside as `.1` and makes Vault open it anew. */
  rotateAuditLog(): Promise<void>
  /** The same, when it is larger than so many bytes. */
  limitAuditLog(limitBytes: number): Promise<void>
}

export type VaultHealth = z.infer<typeof healthWire>

const healthWire = z.object({
  initialized: z.boolean(),
  sealed: z.boolean(),
  standby: z.boolean(),
  version: z.string(),
})
const initialisedWire = z.object({ keys_base64: z.tuple([z.string()]), root_token: z.string() })

/** Starts Vault, makes its key and opens it. Engines, logins and policies come with `configureVault`. */
export async function startVault(
  plan: LabPlan,
  vault: VaultPlan,
  program: string,
  opened: (server: Server) => void,
): Promise<VaultServer> {
  await writeFile(vault.files.config, vaultConfig(vault))
  const server = startServer({
    name: 'Vault',
    command: program,
    arguments: ['server', `-config=${vault.files.config}`],
    // What another environment says of Vault is not meant for this one.
    env: { VAULT_ADDR: '', VAULT_TOKEN: '', VAULT_NAMESPACE: '' },
    logFile: vault.files.log,
    mark: plan.mark,
  })
  opened(server)
  const api = openVaultApi(vault)
  const nextAddress = ownAddresses()
  const health = async (): Promise<VaultHealth> => {
    const answer = await fetch(`${vaultUrl(vault)}/v1/sys/health`, { signal: AbortSignal.timeout(5000) })
    return healthWire.parse(await answer.json())
  }
  await waitFor('Vault answers', async () => (await health()).version !== '', { timeoutMs: 20_000, server })
  // Not the mode for development, which prints the token and the key where logs are collected.
  const anonymous = (): { readonly token: null; readonly from: string } => ({ token: null, from: nextAddress() })
  const shares = { secret_shares: 1, secret_threshold: 1 }
  const made = initialisedWire.parse(await api.call('PUT', 'sys/init', anonymous(), shares))
  const unseal = async (): Promise<void> => {
    await api.call('PUT', 'sys/unseal', anonymous(), { key: made.keys_base64[0] })
    await waitFor(
      'Vault is unsealed and active',
      async () => {
        const now = await health()
        return !now.sealed && !now.standby
      },
      { timeoutMs: 20_000, server },
    )
  }
  await unseal()
  const asRoot: VaultServer['asRoot'] = (method, path, body) =>
    api.call(method, path, { token: made.root_token, from: nextAddress() }, body)
  return {
    server,
    api,
    asRoot,
    health,
    unseal,
    seal: async () => {
      await asRoot('PUT', 'sys/seal')
      await waitFor('Vault is sealed', async () => (await health()).sealed, { timeoutMs: 20_000, server })
    },
    rotateAuditLog: () => rotateAuditLog(vault.files.auditLog, server),
    limitAuditLog: (limitBytes) => limitAuditLog(vault.files.auditLog, server, limitBytes),
  }
}

function vaultConfig(vault: VaultPlan): string {
  return `disable_mlock = true
ui            = false
cluster_name  = "lab"
log_format    = "json"
api_addr      = "${vaultUrl(vault)}"
storage "inmem" {}
listener "tcp" {
  address     = "${vault.address}:${vault.port}"
  tls_disable = true
}
telemetry {
  prometheus_retention_time = "1h"
  disable_hostname          = true
}
`
}
