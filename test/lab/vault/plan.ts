import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { registry } from '../../../electron/playground/simulators/kubernetes/objects/names.ts'
import type { PodPlan } from '../cluster/pod-plan.ts'
import { deployed } from '../cluster/pod-plans.ts'
import type { LabPlan } from '../plan.ts'
import { findFreePorts } from '../ports.ts'

/** Where the third tier's servers and files lie: decided before anything starts. */
export interface VaultPlan {
  readonly address: string
  readonly port: number
  readonly postgresPort: number
  /** Where Vault fetches the keys that JWT-SVIDs are signed with. */
  readonly keysPort: number
  readonly pod: PodPlan
  readonly files: VaultFiles
}

export interface VaultFiles {
  readonly folder: string
  readonly config: string
  readonly auditLog: string
  readonly log: string
  /** Everyhop's own: a token with the shipped policy, and a service account's token by which it can sign in. */
  readonly everyhopToken: string
  readonly everyhopAccountToken: string
  /** Not below the run folder: the account that PostgreSQL runs as may not be allowed into that. */
  readonly postgres: string
  readonly postgresLog: string
}

const address = '127.0.0.1'
export const vaultNamespace = 'vault'
export const vaultUrl = (plan: VaultPlan): string => `http://${plan.address}:${plan.port}`

export async function planVault(plan: LabPlan): Promise<VaultPlan> {
  const [port = 0, postgresPort = 0, keysPort = 0] = await findFreePorts([address], 3)
  const folder = path.join(plan.runFolder, 'vault')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const files: VaultFiles = {
    folder,
    config: path.join(folder, 'vault.hcl'),
    auditLog: path.join(plan.files.logs, 'vault-audit.ndjson'),
    log: path.join(plan.files.logs, 'vault.log'),
    everyhopToken: path.join(plan.files.readerFolder, 'vault-token'),
    everyhopAccountToken: path.join(plan.files.readerFolder, 'service-account-token'),
    postgres: path.join(os.tmpdir(), `everyhop-postgres-${randomBytes(6).toString('hex')}`),
    postgresLog: path.join(plan.files.logs, 'postgres.log'),
  }
  return { address, port, postgresPort, keysPort, pod: vaultPod({ address, port }, files), files }
}

/** As Vault's own chart labels it. Its log is the audit log: what else it prints goes to a file. */
function vaultPod(target: { readonly address: string; readonly port: number }, files: VaultFiles): PodPlan {
  return deployed({
    namespace: vaultNamespace,
    workload: 'vault',
    node: 'node-b',
    podIp: target.address,
    labels: { component: 'server', 'app.kubernetes.io/component': 'server', 'app.kubernetes.io/part-of': 'vault' },
    containers: [
      {
        name: 'vault',
        image: `${registry}/hashicorp/vault:1.21.4`,
        arguments: ['server', '-config=/vault/config'],
        ports: [{ name: 'http', port: 8200, target, served: true }],
        logs: [{ file: files.auditLog }],
      },
    ],
  })
}
