import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface BundleServer {
  readonly base: URL
  readonly files: Map<string, Buffer>
  /** What was asked and how it was answered, in order. */
  readonly asked: { readonly method: string; readonly path: string; readonly status: number }[]
  /** Answers the next requests of a method with a status, or by hanging up (0). */
  failNext(method: string, status: number, times?: number): void
  close(): Promise<void>
}

/**
 * A PUT store in memory. With `conditions` it keeps RFC 9110's preconditions; without it ignores them, as Debian's nginx with
 * WebDAV does (recorded).
 */
export async function startBundleServer(conditions: boolean): Promise<BundleServer> {
  const files = new Map<string, Buffer>()
  const failures: { method: string; status: number; left: number }[] = []
  const asked: BundleServer['asked'] = []
  const server = createServer((request, response) => {
    response.on('finish', () => {
      asked.push({ method: request.method ?? '', path: request.url ?? '', status: response.statusCode })
    })
    void answer(request, response)
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray())
    const path = request.url ?? '/'
    const failure = failures.find((each) => each.method === request.method && each.left > 0)
    if (failure !== undefined) {
      failure.left -= 1
      if (failure.status === 0) {
        request.socket.destroy()
        return
      }
      response.writeHead(failure.status).end('the store said no')
      return
    }
    const there = files.get(path)
    const fits =
      !conditions ||
      ((request.headers['if-none-match'] !== '*' || there === undefined) &&
        (request.headers['if-match'] === undefined ||
          (there !== undefined && request.headers['if-match'] === etagOf(there))))
    if (request.method === 'GET') {
      if (there === undefined) response.writeHead(404).end('no such file')
      else if (request.headers['if-none-match'] === etagOf(there)) response.writeHead(304).end()
      else response.writeHead(200, { etag: etagOf(there) }).end(there)
    } else if (!fits) {
      response.writeHead(412).end()
    } else if (request.method === 'PUT') {
      files.set(path, body)
      response.writeHead(there === undefined ? 201 : 204).end()
    } else if (request.method === 'DELETE') {
      files.delete(path)
      response.writeHead(204).end()
    } else if (request.method === 'MOVE') {
      if (there === undefined) {
        response.writeHead(404).end()
        return
      }
      files.set(new URL(String(request.headers['destination'])).pathname, there)
      files.delete(path)
      response.writeHead(204).end()
    } else response.writeHead(405).end()
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    base: new URL(`http://127.0.0.1:${port}/store/`),
    files,
    asked,
    failNext: (method, status, times = 1) => failures.push({ method, status, left: times }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function etagOf(content: Buffer): string {
  return `"${createHash('sha256').update(content).digest('hex').slice(0, 20)}"`
}
