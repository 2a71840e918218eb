import { timingSafeEqual } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { LogStore, Upload } from '../../core/log-store.ts'
import type { Clock, Files, Log } from '../../core/ports.ts'
import type { ReceiverState } from '../../core/receiver-state.ts'
import { longestUpload } from '../stores/unpack.ts'
import { type ForwardSettings, startForwarder } from './forwarder.ts'
import { bodyOf } from './request-body.ts'

export interface ReceiverOptions {
  /** A port of one address (0: any that is free), or a unix socket that only this user may use. */
  readonly listen:
    | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
    | { readonly kind: 'unix'; readonly path: string }
  readonly store: Pick<LogStore, 'append'>
  /** Told of each upload that is acknowledged; never waits. */
  readonly took?: (upload: Upload) => void
  /** File with the bearer token that senders must show; read at each request, so that it can be renewed. null: none is asked for. */
  readonly tokenFile: string | null
  /** null: nothing is sent on. */
  readonly forward: ForwardSettings | null
  readonly ports: { readonly clock: Clock; readonly log: Log; readonly files: Files }
}

export interface Receiver {
  /** The port, when it listens on one. */
  readonly port: number | null
  state(): ReceiverState
  /** Stops listening, answers what is under way, ends sending on; the store stays open. */
  close(): Promise<void>
}

/** Held in memory for uploads under way. Bytes. */
const mostUnderWay = 64 * 1024 * 1024
const mostConnections = 256
const againAfterSeconds = 5

interface Route {
  readonly record: Upload['record']
  readonly form: Upload['form']
  readonly source: string
  readonly path: string
}

/**
 * Listens for OPA's decision logs (`POST /logs`, `POST /logs/<partition>`) and a Kubernetes API server's audit webhook
 * (`POST /kubernetes-audit`, `POST /kubernetes-audit/<cluster>`). Only `everyhop serve` starts it.
 * https://www.openpolicyagent.org/docs/management-decision-logs ; https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#webhook-backend
 * Rejects when it cannot listen.
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { store, ports, tokenFile } = options
  const forwarder = options.forward === null ? null : await startForwarder(options.forward, ports)
  const counts = { received: 0, refused: 0, unauthenticated: 0, postponed: 0 }
  let underWay = 0

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = routeOf(request.url ?? '')
    if (route === null) return answer(response, 404, 'post decision logs to /logs, audit events to /kubernetes-audit')
    if (request.method !== 'POST') return answer(response, 405, 'only POST is taken here', { allow: 'POST' })
    if (!(await isAuthentic(request))) {
      counts.unauthenticated += 1
      return answer(response, 401, 'a bearer token is needed', { 'www-authenticate': 'Bearer' })
    }
    const encoding = encodingOf(request)
    if (encoding === null) return answer(response, 415, 'only gzip and no content encoding are understood')
    // Without a length it may be as long as is allowed.
    const length = Math.min(Number(request.headers['content-length'] ?? longestUpload), longestUpload)
    if (underWay + length > mostUnderWay) return postpone(response, 'too much is under way')
    underWay += length
    try {
      const body = await bodyOf(request, longestUpload)
      if (body === null) {
        counts.refused += 1
        return answer(response, 413, `larger than ${longestUpload} bytes`)
      }
      await keep(route, encoding, body, response)
    } finally {
      underWay -= length
    }
  }

  /** 200 says that it is on the disk: here, and in the queue to be sent on when there is one. */
  async function keep(
    route: Route,
    encoding: Upload['encoding'],
    body: Buffer,
    response: ServerResponse,
  ): Promise<void> {
    const { record, form, source, path } = route
    const receivedAt = ports.clock.now()
    const upload: Upload = { record, form, source, encoding, receivedAt, bytes: body }
    const result = await store.append(upload)
    if (result.outcome === 'refused') {
      counts.refused += 1
      return answer(response, result.why.startsWith('larger') ? 413 : 400, `the upload is ${result.why}`)
    }
    if (result.outcome === 'exhausted') return postpone(response, result.why)
    if (forwarder !== null && record === 'opa-decisions') {
      try {
        await forwarder.queue.add({ record, form, source, encoding, receivedAt, masked: false, path }, body)
      } catch (thrown) {
        // The sender comes again: the store knows the records already and keeps them once.
        return postpone(response, thrown instanceof Error ? thrown.message : 'it could not be queued')
      }
      forwarder.wake()
    }
    counts.received += 1
    answer(response, 200, '{}')
    options.took?.(upload)
  }

  function postpone(response: ServerResponse, why: string): void {
    counts.postponed += 1
    answer(response, 503, why, { 'retry-after': String(againAfterSeconds) })
  }

  async function isAuthentic(request: IncomingMessage): Promise<boolean> {
    if (tokenFile === null) return true
    const wanted = Buffer.from(`Bearer ${(await ports.files.readText(tokenFile)).trim()}`)
    const shown = Buffer.from(request.headers.authorization ?? '')
    return wanted.length > 'Bearer '.length && wanted.length === shown.length && timingSafeEqual(wanted, shown)
  }

  const server = createServer({ requestTimeout: 60_000, headersTimeout: 10_000 }, (request, response) => {
    handle(request, response).catch((thrown: unknown) => {
      ports.log.error('an upload was not taken', { why: thrown instanceof Error ? thrown.message : String(thrown) })
      postpone(response, 'it could not be taken')
    })
  })
  server.maxConnections = mostConnections
  try {
    await listen(server, options.listen)
  } catch (thrown) {
    await forwarder?.close()
    throw thrown
  }
  forwarder?.wake()

  return {
    port: portOf(server.address()),
    state: () => ({ ...counts, forward: forwarder?.state() ?? null }),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      await closed
      await forwarder?.close()
    },
  }
}

async function listen(server: ReturnType<typeof createServer>, where: ReceiverOptions['listen']): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const listening = (): void => {
      server.off('error', reject)
      resolve()
    }
    if (where.kind === 'tcp') server.listen(where.port, where.host, listening)
    else server.listen(where.path, listening)
  })
  if (where.kind === 'unix') await chmod(where.path, 0o600)
}

function portOf(address: AddressInfo | string | null): number | null {
  return typeof address === 'object' && address !== null ? address.port : null
}

/** The last part of the path names the source; OPA calls it the partition. */
function routeOf(url: string): Route | null {
  const path = url.split('?')[0] ?? ''
  const found = /^\/(logs|kubernetes-audit)(?:\/([A-Za-z0-9._-]{1,100}))?$/.exec(path)
  if (found === null) return null
  const [, service, part] = found
  return service === 'logs'
    ? { record: 'opa-decisions', form: 'array', source: part ?? 'opa', path }
    : { record: 'kubernetes-audit', form: 'event-list', source: part ?? 'kubernetes', path }
}

function encodingOf(request: IncomingMessage): Upload['encoding'] | null {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  return encoding === 'gzip' || encoding === 'identity' ? encoding : null
}

function answer(
  response: ServerResponse,
  status: number,
  words: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) return
  // What is still on its way is not read: the connection ends with a refusal.
  const ending = status === 200 ? {} : { connection: 'close' }
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers, ...ending })
  response.end(`${words}\n`)
}
