import { Agent, type ClientRequest, type ClientRequestArgs } from 'node:http'
import { connect as connectPlain, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import type { Delivered } from '../parts.ts'
import type { Stage } from '../pipeline/topology.ts'
import { calleeClusterName, expectedOf } from './bootstrap.ts'
import { connectFailure } from './exchange.ts'
import { maximumConnectionMs, type SidecarState } from './state.ts'
import {
  connectionRefused,
  handshakeBroken,
  handshakeError,
  refusalCounter,
  refusalWords,
  secretNotSupplied,
} from './tls-words.ts'
import { type Peer, peerOf, problemOf } from './verify-peer.ts'

/** A connection to a callee, as access logs tell of it. */
export interface UpstreamConnection {
  readonly port: number
  readonly tls: {
    readonly version: string
    readonly cipher: string
    readonly localSpiffeId: string
    readonly peer: Peer | null
  } | null
}

const connectTimeoutMs = 1000

/** One cluster: connections to one callee, kept for a while. Each is made with what the sidecar holds and expects then. */
export class ConnectionPool extends Agent {
  readonly #state: SidecarState
  readonly #callee: Stage
  readonly #cluster: string
  readonly #known = new WeakMap<Duplex, UpstreamConnection>()
  readonly #born = new WeakMap<Duplex, number>()
  readonly #open = new Set<Duplex>()
  readonly #idle = new Set<Duplex>()
  #secure: { readonly identity: Delivered; readonly context: SecureContext } | null = null
  #retiredAt = Number.NEGATIVE_INFINITY

  constructor(state: SidecarState, callee: Stage) {
    super({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
    this.#state = state
    this.#callee = callee
    this.#cluster = `cluster.${calleeClusterName(callee.id)}`
  }

  connection(socket: Duplex): UpstreamConnection | null {
    return this.#known.get(socket) ?? null
  }

  /** Idle connections are closed now, others after their request: the next requests go over new ones. */
  retire(): void {
    this.#retiredAt = performance.now()
    for (const socket of this.#idle) discard(socket)
  }

  close(): void {
    for (const socket of this.#open) socket.destroy()
    this.destroy()
  }

  override keepSocketAlive(socket: Duplex): boolean {
    const born = this.#born.get(socket) ?? 0
    if (born <= this.#retiredAt || performance.now() - born > maximumConnectionMs) return false
    this.#idle.add(socket)
    return true
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    this.#idle.delete(socket)
    super.reuseSocket(socket, request)
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    this.#connect().then(
      (socket) => callback?.(null, socket),
      // Node's own agent hands on an error without a socket, which its types do not say.
      (error: Error) => (callback as ((error: Error) => void) | undefined)?.(error),
    )
  }

  async #connect(): Promise<Duplex> {
    const { counters, options, variant, identity } = this.#state
    counters.add(`${this.#cluster}.upstream_cx_total`)
    try {
      const { port } = options.calleeAddress(this.#callee.id)
      if (port === null) throw connectFailure(connectionRefused)
      const isPlain = variant.plaintextTo?.includes(this.#callee.id) === true
      return isPlain ? await this.#plain(port) : await this.#mutualTls(port, identity)
    } catch (error) {
      counters.add(`${this.#cluster}.upstream_cx_connect_fail`)
      throw error
    }
  }

  async #plain(port: number): Promise<Socket> {
    const socket = await this.#arrive(connectPlain({ host: '127.0.0.1', port }))
    this.#keep(socket, { port: socket.localPort ?? 0, tls: null })
    return socket
  }

  async #mutualTls(port: number, identity: Delivered): Promise<TLSSocket> {
    const { counters, network, variant } = this.#state
    if (identity.svid === null) {
      const socket = await this.#arrive(connectPlain({ host: '127.0.0.1', port }))
      socket.destroy()
      counters.add(`${this.#cluster}.client_ssl_socket_factory.upstream_context_secrets_not_ready`)
      throw connectFailure(secretNotSupplied)
    }
    const socket = connectTls({
      host: '127.0.0.1',
      port,
      secureContext: this.#contextOf(identity),
      minVersion: 'TLSv1.3',
      // Verified below: OpenSSL knows neither SPIFFE IDs nor the sidecar's own clock. Nothing is sent before.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    })
    const secured = handshakeOf(socket)
    await this.#arrive(socket)
    const localPort = socket.localPort ?? 0
    const failure = await secured
    if (failure !== null) {
      socket.destroy()
      if (failure !== handshakeBroken) counters.add(`${this.#cluster}.ssl.connection_error`)
      throw connectFailure(failure)
    }
    const peer = peerOf(socket)
    const expected = {
      bundle: identity.bundle,
      accepted: expectedOf(this.#callee, variant),
      now: this.#state.now(),
    }
    const agreed = { version: socket.getProtocol() ?? 'TLSv1.3', cipher: socket.getCipher().name }
    const problem = problemOf(socket, peer, expected)
    if (problem !== null) {
      network.alert(localPort, 'callee', agreed)
      socket.destroy()
      counters.add(`${this.#cluster}.ssl.${refusalCounter(problem)}`)
      throw connectFailure(refusalWords(problem))
    }
    counters.add(`${this.#cluster}.ssl.handshake`)
    this.#keep(socket, { port: localPort, tls: { ...agreed, localSpiffeId: identity.svid.spiffeId, peer } })
    return socket
  }

  /** Resolves when there is a connection, which from then on is the pod's. */
  async #arrive<Connected extends Socket>(socket: Connected): Promise<Connected> {
    const { promise, resolve, reject } = Promise.withResolvers<Connected>()
    const late = setTimeout(() => reject(connectFailure('connection_timeout')), connectTimeoutMs)
    socket.once('connect', () => {
      this.#state.network.claim(socket.localPort ?? 0, this.#state.options.podIp)
      resolve(socket)
    })
    socket.on('error', () => reject(connectFailure(connectionRefused)))
    try {
      return await promise
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      clearTimeout(late)
    }
  }

  #keep(socket: Duplex, connection: UpstreamConnection): void {
    this.#known.set(socket, connection)
    this.#born.set(socket, performance.now())
    this.#open.add(socket)
    const old = setTimeout(() => {
      if (this.#idle.has(socket)) discard(socket)
    }, maximumConnectionMs)
    old.unref()
    socket.once('close', () => {
      clearTimeout(old)
      this.#open.delete(socket)
      this.#idle.delete(socket)
      const refused = this.#state.network.alertTo(connection.port, 'caller')
      if (refused !== null) this.#state.counters.add(`${this.#cluster}.ssl.connection_error`)
    })
  }

  #contextOf(identity: Delivered): SecureContext {
    if (this.#secure?.identity !== identity) {
      const { svid, bundle } = identity
      if (svid === null) throw new Error('a sidecar without an SVID makes no TLS context')
      const { certificates: cert, key } = svid
      this.#secure = { identity, context: createSecureContext({ cert, key, ca: bundle, minVersion: 'TLSv1.3' }) }
    }
    return this.#secure.context
  }
}

/** At once: until its end is told, the agent would still hand it out. */
function discard(idle: Duplex): void {
  idle.emit('agentRemove')
  idle.destroy()
}

/** Envoy's words for a handshake that failed before the certificates were seen; null: it is through. */
async function handshakeOf(socket: TLSSocket): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>()
  socket.once('secureConnect', () => resolve(null))
  socket.once('error', (error) => resolve(handshakeError(error) ?? handshakeBroken))
  socket.once('close', () => resolve(handshakeBroken))
  return await promise
}
