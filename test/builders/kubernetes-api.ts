import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { ApiObject, KubeconfigChanges, KubernetesApi, LogLine, Refusal } from './kubernetes-api-types.ts'
import { forwardPort } from './kubernetes-forward.ts'
import { createTestAuthority, type TestAuthority } from './test-authority.ts'

export type { ApiObject, KubernetesApi, LogLine } from './kubernetes-api-types.ts'

interface StoredEvent {
  readonly collection: string
  readonly version: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: ApiObject
}

interface OpenWatch {
  readonly collection: string
  readonly namespace: string | null
  readonly response: ServerResponse
}

const canaryToken = 'canary-token-of-the-generated-api'

export async function startKubernetesApi(): Promise<KubernetesApi> {
  const authority: TestAuthority = await createTestAuthority('kubernetes')
  const leaf = await authority.issue({ ipAddresses: ['127.0.0.1'] })
  const folder = await mkdtemp(join(tmpdir(), 'everyhop-kubernetes-'))
  const collections = new Map<string, Map<string, ApiObject>>()
  const refusals = new Map<string, { refusal: Refusal; left: number }>()
  const watches = new Set<OpenWatch>()
  const followers = new Map<ServerResponse, string>()
  const forwards = new Set<Duplex>()
  const logs = new Map<string, LogLine[]>()
  const targets = new Map<string, number | string>()
  const sockets = new Set<Socket>()
  const requests: string[] = []
  let history: StoredEvent[] = []
  let version = 1000
  let oldest = 0
  let oldHow: 'status' | 'event' = 'status'
  let isHanging = false
  let rules: readonly object[] = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]
  let isIncomplete = false
  let server: Server | null = null
  let port = 0
  let configs = 0

  function publish(event: StoredEvent): void {
    history.push(event)
    for (const watch of watches) {
      if (watch.collection === event.collection && isIn(event.object, watch.namespace)) send(watch.response, event)
    }
  }

  function refused(asked: string, response: ServerResponse): boolean {
    const found = refusals.get(asked)
    if (found === undefined || found.left === 0) return false
    found.left -= 1
    const { status, retryAfterSeconds, message } = found.refusal
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds))
    answer(response, status, statusBody(status, message ?? `${asked} is refused by the test`))
    return true
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {})
    if (isHanging) return
    const url = new URL(request.url ?? '/', 'https://api')
    const certificate = (request.socket as TLSSocket).getPeerCertificate()
    const hasCertificate = certificate.valid_to !== undefined && Date.parse(certificate.valid_to) > Date.now()
    if (request.headers.authorization !== `Bearer ${canaryToken}` && !hasCertificate) {
      answer(response, 401, statusBody(401, 'Unauthorized'))
      return
    }
    if (url.pathname === '/version') {
      requests.push('version')
      if (!refused('version', response)) answer(response, 200, { gitVersion: 'v1.36.2' })
      return
    }
    if (url.pathname.endsWith('/selfsubjectrulesreviews')) {
      requests.push('rules')
      if (refused('rules', response)) return
      answer(response, 201, { status: { incomplete: isIncomplete, resourceRules: rules, nonResourceRules: [] } })
      return
    }
    const log = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/log$/.exec(url.pathname)
    if (log !== null) {
      requests.push(`log ${log[2]} ${url.searchParams.get('sinceTime') ?? ''}`.trim())
      if (!refused('log', response)) giveLog(`${log[2]}/${url.searchParams.get('container')}`, url, response)
      return
    }
    const place = /^\/api(?:s\/[^/]+)?\/v1(?:alpha1)?(?:\/namespaces\/([^/]+))?\/([a-z]+)$/.exec(url.pathname)
    if (place === null || request.method !== 'GET') {
      answer(response, 404, statusBody(404, 'the server could not find the requested resource'))
      return
    }
    const [, namespace = null, collection = ''] = place
    if (url.searchParams.get('watch') === '1') openWatch(collection, namespace, url, response)
    else giveList(collection, namespace, url, response)
  }

  function giveList(collection: string, namespace: string | null, url: URL, response: ServerResponse): void {
    requests.push(`list ${collection}`)
    if (refused(`list ${collection}`, response)) return
    const items = [...(collections.get(collection)?.values() ?? [])].filter((object) => isIn(object, namespace))
    const limit = Number(url.searchParams.get('limit') ?? items.length)
    const start = Number(url.searchParams.get('continue') ?? 0)
    const next = start + limit < items.length ? String(start + limit) : ''
    answer(response, 200, {
      kind: 'List',
      metadata: { resourceVersion: String(version), continue: next },
      items: items.slice(start, start + limit),
    })
  }

  function openWatch(collection: string, namespace: string | null, url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('resourceVersion'))
    requests.push(`watch ${collection} ${from}`)
    if (refused(`watch ${collection}`, response)) return
    const isOld = from < oldest
    if (isOld && oldHow === 'status') {
      answer(response, 410, statusBody(410, 'too old resource version'))
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    if (isOld) {
      response.end(`${JSON.stringify({ type: 'ERROR', object: statusBody(410, 'too old resource version') })}\n`)
      return
    }
    const watch: OpenWatch = { collection, namespace, response }
    watches.add(watch)
    response.on('close', () => watches.delete(watch))
    for (const event of history) {
      if (event.version > from && event.collection === collection && isIn(event.object, namespace))
        send(response, event)
    }
  }

  function giveLog(name: string, url: URL, response: ServerResponse): void {
    const lines = logs.get(name)
    if (lines === undefined) {
      answer(response, 404, statusBody(404, `pods "${name.split('/')[0]}" not found`))
      return
    }
    const since = Date.parse(url.searchParams.get('sinceTime') ?? '1970-01-01T00:00:00Z')
    const tail = Number(url.searchParams.get('tailLines') ?? Number.POSITIVE_INFINITY)
    const kept = lines.filter(({ stamp }) => Date.parse(stamp) >= since)
    response.writeHead(200, { 'content-type': 'text/plain' })
    const text = kept
      .slice(Math.max(0, kept.length - tail))
      .map(written)
      .join('')
    // As a kubelet does: not even the status line goes out before there is a line.
    if (text !== '') response.write(text)
    followers.set(response, name)
    response.on('close', () => followers.delete(response))
  }

  function handleUpgrade(request: IncomingMessage, socket: Duplex): void {
    socket.on('error', () => socket.destroy())
    if (isHanging) return
    const url = new URL(request.url ?? '/', 'https://api')
    const pod = /\/pods\/([^/]+)\/portforward$/.exec(url.pathname)?.[1] ?? ''
    const wanted = `${pod}:${url.searchParams.get('ports')}`
    requests.push(`portforward ${wanted}`)
    const found = refusals.get('portforward')
    if (found !== undefined && found.left !== 0) {
      found.left -= 1
      const body = JSON.stringify(statusBody(found.refusal.status, found.refusal.message ?? 'refused by the test'))
      socket.end(
        `HTTP/1.1 ${found.refusal.status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      )
      return
    }
    forwards.add(socket)
    socket.on('close', () => forwards.delete(socket))
    forwardPort(request, socket, Number(url.searchParams.get('ports')), targets.get(wanted) ?? 'connection refused')
  }

  async function start(): Promise<void> {
    const made = createServer(
      {
        cert: leaf.certificate,
        key: leaf.key,
        ca: authority.certificate,
        requestCert: true,
        rejectUnauthorized: false,
      },
      handle,
    )
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

  const base64 = (text: string): string => Buffer.from(text).toString('base64')

  async function kubeconfigWith(changes: KubeconfigChanges): Promise<string> {
    if (changes.certificateNotAfter === undefined) return writeKubeconfig(changes, { token: canaryToken })
    const { certificate, key } = await authority.issue({
      notBefore: new Date(changes.certificateNotAfter.getTime() - 3_600_000),
      notAfter: changes.certificateNotAfter,
    })
    return writeKubeconfig(changes, {
      'client-certificate-data': base64(certificate),
      'client-key-data': base64(key),
    })
  }

  function writeKubeconfig(changes: KubeconfigChanges, user: Readonly<Record<string, unknown>>): string {
    configs += 1
    const path = join(folder, `kubeconfig-${configs}.yaml`)
    const cluster = {
      server: changes.server ?? `https://127.0.0.1:${port}`,
      'certificate-authority-data': base64(changes.ca ?? authority.certificate),
      ...changes.cluster,
    }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'tester' } }],
      clusters: [{ name: 'test', cluster }],
      users: [{ name: 'tester', user: changes.user ?? user }],
    }
    writeFileSync(path, JSON.stringify(config), { mode: 0o600 })
    return path
  }

  await start()
  return {
    url: `https://127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    kubeconfig: await kubeconfigWith({}),
    folder,
    kubeconfigWith,
    kubeconfigAt: ({ host, port: other }) =>
      writeKubeconfig({ server: `https://${host}:${other}` }, { token: canaryToken }),
    set(collection, ...objects) {
      const stored = collections.get(collection) ?? new Map<string, ApiObject>()
      collections.set(collection, stored)
      for (const object of objects) {
        version += 1
        const key = keyOf(object.metadata.name, object.metadata.namespace)
        const type = stored.has(key) ? 'MODIFIED' : 'ADDED'
        const kept = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
        stored.set(key, kept)
        publish({ collection, version, type, object: kept })
      }
    },
    remove(collection, name, namespace) {
      const stored = collections.get(collection)
      const object = stored?.get(keyOf(name, namespace))
      if (object === undefined) throw new Error(`there is no ${name} in ${collection}`)
      stored?.delete(keyOf(name, namespace))
      version += 1
      const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
      publish({ collection, version, type: 'DELETED', object: last })
    },
    refuse: (asked, refusal) => void refusals.set(asked, { refusal, left: refusal.times ?? -1 }),
    allow: (asked) => void refusals.delete(asked),
    hang(hanging) {
      isHanging = hanging
    },
    cut(what) {
      const responses = what === 'watches' ? [...watches].map(({ response }) => response) : [...followers.keys()]
      for (const response of what === 'forwards' ? [] : responses) response.socket?.destroy()
      if (what === 'forwards') for (const socket of forwards) socket.destroy()
    },
    compact(how) {
      oldHow = how
      version += 1
      oldest = version
      history = []
    },
    bookmark() {
      version += 1
      for (const { response } of watches) {
        write(response, { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version) } } })
      }
    },
    endWatches() {
      for (const { response } of watches) response.end()
    },
    sendRaw(collection, line) {
      for (const watch of watches) if (watch.collection === collection) watch.response.write(line)
    },
    setRules(next, incomplete = false) {
      rules = next
      isIncomplete = incomplete
    },
    setLog: (pod, container, lines) => void logs.set(`${pod}/${container}`, [...lines]),
    addLog(pod, container, lines) {
      const name = `${pod}/${container}`
      logs.set(name, [...(logs.get(name) ?? []), ...lines])
      for (const [response, followed] of followers) if (followed === name) response.write(lines.map(written).join(''))
    },
    forwardTo: (pod, podPort, to) => void targets.set(`${pod}:${podPort}`, to),
    requests,
    openForwards: () => forwards.size,
    openWatches: () => watches.size,
    stop,
    start,
    async close() {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What no fact, gap or test answer may contain. */
export const kubernetesCanaries = [canaryToken] as const

function keyOf(name: string, namespace: string | undefined): string {
  return `${namespace ?? ''}/${name}`
}

function isIn(object: ApiObject, namespace: string | null): boolean {
  return namespace === null || object.metadata.namespace === namespace
}

function written({ stamp, text }: LogLine): string {
  return `${stamp} ${text}\n`
}

function send(response: ServerResponse, { type, object }: StoredEvent): void {
  write(response, { type, object })
}

function write(response: ServerResponse, event: unknown): void {
  response.write(`${JSON.stringify(event)}\n`)
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function statusBody(code: number, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: 'Test', code }
}
