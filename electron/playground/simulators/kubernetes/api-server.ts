import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Access } from './access.ts'
import { createCollections, type OpenWatch } from './collections.ts'
import { apiVersionOf, type Kind, kinds } from './kinds.ts'
import { type ContainerLog, serveLog } from './pod-log.ts'
import { channelProtocol, type ForwardTarget, forwardPort } from './port-forward.ts'
import { type Asked, type AskedResource, askedOf } from './request.ts'
import { answerRules, answerToken, type TokenIssuer } from './reviews.ts'
import {
  answer,
  badRequest,
  forbidden,
  forbiddenPlainly,
  notAllowed,
  notFound,
  type Refusal,
  refuse,
  refuseUpgrade,
  unauthorized,
  unknownResource,
} from './status.ts'
import type { ObjectStore } from './store.ts'

/** What a kubelet knows of its pods. */
export interface Kubelet {
  log(namespace: string, pod: string, container: string | null): ContainerLog | Refusal
  target(namespace: string, pod: string, port: number): ForwardTarget | Refusal
  /** In a kubelet's words: that a port's target failed. */
  failed(namespace: string, pod: string, port: number, why: string): string
}

/** What may take a request over before it is looked at: for tests that break the server. true: it is dealt with. */
export interface Intercept {
  request(asked: Asked, response: ServerResponse): boolean
  upgrade(asked: Asked, socket: Duplex): boolean
}

export interface ApiServerOptions {
  /** PEM. `clientCa`: of client certificates, which are then asked for. */
  readonly serving: { readonly certificate: string; readonly key: string; readonly clientCa?: string }
  readonly store: ObjectStore
  readonly access: Access
  readonly kubelet: Kubelet
  /** Without it TokenRequest is not served. */
  readonly issueToken?: TokenIssuer
  readonly intercept?: Intercept
}

/** An API server on 127.0.0.1: lists, watches, logs, port-forwards and reviews of rights over what is in the store. */
export interface ApiServer {
  /** Of the last start; the next one takes it again. */
  port(): number
  readonly watches: ReadonlySet<OpenWatch>
  readonly logs: ReadonlySet<ServerResponse>
  readonly forwards: ReadonlySet<Duplex>
  bookmark(): void
  start(): Promise<void>
  /** Ends every connection. It can be started again. */
  stop(): Promise<void>
  /** For good. */
  close(): Promise<void>
}

export const gitVersion = 'v1.36.2'
/** Longer than Everyhop's pauses between questions: each new connection is a handshake. */
const keepAliveMs = 90_000

export function createApiServer({
  serving,
  store,
  access,
  kubelet,
  issueToken,
  intercept,
}: ApiServerOptions): ApiServer {
  const collections = createCollections(store)
  const logs = new Set<ServerResponse>()
  const forwards = new Set<Duplex>()
  const sockets = new Set<Socket>()
  let server: Server | null = null
  let port = 0

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {})
    const asked = askedOf(request.method ?? 'GET', request.url ?? '/')
    if (intercept?.request(asked, response) === true) return
    const user = access.authenticate(request)
    if (user === null) refuse(response, unauthorized)
    else if (asked.of === 'path') handlePath(asked, user, response)
    else if (!access.allows(user, asked)) refuse(response, forbidden(user, asked))
    else if (isRulesReview(asked)) await answerRules(request, response, access.rulesOf(user))
    else if (isTokenRequest(asked) && issueToken !== undefined) await answerToken(request, response, asked, issueToken)
    else handleResource(asked, response)
  }

  function handlePath(asked: Asked, user: string, response: ServerResponse): void {
    const path = asked.url.pathname
    if (path === '/version') answer(response, 200, { major: '1', minor: '36', gitVersion, platform: 'linux/amd64' })
    else if (['/healthz', '/readyz', '/livez'].includes(path)) response.end('ok')
    else refuse(response, asked.of === 'path' ? forbidden(user, asked) : unknownResource)
  }

  function handleResource(asked: AskedResource, response: ServerResponse): void {
    const kind = servedKind(asked)
    if (kind === null) refuse(response, unknownResource)
    else if (asked.subresource === 'log' && asked.verb === 'get' && asked.name !== null) handleLog(asked, response)
    else if (asked.subresource !== '') refuse(response, unknownResource)
    else if (asked.verb === 'list') collections.list(kind, asked, response)
    else if (asked.verb === 'watch') collections.watch(kind, asked, response)
    else if (asked.verb === 'get' && asked.name !== null) {
      const object = store.get(kind.plural, asked.namespace, asked.name)
      if (object === null) refuse(response, notFound(asked))
      else answer(response, 200, object)
    } else refuse(response, notAllowed())
  }

  function handleLog(asked: AskedResource, response: ServerResponse): void {
    const log = kubelet.log(asked.namespace ?? '', asked.name ?? '', asked.url.searchParams.get('container'))
    if ('code' in log) {
      refuse(response, log)
      return
    }
    logs.add(response)
    response.on('close', () => logs.delete(response))
    serveLog(log, asked.url, response)
  }

  function handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const asked = askedOf(request.method ?? 'GET', request.url ?? '/')
    if (intercept?.upgrade(asked, socket) === true) return
    const user = access.authenticate(request)
    const refusal = user === null ? unauthorized : forwardRefusal(user, request, asked)
    if (refusal !== null || asked.of === 'path') {
      refuseUpgrade(socket, refusal ?? unknownResource)
      return
    }
    const namespace = asked.namespace ?? ''
    const pod = asked.name ?? ''
    const wanted = Number(asked.url.searchParams.get('ports'))
    const target = kubelet.target(namespace, pod, wanted)
    if ('code' in target) {
      refuseUpgrade(socket, target)
      return
    }
    forwards.add(socket)
    socket.on('close', () => forwards.delete(socket))
    const failed = (why: string): string => kubelet.failed(namespace, pod, wanted, why)
    forwardPort({ request, socket, head, port: wanted, target, failed })
  }

  function forwardRefusal(user: string, request: IncomingMessage, asked: Asked): Refusal | null {
    if (asked.of === 'path') return forbidden(user, asked)
    if (!access.allows(user, asked)) return forbidden(user, asked)
    if (asked.resource !== 'pods' || asked.subresource !== 'portforward') return unknownResource
    // Since Kubernetes 1.35 a WebSocket, which is a GET, needs the verb of the POST that it stands for.
    if (!access.allows(user, { ...asked, verb: 'create' })) return forbiddenPlainly(asked)
    const ports = asked.url.searchParams.getAll('ports').flatMap((value) => value.split(','))
    if (ports.length === 0) return badRequest('query parameter "ports" is required')
    const [first = ''] = ports
    if (!/^\d{1,5}$/.test(first) || Number(first) < 1 || Number(first) > 65_535) {
      return badRequest(`invalid port ${JSON.stringify(first)}`)
    }
    if (ports.length > 1) return badRequest('one port at a time is forwarded here')
    const offered = String(request.headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/)
    if (request.headers.upgrade?.toLowerCase() !== 'websocket' || !offered.includes(channelProtocol)) {
      return badRequest(`unable to upgrade: only ${channelProtocol} over a WebSocket is spoken here`)
    }
    return null
  }

  async function start(): Promise<void> {
    const { certificate, key, clientCa } = serving
    const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false }
    const made = createServer({ cert: certificate, key, minVersion: 'TLSv1.2', ...clients }, (request, response) => {
      handle(request, response).catch(() => response.destroy())
    })
    made.keepAliveTimeout = keepAliveMs
    made.on('upgrade', handleUpgrade)
    made.on('tlsClientError', () => {})
    made.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve, reject) => {
      made.once('error', reject)
      made.listen(port, '127.0.0.1', resolve)
    })
    port = (made.address() as AddressInfo).port
    server = made
  }

  async function stop(): Promise<void> {
    const stopping = server
    server = null
    if (stopping === null) return
    await new Promise<void>((resolve) => {
      stopping.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  }

  return {
    port: () => port,
    watches: collections.open,
    logs,
    forwards,
    bookmark: collections.bookmark,
    start,
    stop,
    async close() {
      await stop()
      collections.close()
    },
  }
}

function servedKind(asked: AskedResource): Kind | null {
  const found = kinds.find((kind) => kind.plural === asked.resource && apiVersionOf(kind) === apiVersionOf(asked))
  return found ?? null
}

function isRulesReview(asked: AskedResource): boolean {
  return asked.resource === 'selfsubjectrulesreviews' && asked.verb === 'create'
}

function isTokenRequest(asked: AskedResource): boolean {
  return asked.resource === 'serviceaccounts' && asked.subresource === 'token' && asked.verb === 'create'
}
