import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import type { Access, Rule } from '../../electron/playground/simulators/kubernetes/access.ts'
import {
  createApiServer,
  type Intercept,
  type Kubelet,
} from '../../electron/playground/simulators/kubernetes/api-server.ts'
import type { StampedLine } from '../../electron/playground/simulators/kubernetes/pod-log.ts'
import type { ForwardTarget } from '../../electron/playground/simulators/kubernetes/port-forward.ts'
import type { Asked } from '../../electron/playground/simulators/kubernetes/request.ts'
import {
  expired,
  refuse,
  refuseUpgrade,
  type Refusal as Status,
} from '../../electron/playground/simulators/kubernetes/status.ts'
import { createStore } from '../../electron/playground/simulators/kubernetes/store.ts'
import type { KubeconfigChanges, KubernetesApi, Refusal } from './kubernetes-api-types.ts'
import { createTestAuthority } from './test-authority.ts'

export type { ApiObject, KubernetesApi, LogLine } from './kubernetes-api-types.ts'

type Listener = (lines: readonly StampedLine[]) => void

const canaryToken = 'canary-token-of-the-generated-api'

/** The playground's API server with everything allowed to one token, with what the test puts in, and with ways to break it. */
export async function startKubernetesApi(): Promise<KubernetesApi> {
  const authority = await createTestAuthority('kubernetes')
  const leaf = await authority.issue({ ipAddresses: ['127.0.0.1'] })
  const folder = await mkdtemp(join(tmpdir(), 'everyhop-kubernetes-'))
  const store = createStore()
  const refusals = new Map<string, { refusal: Refusal; left: number }>()
  const logs = new Map<string, StampedLine[]>()
  const followers = new Map<string, Set<Listener>>()
  const targets = new Map<string, number | string>()
  const requests: string[] = []
  let oldHow: 'status' | 'event' = 'status'
  let isHanging = false
  let rules: readonly Rule[] = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]
  let isIncomplete = false
  let configs = 0

  const access: Access = {
    authenticate(request: IncomingMessage) {
      const certificate = (request.socket as TLSSocket).getPeerCertificate()
      const hasCertificate = certificate.valid_to !== undefined && Date.parse(certificate.valid_to) > Date.now()
      return request.headers.authorization === `Bearer ${canaryToken}` || hasCertificate ? 'tester' : null
    },
    allows: () => true,
    rulesOf: () => ({ incomplete: isIncomplete, rules }),
  }

  const kubelet: Kubelet = {
    log(_namespace, pod, container) {
      const name = `${pod}/${container}`
      if (!logs.has(name)) return { code: 404, reason: 'NotFound', message: `pods "${pod}" not found` }
      return {
        lines: () => logs.get(name) ?? [],
        follow(listener) {
          const known = followers.get(name) ?? new Set<Listener>()
          followers.set(name, known.add(listener))
          return () => known.delete(listener)
        },
      }
    },
    target(_namespace, pod, port): ForwardTarget {
      const to = targets.get(`${pod}:${port}`) ?? 'connection refused'
      return typeof to === 'number' ? { port: to } : { words: forwardError(port, to) }
    },
    failed: (_namespace, _pod, port, why) => forwardError(port, why),
  }

  function refusalOf(asked: string): Status | null {
    const found = refusals.get(asked)
    if (found === undefined || found.left === 0) return null
    found.left -= 1
    const { status, retryAfterSeconds, message = `${asked} is refused by the test` } = found.refusal
    const said = { code: status, reason: 'Test', message }
    return retryAfterSeconds === undefined ? said : { ...said, retryAfterSeconds }
  }

  const intercept: Intercept = {
    request(asked, response) {
      if (isHanging) return true
      const { name, detail } = named(asked)
      if (name === null) return false
      requests.push(detail)
      const from = Number(asked.url.searchParams.get('resourceVersion'))
      const isOld = asked.of === 'resource' && asked.verb === 'watch' && from < store.forgotten()
      const refusal = refusalOf(name) ?? (isOld && oldHow === 'status' ? expired(from, store.forgotten()) : null)
      if (refusal !== null) refuse(response, refusal)
      return refusal !== null
    },
    upgrade(asked, socket) {
      if (isHanging) return true
      if (asked.of === 'resource') requests.push(`portforward ${asked.name}:${asked.url.searchParams.get('ports')}`)
      const refusal = refusalOf('portforward')
      if (refusal !== null) refuseUpgrade(socket, refusal)
      return refusal !== null
    },
  }

  const serving = { certificate: leaf.certificate, key: leaf.key, clientCa: authority.certificate }
  const server = createApiServer({ serving, store, access, kubelet, intercept })

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
      server: changes.server ?? `https://127.0.0.1:${server.port()}`,
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

  await server.start()
  return {
    url: `https://127.0.0.1:${server.port()}`,
    host: '127.0.0.1',
    port: server.port(),
    kubeconfig: await kubeconfigWith({}),
    folder,
    token: canaryToken,
    kubeconfigWith,
    kubeconfigAt: ({ host, port: other }) =>
      writeKubeconfig({ server: `https://${host}:${other}` }, { token: canaryToken }),
    set(collection, ...objects) {
      for (const object of objects) store.set(collection, object)
    },
    remove(collection, name, namespace) {
      const isThere = store.remove(collection, namespace ?? null, name)
      if (!isThere) throw new Error(`there is no ${name} in ${collection}`)
    },
    refuse: (asked, refusal) => void refusals.set(asked, { refusal, left: refusal.times ?? -1 }),
    allow: (asked) => void refusals.delete(asked),
    hang(hanging) {
      isHanging = hanging
    },
    cut(what) {
      const open =
        what === 'watches'
          ? [...server.watches].map(({ response }) => response.socket)
          : what === 'logs'
            ? [...server.logs].map(({ socket }) => socket)
            : server.forwards
      for (const socket of open) socket?.destroy()
    },
    compact(how) {
      oldHow = how
      store.compact()
    },
    bookmark: () => server.bookmark(),
    endWatches() {
      for (const { response } of server.watches) response.end()
    },
    sendRaw(collection, line) {
      for (const watch of server.watches) if (watch.collection === collection) watch.response.write(line)
    },
    setRules(next, incomplete = false) {
      rules = next
      isIncomplete = incomplete
    },
    setLog: (pod, container, lines) => void logs.set(`${pod}/${container}`, [...lines]),
    addLog(pod, container, lines) {
      const name = `${pod}/${container}`
      logs.set(name, [...(logs.get(name) ?? []), ...lines])
      for (const listener of followers.get(name) ?? []) listener(lines)
    },
    forwardTo: (pod, podPort, to) => void targets.set(`${pod}:${podPort}`, to),
    requests,
    openForwards: () => server.forwards.size,
    openWatches: () => server.watches.size,
    stop: () => server.stop(),
    start: () => server.start(),
    async close() {
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What no fact, gap or test answer may contain. */
export const kubernetesCanaries = [canaryToken] as const

/** How tests call a request, for refusals and, with its detail, for what was asked so far. */
function named(asked: Asked): { readonly name: string | null; readonly detail: string } {
  const both = (name: string, more = '') => ({ name, detail: `${name} ${more}`.trim() })
  if (asked.of === 'path') return asked.url.pathname === '/version' ? both('version') : { name: null, detail: '' }
  const { verb, resource, subresource, name, url } = asked
  if (resource === 'selfsubjectrulesreviews') return both('rules')
  if (subresource === 'log') return both('log', `${name} ${url.searchParams.get('sinceTime') ?? ''}`)
  return both(`${verb} ${resource}`, verb === 'watch' ? (url.searchParams.get('resourceVersion') ?? '') : '')
}

function forwardError(port: number, why: string): string {
  return `error forwarding port ${port} to pod: ${why}`
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
