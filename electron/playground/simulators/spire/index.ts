import { randomUUID, X509Certificate } from 'node:crypto'
import { createServer as createHttp2Server, type Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import type { Agent, LineLog, World } from '../../parts.ts'
import { spiffeIdOf, stageOf } from '../../pipeline/topology.ts'
import { alertCiphers, alerts, createTlsAlerts } from '../../tls-alert.ts'
import { createLineLog } from '../../world/line-log.ts'
import { mayCall, readerIdOf, shippedMethods } from './authorisation.ts'
import { answerUnary, codes, GrpcStatus } from './grpc.ts'
import { answerTo, methodOf, type SpireState } from './methods.ts'
import { createServerIdentity } from './server-identity.ts'
import { type AuditedCall, agentLine, createServerLog } from './server-log.ts'

export { type ReaderIdentity, writeReaderIdentity } from './reader-identity.ts'

/** SPIRE's server API over mTLS on 127.0.0.1, answered from the world. */
export interface SpireSimulator {
  readonly port: number
  /** The server's log, with the audit lines. */
  readonly log: LineLog
  /** What the agent of a machine prints. */
  agentLog(node: Agent['node']): LineLog
  /** Lets one more identity call these methods and no other, as a rule of its own would. Paths with their slash at the beginning. */
  addReader(spiffeId: string, methods: readonly string[]): void
  stop(): Promise<void>
}

/** Lines of a log that are kept. */
const keptLines = 5000
/** How often the log looks for authorities that changed. */
const lookEveryMs = 1000

export async function startSpireSimulator(world: World): Promise<SpireSimulator> {
  const log = createLineLog(keptLines)
  const agentLogs = new Map(world.agents().map(({ node }) => [node, createLineLog(keptLines)]))
  const serverLog = createServerLog(world, log)
  const identity = await createServerIdentity(world)
  const state = stateOf(world)
  const readers = new Map([[readerIdOf(world.authority.trustDomain), shippedMethods]])
  const sockets = new Set<Socket>()

  const server = createServer({
    ...identity.current(),
    requestCert: true,
    // A caller without a certificate is served, as nobody; one whose certificate does not verify is turned away below.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    ciphers: alertCiphers,
    ALPNProtocols: ['h2'],
  })
  const http2 = createHttp2Server()
  const tlsAlerts = createTlsAlerts(server)
  // The connection that comes is the first that sees what has changed.
  server.prependListener('connection', () => {
    const changed = identity.takeChange()
    if (changed !== null) server.setSecureContext(changed)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('secureConnection', (socket) => {
    // With the alert of Go's TLS, which SPIRE is made with.
    if (!socket.authorized && presented(socket) !== null) tlsAlerts.refuse(socket, alerts.badCertificate)
    else http2.emit('connection', socket)
  })
  http2.on('session', (session) => {
    session.on('error', () => {})
  })
  http2.on('stream', (stream, headers) => {
    const { session } = stream
    if (session === undefined) return
    const socket = tlsOf(session)
    const caller = presented(socket)
    const from = `${socket.remoteAddress}:${socket.remotePort}`
    answerUnary(stream, headers, (path, request) => call(path, request, caller === null ? null : uriOf(caller), from))
  })
  server.on('tlsClientError', () => {})
  server.on('error', (error) => world.log.warn('the SPIRE of the playground', { error: error.message }))

  function call(path: string, request: Uint8Array, callerId: string | null, callerAddress: string): Uint8Array {
    const { service, method } = methodOf(path)
    const shortService = service.replace('spire.api.server.', '')
    const audited: AuditedCall = { service: shortService, method, requestId: randomUUID(), callerAddress, callerId }
    if (!mayCall(callerId, path, readers)) {
      const words = `authorization denied for method ${path}`
      serverLog.denied(audited, words)
      throw new GrpcStatus(codes.permissionDenied, words)
    }
    try {
      const answer = answerTo(path, state, request)
      serverLog.succeeded(audited, method === 'GetBundle' ? { trust_domain_id: world.authority.trustDomain } : {})
      return answer
    } catch (thrown) {
      if (thrown instanceof GrpcStatus) serverLog.failed(audited, thrown.code, thrown.message)
      else world.log.error('the SPIRE of the playground failed', { method, error: String(thrown) })
      throw thrown
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('the SPIRE of the playground has no port')
  serverLog.authorities(world.authority.roots())
  serverLog.started(`127.0.0.1:${bound.port}`)
  const looking = setInterval(() => serverLog.authorities(world.authority.roots()), lookEveryMs)
  looking.unref()
  const had = new Set<string>()
  // What is issued, not what a sidecar holds: a fault may keep the two apart.
  const stopHearing = world.onIssue((stage, svid) => {
    const spiffeId = spiffeIdOf(stageOf(stage))
    const entry = world.entries().find((one) => one.spiffeId === spiffeId)
    if (entry === undefined) return
    serverLog.signed(entry.parentId, entry, svid)
    const agent = world.agents().find((one) => one.spiffeId === entry.parentId)
    if (agent !== undefined) agentLogs.get(agent.node)?.append(agentLine(world.clock.now(), entry, !had.has(stage)))
    had.add(stage)
  })
  return {
    port: bound.port,
    log,
    agentLog: (node) => {
      const found = agentLogs.get(node)
      if (found === undefined) throw new Error(`the playground has no agent on ${node}`)
      return found
    },
    addReader(spiffeId, methods) {
      readers.set(spiffeId, methods)
    },
    async stop() {
      clearInterval(looking)
      stopHearing()
      identity.stop()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      })
    },
  }
}

function stateOf(world: World): SpireState {
  let before = world.authority.bundle()
  let sequenceNumber = 1
  return {
    world,
    sequenceNumber: () => {
      const now = world.authority.bundle()
      if (now !== before) sequenceNumber += 1
      before = now
      return sequenceNumber
    },
  }
}

function tlsOf(session: Http2Session): TLSSocket {
  // http2 wraps the socket: reading from it is allowed.
  return session.socket as TLSSocket
}

function presented(socket: TLSSocket): X509Certificate | null {
  const { raw } = socket.getPeerCertificate()
  return raw === undefined ? null : new X509Certificate(raw)
}

/** An X509-SVID has exactly one URI (X509-SVID standard, section 2). */
function uriOf(certificate: X509Certificate): string | null {
  const names = (certificate.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('URI:'))
  return names.length === 1 ? (names[0] ?? '').slice('URI:'.length) : null
}
