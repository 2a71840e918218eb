import { Agent, createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { Delivered } from '../parts.ts'
import { acceptedCallers } from './bootstrap.ts'
import { type Downstream, peerAddresses } from './downstream.ts'
import { answerInbound } from './inbound.ts'
import { listenOn } from './listen.ts'
import { downstreamFields, logLine, timeOf } from './log-lines.ts'
import { ingressStat, type SidecarState } from './state.ts'
import { handshakeError, refusalAlert, refusalCounter, refusalWords, secretNotSupplied, tlsError } from './tls-words.ts'
import { peerOf, problemOf } from './verify-peer.ts'

export interface Ingress {
  readonly port: number
  /** Every connection is closed after its request under way. */
  retire(): void
  close(): Promise<void>
}

/** The side of a sidecar that other sidecars call: mutual TLS, then ext_authz, then the stage's own service. */
export async function openIngress(state: SidecarState, port: number): Promise<Ingress> {
  const { counters, network, options } = state
  const connections = new Map<number, Downstream>()
  const bySocket = new WeakMap<Duplex, Downstream>()
  // A connection for each request: a stage's service closes those that idle, also when a request is on its way to it.
  const stage = new Agent({ keepAlive: false })
  let count = 0
  let retired = 0
  let secure: { readonly identity: Delivered; readonly server: TlsServer } | null = null

  const http = createHttpServer((request, response) => {
    const connection = bySocket.get(request.socket)
    if (connection === undefined) {
      response.destroy()
      return
    }
    confirm(connection)
    if (connection.id <= retired) response.setHeader('connection', 'close')
    answerInbound(state, stage, connection, request, response).catch((error: unknown) => {
      options.log.error('a sidecar of the playground could not answer a request', { stage: state.stage.id, error })
      response.destroy()
    })
  })
  // Callers close what they do not use; closing here would meet a request that is on its way.
  http.keepAliveTimeout = 60_000
  http.on('clientError', (_error, socket) => {
    const connection = bySocket.get(socket)
    if (connection !== undefined && connection.tls === null) refuseGarbage(state, connection, socket)
    else socket.destroy()
  })

  const door = createServer((socket) => {
    count += 1
    const connection: Downstream = {
      id: count,
      startedAt: state.now(),
      port: socket.remotePort ?? 0,
      isPlain: state.variant.plaintextIngress === true,
      socket,
      tls: null,
      failure: null,
      handshake: 'under way',
    }
    connections.set(connection.port, connection)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => end(connection))
    const { identity } = state
    if (connection.isPlain) {
      bySocket.set(socket, connection)
      http.emit('connection', socket)
    } else if (identity.svid === null) {
      connection.failure = secretNotSupplied
      counters.add(`${ingressStat(state)}.server_ssl_socket_factory.downstream_context_secrets_not_ready`)
      socket.destroy()
    } else {
      tlsServerOf(identity).emit('connection', socket)
    }
  })

  function tlsServerOf(identity: Delivered): TlsServer {
    if (secure?.identity === identity) return secure.server
    const server = createTlsServer({
      cert: identity.svid?.certificates,
      key: identity.svid?.key,
      ca: identity.bundle,
      requestCert: true,
      // Verified in `enter`: OpenSSL knows neither SPIFFE IDs nor the sidecar's own clock. No request is read before.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
    })
    server.on('secureConnection', (socket) => enter(socket, identity))
    server.on('tlsClientError', (error, socket) => {
      const connection = connections.get(socket.remotePort ?? -1)
      if (connection !== undefined) connection.failure = handshakeError(error)
      socket.destroy()
    })
    secure = { identity, server }
    return server
  }

  function enter(socket: TLSSocket, identity: Delivered): void {
    socket.on('error', () => socket.destroy())
    const connection = connections.get(socket.remotePort ?? -1)
    if (connection === undefined) {
      socket.destroy()
      return
    }
    const peer = peerOf(socket)
    const agreed = { version: socket.getProtocol() ?? 'TLSv1.3', cipher: socket.getCipher().name }
    connection.tls = { ...agreed, localSpiffeId: identity.svid?.spiffeId ?? null, peer }
    connection.handshake = 'through'
    const accepted = acceptedCallers(state.setup(), state.variant)
    const problem = problemOf(socket, peer, { bundle: identity.bundle, accepted, now: state.now() })
    if (problem !== null) {
      connection.failure = refusalWords(problem)
      counters.add(`${ingressStat(state)}.ssl.${refusalCounter(problem)}`)
      network.alert(connection.port, 'caller', agreed)
      socket.destroy()
      return
    }
    bySocket.set(socket, connection)
    http.emit('connection', socket)
  }

  function confirm(connection: Downstream): void {
    if (connection.handshake !== 'through') return
    connection.handshake = 'counted'
    counters.add(`${ingressStat(state)}.ssl.handshake`)
  }

  /** What is known only now: whether the caller refused, or went away in the middle of the handshake. */
  function settle(connection: Downstream): void {
    if (connection.isPlain || connection.failure === secretNotSupplied) return
    const localSpiffeId = state.identity.svid?.spiffeId ?? null
    const alert = connection.failure === null ? network.alertTo(connection.port, 'callee') : null
    if (alert !== null) {
      // A caller that refuses our certificate shows none of its own: BoringSSL ends the handshake before.
      connection.failure = tlsError(refusalAlert)
      connection.tls = { ...alert, localSpiffeId: connection.tls?.localSpiffeId ?? localSpiffeId, peer: null }
      counters.add(`${ingressStat(state)}.ssl.connection_error`)
    } else if (connection.handshake === 'under way') {
      // As Envoy writes it of a connection that never came so far as to choose a version.
      connection.tls = { version: 'TLSv1.2', cipher: null, localSpiffeId, peer: null }
      if (connection.failure !== null) counters.add(`${ingressStat(state)}.ssl.connection_error`)
    } else if (connection.failure === null) {
      confirm(connection)
    }
  }

  function end(connection: Downstream): void {
    connections.delete(connection.port)
    settle(connection)
    state.connectionLog.append(
      logLine('connection', {
        ts: timeOf(connection.startedAt),
        hop: state.stage.id,
        direction: 'inbound',
        connection: connection.id,
        ...peerAddresses(state, connection),
        ...downstreamFields(connection.tls),
        down_tls_err: connection.failure,
      }),
    )
  }

  await listenOn(door, port)
  return {
    port: (door.address() as AddressInfo).port,
    retire() {
      retired = count
    },
    async close() {
      const { promise, resolve } = Promise.withResolvers<void>()
      door.close(() => resolve())
      for (const connection of connections.values()) connection.socket.destroy()
      stage.destroy()
      await promise
    },
  }
}

/** What is not HTTP, such as a handshake to a listener without TLS: answered and logged as Envoy does it. */
function refuseGarbage(state: SidecarState, connection: Downstream, socket: Duplex): void {
  const body = 'Bad Request'
  state.accessLog.append(
    logLine('inbound', {
      ts: timeOf(state.now()),
      hop: state.stage.id,
      direction: 'inbound',
      code: 400,
      code_details: 'http1.codec_error',
      flags: 'DPE',
      duration_ms: 0,
      bytes_received: 0,
      bytes_sent: body.length,
      ...peerAddresses(state, connection),
    }),
  )
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const head = `HTTP/1.1 400 Bad Request\r\ncontent-length: ${body.length}\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n`
  socket.end(`${head}${body}`)
}
