import { X509Certificate } from 'node:crypto'
import { connect as connectHttp2 } from 'node:http2'
import type { Duplex } from 'node:stream'
import { type PeerCertificate, type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { createGrpcTransport } from '@connectrpc/connect-node'
import { gapReasons } from '../../../shared/domain/model/fact.ts'
import type { ConnectorPorts, Dial, DialTarget } from '../../core/ports.ts'
import { SpireFailure, textOf } from './failure.ts'
import { resolve } from './file-identity.ts'
import type { OwnIdentity } from './own-identity.ts'
import type { SocketSource, TcpSource } from './source-kinds.ts'
import { asStreaming, asUnary } from './unary-stream.ts'

type SessionManager = NonNullable<Parameters<typeof createGrpcTransport>[0]['sessionManager']>

/** An open connection to a SPIRE server, already verified where it is TLS. */
export interface OpenConnection {
  readonly baseUrl: string
  /** For calls with one answer; `stream` for calls whose answers come one by one. */
  readonly sessions: SessionManager & { readonly stream: SessionManager['request'] }
  isOpen(): boolean
  /** What broke the connection, when that is known: the calls on it end without saying why. */
  brokenBy(): Error | null
  close(): void
}

/** The server is asked by its local socket: the file's mode is the access control, there is no TLS. */
export async function connectSocket(
  source: SocketSource,
  baseDirectory: string,
  ports: ConnectorPorts,
  signal: AbortSignal,
): Promise<OpenConnection> {
  return connectUnix(resolve(baseDirectory, source.socket), 'http://localhost', ports.dial, signal)
}

/** Any gRPC server behind a unix socket of this machine. */
export async function connectUnix(
  path: string,
  baseUrl: string,
  dialUnix: Dial,
  signal: AbortSignal,
): Promise<OpenConnection> {
  return asConnection(await dial({ dial: dialUnix }, { kind: 'unix', path }, `the socket ${path}`, signal), baseUrl)
}

/** mTLS: we present the SVID, the server must present `spiffe://<trust domain>/spire/server` under the bundle. */
export async function connectTcp(
  source: TcpSource,
  identity: OwnIdentity,
  ports: ConnectorPorts,
  signal: AbortSignal,
): Promise<OpenConnection> {
  const stream = await dial(ports, tcpTarget(source.address), source.address, signal)
  try {
    return asConnection(await secure(stream, source, identity, signal), 'https://spire-server')
  } catch (thrown) {
    stream.destroy()
    throw thrown
  }
}

function tcpTarget(address: string): DialTarget {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return { kind: 'tcp', host, port: Number(address.slice(colon + 1)) }
}

async function dial(
  ports: Pick<ConnectorPorts, 'dial'>,
  target: DialTarget,
  name: string,
  signal: AbortSignal,
): Promise<Duplex> {
  try {
    const stream = await ports.dial(target, signal)
    // What breaks the stream is told by what is laid over it; here it must only not end the process.
    stream.on('error', () => {})
    return stream
  } catch (thrown) {
    if (signal.aborted) throw thrown
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null
    // A way through a cluster says itself why it is closed.
    const told = thrown instanceof Error && 'reason' in thrown ? thrown.reason : null
    const closed = gapReasons.find((one) => one === told)
    const reason = closed ?? (code === 'EACCES' || code === 'EPERM' ? 'forbidden' : 'unreachable')
    throw new SpireFailure(reason, `no connection to ${name}: ${textOf(thrown)}`)
  }
}

function secure(stream: Duplex, source: TcpSource, identity: OwnIdentity, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((fulfil, reject) => {
    const socket = tlsConnect({
      socket: stream,
      ca: identity.bundle,
      cert: identity.certificate,
      key: identity.key,
      // SPIFFE bundles may hold intermediates as roots of trust (X509-SVID standard, section 5.2).
      allowPartialTrustChain: true,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['h2'],
      // SVIDs carry no host name. The chain is verified by TLS itself, the name is the SPIFFE ID.
      checkServerIdentity: (_host, certificate) => wrongServer(certificate, source),
    })
    const stop = (): void => fail(signal.reason)
    const closed = (): void =>
      fail(new SpireFailure('unreachable', `${source.address} closed the connection during the TLS handshake`))
    const failed = (error: Error): void => fail(handshakeFailure(error, source))
    function fail(error: unknown): void {
      settle()
      socket.destroy()
      reject(error)
    }
    function settle(): void {
      signal.removeEventListener('abort', stop)
      socket.off('close', closed)
      socket.off('error', failed)
      // A late error of a socket that is already given up must not end the process.
      socket.on('error', () => {})
    }
    signal.addEventListener('abort', stop, { once: true })
    socket.once('close', closed)
    socket.once('error', failed)
    socket.once('secureConnect', () => {
      settle()
      fulfil(socket)
    })
    if (signal.aborted) stop()
  })
}

/** undefined: this is the server of the trust domain. */
export function wrongServer(certificate: Pick<PeerCertificate, 'raw'>, source: TcpSource): Error | undefined {
  const expected = `spiffe://${source.trustDomain}/spire/server`
  const names = (new X509Certificate(certificate.raw).subjectAltName ?? '').split(', ')
  const ids = names.filter((name) => name.startsWith('URI:')).map((name) => name.slice('URI:'.length))
  // An X509-SVID has exactly one URI (X509-SVID standard, section 2); two of them would be a way to be two servers.
  if (ids.length === 1 && ids[0] === expected) return undefined
  const presented = ids.length === 0 ? 'no SPIFFE ID' : ids.join(' and ')
  return new SpireFailure(
    'invalid',
    `${source.address} presents ${presented}, expected ${expected}: check address and trustDomain in environment.yaml`,
  )
}

/** Codes of OpenSSL's verification as Node spells them: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const untrusted = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
])

function handshakeFailure(error: Error, source: TcpSource): SpireFailure {
  if (error instanceof SpireFailure) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (untrusted.has(code)) {
    return new SpireFailure(
      'invalid',
      `the certificate of ${source.address} is not signed by an authority of the trust bundle (${code}): wrong server, or the bundle file is out of date; export it with \`spire-server bundle show\``,
    )
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return new SpireFailure(
      'invalid',
      `the certificate of ${source.address} is not valid now (${code}): check both clocks`,
    )
  }
  if (/alert/i.test(error.message)) {
    return new SpireFailure('forbidden', `${source.address} refused the SVID that was presented: ${error.message}`)
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return new SpireFailure('invalid', `${source.address} does not speak TLS: ${error.message}`)
  }
  return new SpireFailure('unreachable', `no TLS connection to ${source.address}: ${error.message}`)
}

/** One HTTP/2 session on a stream that is open already. It never reconnects by itself: that would skip the checks above. */
function asConnection(stream: Duplex, baseUrl: string): OpenConnection {
  let brokenBy: Error | null = null
  const session = connectHttp2(baseUrl, { createConnection: () => stream })
  const broken = (error: Error): void => {
    brokenBy ??= error
  }
  session.on('error', broken)
  stream.on('error', broken)
  const begin: SessionManager['request'] = async (method, path, headers, options) => {
    if (session.closed || session.destroyed) {
      throw brokenBy ?? new SpireFailure('unreachable', 'the server closed the connection')
    }
    return session.request({ ...headers, ':method': method, ':path': path }, options)
  }
  return {
    baseUrl,
    sessions: {
      authority: new URL(baseUrl).origin,
      request: async (...call) => asUnary(await begin(...call)),
      stream: async (...call) => asStreaming(await begin(...call)),
      notifyResponseByteRead: () => {},
    },
    isOpen: () => !session.closed && !session.destroyed,
    brokenBy: () => brokenBy,
    close() {
      session.destroy()
      stream.destroy()
    },
  }
}
