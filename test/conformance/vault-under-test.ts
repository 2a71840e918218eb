import { readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import type { VaultAuditFact, VaultLeaseFact } from '../../shared/domain/model/vault-facts.ts'
import { observeVault, type VaultObservation, vaultSource } from '../builders/vault-observation.ts'

/** A Vault, real or not, in plain HTTP, with an audit log, `jwt/`, `database/` and `pki/`, and somebody who works with it. */
export interface VaultUnderTest {
  readonly address: { readonly host: string; readonly port: number }
  readonly folder: string
  /** Somebody whose role gives one path, at which a certificate is a lease. */
  readonly workload: { readonly spiffeId: string; readonly role: string; readonly path: string; readonly body: object }
  /** The rights of docs/rights/vault.hcl for which there is nothing to read here. */
  readonly idleRights: readonly string[]
  /** A token with one policy of this text, and no other. */
  tokenWith(policy: string): Promise<string>
  /** A JWT-SVID that its method `jwt` verifies. */
  jwt(spiffeId: string, audience: string): Promise<string>
  auditLines(): Promise<readonly string[]>
  seal(): Promise<void>
  unseal(): Promise<void>
  stop(): Promise<void>
}

export const shippedPolicy = await readFile(
  join(import.meta.dirname, '..', '..', 'docs', 'rights', 'vault.hcl'),
  'utf8',
)
export const shippedRules = [...shippedPolicy.matchAll(/^path "([^"]+)" \{[^}]*\}\n/gm)].map(([text, path = '']) => ({
  path,
  text,
}))

export interface VaultReply {
  readonly status: number
  readonly body: unknown
}

/** One request, as nobody of ours makes it. */
export function askVault(
  { address }: Pick<VaultUnderTest, 'address'>,
  method: string,
  path: string,
  { token = null, body }: { readonly token?: string | null; readonly body?: object | string } = {},
): Promise<VaultReply> {
  return new Promise((resolve, reject) => {
    const headers = token === null ? {} : { 'x-vault-token': token }
    const asked = request({ ...address, method, path: `/v1/${path}`, headers, agent: false }, (answer) => {
      let said = ''
      answer.setEncoding('utf8')
      answer.on('data', (more: string) => {
        said += more
      })
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, body: said.trim() === '' ? null : JSON.parse(said) }),
      )
    })
    asked.on('error', reject)
    asked.end(typeof body === 'object' ? JSON.stringify(body) : body)
  })
}

/** A lease of `pki/` as an audit log told of its issuance, to somebody who logged in with a JWT-SVID. */
export function leaseTold(
  leaseId: string,
  entityId: string,
  { spiffeId, role, path }: Pick<VaultUnderTest['workload'], 'spiffeId' | 'role' | 'path'>,
): VaultLeaseFact {
  return {
    kind: 'vault-lease',
    id: `logs/audit/activity#vault-lease/${leaseId}`,
    from: { source: 'logs', instance: 'audit', locator: 'audit.log', observedAt: 1, basis: 'measured' },
    vault: 'vault',
    leaseId,
    mount: 'pki/',
    path,
    state: 'active',
    doubt: 'expiry-unknown',
    issuedAt: 1,
    expiresAt: null,
    lastRenewedAt: null,
    revokedAt: null,
    renewable: null,
    ttlSeconds: null,
    holder: { displayName: `jwt-${spiffeId}`, subject: spiffeId, entityId, role, remoteAddress: null },
    learntFrom: 'audit',
  }
}

/** Lines of an audit log that was read. */
export const auditTold: VaultAuditFact = {
  kind: 'vault-audit',
  id: 'logs/audit/activity#vault-audit/vault',
  from: { source: 'logs', instance: 'audit', locator: 'audit.log', observedAt: 1, basis: 'measured' },
  vault: 'vault',
  log: 'audit',
  since: 1,
  newestAt: 1,
  lines: 1,
  refusedLines: 0,
  heldLeases: 1,
  droppedLeases: 0,
}

/** One reading with a token of this policy, by an audit log that told of this lease. */
export async function readWith(
  vault: Pick<VaultUnderTest, 'address' | 'folder' | 'tokenWith'>,
  policy: string,
  lease: VaultLeaseFact,
): Promise<VaultObservation> {
  await writeFile(join(vault.folder, 'token'), await vault.tokenWith(policy))
  const vaultLog = { told: () => [lease, auditTold] }
  const observation = observeVault(vaultSource(vault.address), vault.folder, { vaultLog })
  try {
    await observation.until(() => observation.latest.has('leases'))
    return observation
  } finally {
    await observation.end()
  }
}
