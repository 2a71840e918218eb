import { Agent, request } from 'node:http'

/** Where an OPA of ours listens: for this process alone. */
export type OpaEndpoint = { readonly socketPath: string } | { readonly host: string; readonly port: number }

export interface OpaQuestion {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  readonly signal: AbortSignal
}

export interface OpaAnswer {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

const agent = new Agent({ keepAlive: true, maxSockets: 32 })
const mostBytes = 16 * 1024 ** 2

/** Rejects with the connection's error, or with the signal's reason. */
export async function askOpa(endpoint: OpaEndpoint, question: OpaQuestion): Promise<OpaAnswer> {
  const { method, path, body, signal } = question
  return new Promise((resolve, reject) => {
    const text = body === undefined ? null : JSON.stringify(body)
    const headers = text === null ? {} : { 'content-type': 'application/json' }
    const asked = request({ ...endpoint, agent, method, path, headers, signal }, (answer) => {
      const parts: Buffer[] = []
      let length = 0
      answer.on('data', (part: Buffer) => {
        length += part.length
        if (length > mostBytes) asked.destroy(new Error('OPA answered more than 16 MB'))
        else parts.push(part)
      })
      answer.on('error', fail)
      answer.on('end', () => {
        resolve({
          status: answer.statusCode ?? 0,
          contentType: answer.headers['content-type'] ?? 'application/octet-stream',
          text: Buffer.concat(parts).toString('utf8'),
        })
      })
    })
    function fail(error: Error): void {
      reject(signal.aborted ? signal.reason : error)
    }
    asked.on('error', fail)
    asked.end(text ?? undefined)
  })
}
