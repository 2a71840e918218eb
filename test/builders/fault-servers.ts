import { createServer as createHttpServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Small broken servers on 127.0.0.1, each with a free port and a `close` that ends every connection. */
export interface FaultServer {
  readonly host: string
  readonly port: number
  /** Connections that are open now. */
  openConnections(): number
  close(): Promise<void>
}

/**
 * pass: bytes go both ways; refuse: connections are reset; hang: taken and never answered; half-close: FIN at once;
 * freeze: what is open stays open and nothing comes any more, new ones hang.
 */
export type RelayMode = 'pass' | 'refuse' | 'hang' | 'half-close' | 'freeze'

export interface Relay extends FaultServer {
  /** Also cuts the connections that are open, unless it freezes them. */
  setMode(mode: RelayMode): void
}

/** Stands between a connector and a real server, so that the server "goes away" without being touched. */
export async function startRelay(target: { readonly host: string; readonly port: number }): Promise<Relay> {
  let mode: RelayMode = 'pass'
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (mode === 'refuse') client.resetAndDestroy()
    else if (mode === 'hang' || mode === 'freeze') ignore(client)
    else if (mode === 'half-close') ignore(client.end())
    else join(client, connect({ ...target, allowHalfOpen: true }), () => mode === 'pass')
  })
  const relay = await listen(server)
  return {
    ...relay,
    setMode(next) {
      if (next === mode) return
      mode = next
      if (next !== 'freeze') relay.cut()
    },
  }
}

/** Takes connections and never says a word. */
export async function startHanging(): Promise<FaultServer> {
  return listen(createServer(ignore))
}

/** Takes connections and closes its own side at once; what is sent to it is read and dropped. */
export async function startHalfClosing(): Promise<FaultServer> {
  return listen(createServer({ allowHalfOpen: true }, (client) => ignore(client.end())))
}

/** Answers everything with bytes that are neither TLS nor HTTP. */
export async function startGarbage(): Promise<FaultServer> {
  return listen(
    createServer((client) => {
      client.on('error', () => client.destroy())
      client.end('\u0007this is no protocol you know\r\n')
    }),
  )
}

/** A port on which nobody listens: taken once and given back. */
export async function unusedAddress(): Promise<{ readonly host: string; readonly port: number }> {
  const server = await startHanging()
  await server.close()
  return { host: server.host, port: server.port }
}

export type HttpFault =
  | {
      readonly kind: 'status'
      readonly status: number
      readonly body?: string
      readonly headers?: Record<string, string>
    }
  | { readonly kind: 'json'; readonly body: unknown }
  /** Promises a longer body than it sends, then closes. */
  | { readonly kind: 'truncated-json'; readonly body: unknown }
  /** A JSON string of `bytes` bytes, streamed. */
  | { readonly kind: 'huge'; readonly bytes: number }
  | { readonly kind: 'hang' }
  /** Headers at once, then one byte now and then, for ever. */
  | { readonly kind: 'drip' }

export interface HttpFaultServer extends FaultServer {
  readonly url: string
  /** Paths asked so far, in order. */
  readonly requests: readonly string[]
}

/** `answer` decides for each request by path (with query) and number of the request, starting with 0. */
export async function startHttpFault(answer: (path: string, count: number) => HttpFault): Promise<HttpFaultServer> {
  const requests: string[] = []
  const server = createHttpServer((request, response) => {
    const path = request.url ?? '/'
    requests.push(path)
    give(response, answer(path, requests.length - 1))
  })
  const listening = await listen(server)
  return { ...listening, url: `http://${listening.host}:${listening.port}`, requests }
}

function give(response: ServerResponse, fault: HttpFault): void {
  const json = { 'content-type': 'application/json' }
  switch (fault.kind) {
    case 'status':
      response.writeHead(fault.status, fault.headers ?? json).end(fault.body ?? '')
      return
    case 'json':
      response.writeHead(200, json).end(JSON.stringify(fault.body))
      return
    case 'truncated-json': {
      const text = JSON.stringify(fault.body)
      response.writeHead(200, { ...json, 'content-length': String(Buffer.byteLength(text)) })
      response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy())
      return
    }
    case 'huge':
      response.writeHead(200, json)
      response.write('"')
      pour(response, fault.bytes)
      return
    case 'drip': {
      response.writeHead(200, json)
      const timer = setInterval(() => response.write(' '), 50)
      response.on('close', () => clearInterval(timer))
      return
    }
    case 'hang':
      return
  }
}

function pour(response: ServerResponse, bytes: number): void {
  const piece = Buffer.alloc(64 * 1024, 'x')
  let left = bytes
  const more = (): void => {
    while (left > 0) {
      left -= piece.length
      if (!response.write(piece)) {
        response.once('drain', more)
        return
      }
    }
    response.end('"')
  }
  more()
}

/** Reads and drops what comes, so that the other side's goodbye is noticed. */
function ignore(client: Socket): void {
  client.on('error', () => client.destroy())
  client.on('end', () => client.destroy())
  client.resume()
}

function join(client: Socket, server: Socket, passes: () => boolean): void {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.on('data', (chunk) => {
      if (passes()) to.write(chunk)
    })
    from.on('end', () => {
      if (passes()) to.end()
    })
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
}

async function listen(server: Server): Promise<FaultServer & { cut(): void }> {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const cut = (): void => {
    for (const socket of open) socket.destroy()
  }
  return {
    host: '127.0.0.1',
    port,
    openConnections: () => open.size,
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        cut()
      }),
  }
}
