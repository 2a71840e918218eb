import { request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { mostBundleBytes, StoreFailure } from './store.ts'

export type StoreMethod = 'GET' | 'PUT' | 'MOVE' | 'DELETE' | 'PROPFIND' | 'MKCOL'

export interface StoreAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

export interface StoreRequest {
  readonly method: StoreMethod
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly signal: AbortSignal
}

export interface StoreAccess {
  /** PEM of the CA; the system's otherwise. */
  ca(): Promise<string | null>
  /** Read anew for each request; null: none is needed. */
  token(): Promise<string | null>
}

const quietMs = 15_000

/** One request to a bundle store: no redirect is followed, no proxy and no environment variable is used. Rejects with `StoreFailure`. */
export async function askStore(
  { method, url, headers, body, signal }: StoreRequest,
  access: StoreAccess,
): Promise<StoreAnswer> {
  const [token, ca] = await Promise.all([access.token(), access.ca()])
  if (token !== null && url.protocol === 'http:' && !isThisMachine(url.hostname)) {
    throw new StoreFailure('forbidden', `a token is not sent to ${url.host} without TLS`)
  }
  const sent = {
    ...headers,
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-length': String(body.length) }),
  }
  const open = url.protocol === 'https:' ? tlsRequest : plainRequest
  const isWrite = method !== 'GET' && method !== 'PROPFIND'
  return new Promise((resolve, reject) => {
    const fail = (reason: Error): void => reject(failureOf(reason, url, isWrite))
    const asked = open(
      url,
      { method, headers: sent, signal, agent: false, ...(ca === null ? {} : { ca }) },
      (answer) => {
        const parts: Buffer[] = []
        let length = 0
        answer.on('data', (part: Buffer) => {
          length += part.length
          if (length > mostBundleBytes)
            asked.destroy(new StoreFailure('too-large', `${url.pathname} is larger than 256 MB`))
          else parts.push(part)
        })
        answer.on('error', fail)
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }),
        )
      },
    )
    asked.setTimeout(quietMs, () => {
      asked.destroy(new StoreFailure('timed-out', `${url.host} was silent for ${quietMs / 1000} s`, isWrite))
    })
    asked.on('error', fail)
    asked.end(body)
  })
}

function failureOf(reason: Error, url: URL, isWrite: boolean): StoreFailure {
  if (reason instanceof StoreFailure) return reason
  if (reason.name === 'AbortError') return new StoreFailure('timed-out', 'the request was withdrawn', isWrite)
  // A refused connection took nothing; one that broke may have.
  const mayHaveHappened =
    isWrite && !('code' in reason && /ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|CERT|TLS/.test(String(reason.code)))
  return new StoreFailure('unreachable', `${url.host}: ${reason.message}`, mayHaveHappened)
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
