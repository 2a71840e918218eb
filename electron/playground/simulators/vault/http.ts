import { createServer, type IncomingMessage, type Server } from 'node:http'
import { z } from 'zod'
import type { Operation } from './answers.ts'
import type { VaultReply, VaultRequest } from './vault.ts'

/** A question to Vault is a few names. */
const longestBody = 256 * 1024
const bodyWire = z.record(z.string(), z.unknown())
const operations: Readonly<Record<string, Operation>> = {
  GET: 'read',
  LIST: 'list',
  PUT: 'update',
  POST: 'update',
  DELETE: 'delete',
}

/** Vault's HTTP API. The caller listens and closes. */
export function createVaultServer(
  answer: (request: VaultRequest) => Promise<VaultReply>,
  failed: (error: unknown) => void,
): Server {
  return createServer((request, response) => {
    void reply(request, answer)
      .catch((error: unknown): VaultReply => {
        failed(error)
        return { status: 500, body: { errors: ['internal error'] } }
      })
      .then(({ status, body }) => {
        response.writeHead(status, {
          'cache-control': 'no-store',
          'content-type': 'application/json',
          'strict-transport-security': 'max-age=31536000; includeSubDomains',
        })
        response.end(body === null ? undefined : `${JSON.stringify(body)}\n`)
      })
  })
}

async function reply(
  request: IncomingMessage,
  answer: (request: VaultRequest) => Promise<VaultReply>,
): Promise<VaultReply> {
  const url = new URL(request.url ?? '/', 'http://vault')
  const known = operations[request.method ?? '']
  if (known === undefined) return { status: 405, body: { errors: [] } }
  if (!url.pathname.startsWith('/v1/')) return { status: 404, body: { errors: [] } }
  const isList = known === 'list' || (known === 'read' && url.searchParams.get('list') === 'true')
  const sent = await bodyOf(request)
  if (sent instanceof Error) return { status: 400, body: { errors: [sent.message] } }
  const token = request.headers['x-vault-token']
  return answer({
    operation: isList ? 'list' : known,
    path: decodeURIComponent(url.pathname.slice('/v1/'.length)),
    token: typeof token === 'string' ? token : null,
    body: sent,
    from: { address: request.socket.remoteAddress ?? '', port: request.socket.remotePort ?? 0 },
    ...(isList ? { uri: request.url ?? '' } : {}),
  })
}

/** null: there is none. */
async function bodyOf(request: IncomingMessage): Promise<VaultRequest['body'] | Error> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue
    length += chunk.length
    if (length > longestBody) return new Error('request body too large')
    chunks.push(chunk)
  }
  if (length === 0) return null
  try {
    return bodyWire.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')))
  } catch {
    return new Error('error parsing JSON')
  }
}
