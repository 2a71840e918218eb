import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'

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
