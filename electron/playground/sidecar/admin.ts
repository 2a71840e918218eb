import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { adminAnswer } from './admin-answers.ts'
import { listenOn } from './listen.ts'
import type { SidecarState } from './state.ts'

/** Envoy's admin endpoint, for reading only: what would change or end an Envoy is refused. */
export interface Admin {
  readonly port: number
  close(): Promise<void>
}

export async function openAdmin(state: SidecarState, port: number): Promise<Admin> {
  const server = createServer((request, response) => answer(state, request, response))
  await listenOn(server, port)
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      server.closeAllConnections()
      await promise
    },
  }
}

function answer(state: SidecarState, request: IncomingMessage, response: ServerResponse): void {
  const { status, body } =
    request.method === 'GET'
      ? adminAnswer(state, new URL(request.url ?? '/', 'http://admin'))
      : { status: 405, body: 'Method Not Allowed' }
  const text = typeof body === 'string' ? body : JSON.stringify(body, null, 1)
  response.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/plain; charset=UTF-8' : 'application/json',
    'cache-control': 'no-cache, max-age=0',
    'x-content-type-options': 'nosniff',
    'content-length': Buffer.byteLength(text),
    date: new Date(state.now()).toUTCString(),
    server: 'envoy',
  })
  response.end(text)
}
