import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

export interface PostOptions {
  readonly contentEncoding: 'gzip' | 'identity'
  readonly token: string | null
  /** PEM of the CA to verify an https service with; the system's CAs otherwise. Verification cannot be switched off. */
  readonly ca: string | null
  readonly deadlineMs: number
  readonly signal: AbortSignal
}

/** Posts JSON and gives the status. Rejects when no answer came; the answer's body is not read. */
export function postJson(url: URL, body: Uint8Array, options: PostOptions): Promise<number> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.deadlineMs)])
  const headers: Record<string, string | number> = {
    'content-type': 'application/json',
    'content-length': body.byteLength,
    ...(options.contentEncoding === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
    ...(options.token === null ? {} : { authorization: `Bearer ${options.token}` }),
  }
  const settings = { method: 'POST', headers, signal, agent: false }
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, options.ca === null ? settings : { ...settings, ca: options.ca })
        : requestHttp(url, settings)
    request.on('response', (response) => {
      response.resume()
      // Only the end of the answer says that the service took it whole.
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}
