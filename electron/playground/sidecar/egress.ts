import { randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Stage } from '../pipeline/topology.ts'
import { declaredPorts } from '../world/addresses.ts'
import { calleeClusterName, calleesOf } from './bootstrap.ts'
import {
  type Answer,
  BodyTooLarge,
  bodyOf,
  connectionTermination,
  exchange,
  handedOn,
  type Patience,
  patienceFor,
  responseTimeout,
  routeTimeoutMs,
  singleOf,
  UpstreamFailure,
} from './exchange.ts'
import { listenOn } from './listen.ts'
import { logLine, requestFields, timeOf } from './log-lines.ts'
import { ConnectionPool, type UpstreamConnection } from './pool.ts'
import type { SidecarState } from './state.ts'

/** The side of a sidecar that its own stage calls: `/to/<stage>/…` in plain HTTP, `/…` to the callee over mutual TLS. */
export interface Egress {
  readonly port: number
  /** Every next connection is a new one. */
  retire(): void
  close(): Promise<void>
}

export async function openEgress(state: SidecarState, port: number): Promise<Egress> {
  const pools = new Map<string, ConnectionPool>()
  const poolOf = (callee: Stage): ConnectionPool => {
    const found = pools.get(callee.id) ?? new ConnectionPool(state, callee)
    pools.set(callee.id, found)
    return found
  }
  const server = createServer((request, response) => {
    answer(state, poolOf, request, response).catch((error: unknown) => {
      state.options.log.error('a sidecar of the playground could not pass a request on', {
        stage: state.stage.id,
        error,
      })
      response.destroy()
    })
  })
  await listenOn(server, port)
  return {
    port: (server.address() as AddressInfo).port,
    retire() {
      for (const pool of pools.values()) pool.retire()
    },
    async close() {
      for (const pool of pools.values()) pool.close()
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      server.closeAllConnections()
      await promise
    },
  }
}

async function answer(
  state: SidecarState,
  poolOf: (callee: Stage) => ConnectionPool,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const startedAt = state.now()
  const begun = performance.now()
  const requestId = singleOf(request.headers['x-request-id']) ?? randomUUID()
  const [, to, rest] = /^\/to\/([^/]+)(\/.*)$/.exec(request.url ?? '') ?? []
  const callee = calleesOf(state.setup(), state.variant).find((stage) => stage.id === to)
  const path = callee === undefined ? (request.url ?? '/') : (rest ?? '/')
  const patience = patienceFor(response, routeTimeoutMs)
  const outcome = await outcomeOf(state, callee, poolOf, { request, path, requestId, patience })
  patience.done()
  const { isGone } = patience
  const sent = isGone ? 0 : reply(response, outcome, requestId, state)
  const { connection } = outcome
  state.accessLog.append(
    logLine('outbound', {
      ...requestFields({
        stage: state.stage.id,
        direction: 'outbound',
        at: startedAt,
        begun,
        requestId,
        method: request.method ?? null,
        path,
        headers: outcome.headers,
        isGone,
        outcome,
        received: outcome.received,
        sent,
      }),
      down_remote: `${state.options.podIp}:${request.socket.remotePort ?? 0}`,
      down_local: `${state.options.podIp}:${declaredPorts.egress}`,
      ...(callee === undefined ? {} : upstreamFields(state, callee, connection, outcome.transport)),
    }),
  )
}

interface Outcome {
  readonly status: number
  readonly details: string
  readonly flags: string
  readonly transport: string | null
  readonly body: Buffer
  readonly answered: Answer | null
  readonly connection: UpstreamConnection | null
  /** Of the request as it was sent on. */
  readonly headers: IncomingHttpHeaders
  readonly received: number
}

interface Asked {
  readonly request: IncomingMessage
  readonly path: string
  readonly requestId: string
  readonly patience: Patience
}

async function outcomeOf(
  state: SidecarState,
  callee: Stage | undefined,
  poolOf: (callee: Stage) => ConnectionPool,
  { request, path, requestId, patience }: Asked,
): Promise<Outcome> {
  let connection: UpstreamConnection | null = null
  let headers: IncomingHttpHeaders = request.headers
  let received = 0
  const failed = (failure: UpstreamFailure): Outcome => ({
    status: failure.status,
    details: failure.details,
    flags: failure.flag,
    transport: failure.transport,
    body: Buffer.from(failure.words),
    answered: null,
    connection,
    headers,
    received,
  })
  try {
    const body = await bodyOf(request)
    received = body.byteLength
    if (callee === undefined) return failed(new UpstreamFailure('NR', 'route_not_found', null, '', 404))
    headers = changed(state, callee, { ...handedOn(request.headers, body), 'x-request-id': requestId })
    const pool = poolOf(callee)
    const answered = await exchange({
      agent: pool,
      // Where the callee's ingress is now is the pool's to know.
      port: declaredPorts.ingress,
      method: request.method ?? 'GET',
      path,
      headers,
      body,
      patience,
      onSocket(socket: Duplex) {
        connection = pool.connection(socket)
        state.counters.add(`cluster.${calleeClusterName(callee.id)}.upstream_rq_total`)
      },
    })
    const { status, body: answer } = answered
    return {
      status,
      details: 'via_upstream',
      flags: '-',
      transport: null,
      body: answer,
      answered,
      connection,
      headers,
      received,
    }
  } catch (error) {
    if (error instanceof BodyTooLarge) {
      return failed(new UpstreamFailure('-', 'request_payload_too_large', null, 'Payload Too Large', 413))
    }
    if (error instanceof UpstreamFailure) return failed(error)
    if (!patience.isLate) return failed(connectionTermination())
    if (callee !== undefined) state.counters.add(`cluster.${calleeClusterName(callee.id)}.upstream_rq_timeout`)
    return failed(responseTimeout())
  }
}

function changed(state: SidecarState, callee: Stage, headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const result: IncomingHttpHeaders = { ...headers, 'x-forwarded-proto': 'http' }
  for (const { to, set = {}, remove = [] } of state.variant.outgoingHeaders ?? []) {
    if (to !== callee.id) continue
    Object.assign(result, set)
    for (const name of remove) delete result[name]
  }
  return result
}

function upstreamFields(
  state: SidecarState,
  callee: Stage,
  connection: UpstreamConnection | null,
  transport: string | null,
) {
  const { podIp } = state.options.calleeAddress(callee.id)
  const tls = connection?.tls ?? null
  return {
    up_cluster: calleeClusterName(callee.id),
    up_host: `${podIp}:${declaredPorts.ingress}`,
    up_attempts: 1,
    up_fail: transport,
    ...(tls === null
      ? {}
      : {
          up_tls: tls.version,
          up_cipher: tls.cipher,
          up_local_uri_san: tls.localSpiffeId,
          up_peer_uri_san: tls.peer?.spiffeId ?? null,
          up_peer_not_after: tls.peer === null ? null : timeOf(tls.peer.notAfter),
        }),
  }
}

/** Gives the bytes of the body. */
function reply(response: ServerResponse, outcome: Outcome, requestId: string, state: SidecarState): number {
  const headers =
    outcome.answered === null
      ? { 'content-type': 'text/plain', 'content-length': String(outcome.body.byteLength) }
      : handedOn(outcome.answered.headers, outcome.body)
  const date = new Date(state.now()).toUTCString()
  response.writeHead(outcome.status, { date, ...headers, server: 'envoy', 'x-request-id': requestId })
  response.end(outcome.body)
  return outcome.body.byteLength
}
