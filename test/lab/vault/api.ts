import { request } from 'node:http'
import type { VaultPlan } from './plan.ts'

/** The lab's way to Vault, for its root token and for the stages' own. Everyhop never has this. */
export interface VaultApi {
  /**
   * One request below `/v1/`. Gives the answer's body; undefined where it has none. Rejects with `VaultRefusal`, with Vault's words.
   */
  call(method: VaultMethod, path: string, caller: VaultCaller, body?: object): Promise<unknown>
}

export type VaultMethod = 'GET' | 'LIST' | 'PUT' | 'POST' | 'DELETE'

export interface VaultCaller {
  /** Null: a request that needs none, as a login. */
  readonly token: string | null
  /** The loopback address it calls from, which Vault's audit log and its quotas see. */
  readonly from: string
}

export class VaultRefusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const timeoutMs = 15_000

export function openVaultApi(plan: VaultPlan): VaultApi {
  return {
    call: (method, path, caller, body) =>
      new Promise((resolve, reject) => {
        const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
        const call = request(
          {
            host: plan.address,
            port: plan.port,
            localAddress: caller.from,
            method,
            path: `/v1/${path}`,
            timeout: timeoutMs,
            headers: {
              ...(caller.token === null ? {} : { 'x-vault-token': caller.token }),
              'x-vault-request': 'true',
              ...(sent === undefined ? {} : { 'content-type': 'application/json', 'content-length': sent.length }),
            },
          },
          (response) => {
            const chunks: Buffer[] = []
            response.on('data', (chunk: Buffer) => chunks.push(chunk))
            response.on('error', reject)
            response.on('end', () => {
              const status = response.statusCode ?? 0
              const text = Buffer.concat(chunks).toString('utf8')
              if (status >= 200 && status < 300) resolve(text === '' ? undefined : JSON.parse(text))
              else reject(new VaultRefusal(status, `Vault: ${method} ${path} answered ${status}: ${text.trim()}`))
            })
          },
        )
        call.on('timeout', () => call.destroy(new Error(`Vault: no answer to ${method} ${path} within 15 s`)))
        call.on('error', reject)
        call.end(sent)
      }),
  }
}

/**
 * Loopback addresses of the lab's own hand, each call from the next: a quota counts by the caller's address, and one that
 * the lab makes must stop Everyhop, not the lab.
 */
export function ownAddresses(): () => string {
  let count = 0
  return () => {
    count += 1
    return `127.2.${Math.floor(count / 250) % 250}.${(count % 250) + 1}`
  }
}
