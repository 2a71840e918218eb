import { randomBytes } from 'node:crypto'
import path from 'node:path'
import type { KubernetesControls, KubernetesObject, PodPlan, World } from '../../parts.ts'
import { clusterName } from '../../world/addresses.ts'
import { createCertificateAuthority } from '../../world/certificates.ts'
import { type Access, everybodysRules, type Rule, rulesAllow, shippedRules } from './access.ts'
import { createApiServer } from './api-server.ts'
import { createControllers } from './controllers.ts'
import { kindOf } from './kinds.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { createKubelets } from './kubelet.ts'
import { desiredObjects } from './objects/desired.ts'
import { type ApiObject, createStore } from './store.ts'
import { type Account, apiAudience, createAccountTokens, userName } from './tokens.ts'

export interface KubernetesOptions {
  readonly world: Pick<World, 'clock' | 'folder' | 'entries'>
  /** Every pod of the playground; may change, and `refresh` then tells of it. */
  readonly pods: () => readonly PodPlan[]
}

export interface KubernetesSimulator extends KubernetesControls {
  /** Writes a kubeconfig of another service account with rights of its own; gives its path. */
  kubeconfigFor(name: string, rules: readonly Rule[]): Promise<string>
  /** A token of a service account, as a pod of it has one. */
  accountToken(account: Account, audience: string): string
  /** Whose token it is; null: of nobody here. What a TokenReview says. */
  reviewToken(token: string, audience: string): Account | null
}

/** Where the accounts are by which Everyhop reads the playground. */
export const accountNamespace = 'everyhop'
const viewer = 'viewer'
/** Who shows no credentials is let in as this, to what everybody may see; as it is in a cluster where nobody forbids it. */
const anonymous = 'system:anonymous'
/** Longer than any playground runs: its kubeconfig goes with its folder. */
const accountSeconds = 30 * 24 * 60 * 60
const certificateMs = 365 * 24 * 60 * 60 * 1000

/** A cluster's API server over the pods of the playground, on 127.0.0.1 with a certificate authority of its own. */
export async function startKubernetesSimulator({ world, pods }: KubernetesOptions): Promise<KubernetesSimulator> {
  const { clock, folder } = world
  const at = (): string => `${new Date(clock.now()).toISOString().slice(0, 19)}Z`
  const startedAt = at()
  const store = createStore()
  const controllers = createControllers(store, pods, at)
  const kubelets = createKubelets(store, pods)
  const rights = new Map<string, readonly Rule[]>()
  const tokens = createAccountTokens(clock, ({ namespace, name }) =>
    String(get('ServiceAccount', namespace, name)?.metadata['uid']),
  )
  const entries = world.entries()
  let desired = new Map<string, { readonly object: KubernetesObject; readonly text: string }>()

  const rulesOf = (user: string): readonly Rule[] =>
    user === anonymous ? [] : [...everybodysRules, ...(rights.get(user) ?? [])]
  const access: Access = {
    authenticate({ headers }) {
      if (headers.authorization === undefined) return anonymous
      const [, token = ''] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? []
      const account = tokens.review(token, apiAudience)
      return account === null || get('ServiceAccount', account.namespace, account.name) === null
        ? null
        : userName(account)
    },
    allows: (user, action) => rulesAllow(rulesOf(user), action),
    rulesOf: (user) => ({ incomplete: false, rules: rulesOf(user) }),
  }

  function get(kind: string, namespace: string | null, name: string): KubernetesObject | null {
    const object = store.get(kindOf(kind).plural, namespace, name)
    return object !== null && isTyped(object) ? object : null
  }

  function set(object: KubernetesObject): void {
    const { kind, metadata } = object
    const { plural, namespaced } = kindOf(kind)
    if (namespaced !== (metadata.namespace !== undefined)) {
      throw new Error(`the ${kind} ${metadata.name} ${namespaced ? 'needs a' : 'has no'} namespace`)
    }
    store.set(plural, controllers.completed(object, get(kind, metadata.namespace ?? null, metadata.name)))
    if (kind === 'Pod' || kind === 'Namespace') reselect()
  }

  function remove(kind: string, namespace: string | null, name: string): void {
    store.remove(kindOf(kind).plural, namespace, name)
    if (kind === 'Pod' || kind === 'Namespace') reselect()
  }

  /** The controller manager looks again at what its objects select. */
  function reselect(): void {
    for (const object of store.list('clusterspiffeids', null)) {
      if (!isTyped(object)) continue
      const status = controllers.selection(object)
      if (status === null) continue
      if (JSON.stringify(status) !== JSON.stringify(object['status']))
        store.set('clusterspiffeids', { ...object, status })
    }
  }

  /** Applies what is wanted now where it differs from what was wanted: what faults changed meanwhile stays. */
  function refresh(): void {
    const next = new Map(
      [...desiredObjects(pods(), entries, startedAt), ...accountObjects()].map((object) => [
        `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`,
        { object, text: JSON.stringify(object) },
      ]),
    )
    for (const [key, { object, text }] of next) if (desired.get(key)?.text !== text) set(object)
    for (const [key, { object }] of desired) {
      if (!next.has(key)) remove(object.kind, object.metadata.namespace ?? null, object.metadata.name)
    }
    desired = next
    kubelets.refresh()
  }

  const authority = await createCertificateAuthority({
    name: 'CN=kubernetes',
    notBefore: clock.now() - 60_000,
    notAfter: clock.now() + certificateMs,
  })
  const leaf = await authority.issue({
    addresses: ['127.0.0.1'],
    dnsNames: ['localhost', 'kubernetes.default.svc'],
    notBefore: clock.now() - 60_000,
    notAfter: clock.now() + certificateMs,
  })
  const server = createApiServer({
    serving: { certificate: leaf.certificate, key: leaf.key },
    store,
    access,
    kubelet: kubelets,
    issueToken: ({ namespace, name, audiences, seconds }) =>
      get('ServiceAccount', namespace, name) === null
        ? null
        : tokens.issue({ namespace, name }, audiences ?? [apiAudience], seconds),
  })
  refresh()
  await server.start()

  async function kubeconfigFor(name: string, rules: readonly Rule[]): Promise<string> {
    const account = { namespace: accountNamespace, name }
    set(accountObject(name))
    rights.set(userName(account), rules)
    const file = path.join(folder, `${name}.kubeconfig`)
    await writeKubeconfig({
      file,
      cluster: clusterName,
      server: `https://127.0.0.1:${server.port()}`,
      ca: authority.certificate,
      user: name,
      credentials: { token: tokens.issue(account, [apiAudience], accountSeconds).token },
    })
    return file
  }

  return {
    port: server.port(),
    kubeconfig: await kubeconfigFor(viewer, shippedRules),
    set,
    remove,
    get,
    refresh,
    event(about, type, reason, message) {
      const same = store.list('events', about.namespace).find((event) => isSameEvent(event, { about, reason, message }))
      const count = 1 + Number(same?.['count'] ?? 0)
      set({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: {
          name: same?.metadata.name ?? `${about.name}.${randomBytes(8).toString('hex')}`,
          namespace: about.namespace,
        },
        involvedObject: { ...about, uid: get(about.kind, about.namespace, about.name)?.metadata['uid'] },
        type,
        reason,
        message,
        firstTimestamp: same?.['firstTimestamp'] ?? at(),
        lastTimestamp: at(),
        count,
      })
    },
    kubeconfigFor,
    accountToken: (account, audience) => tokens.issue(account, [audience], accountSeconds).token,
    reviewToken: (token, audience) => tokens.review(token, audience),
    async stop() {
      kubelets.close()
      await server.close()
    },
  }
}

function accountObjects(): readonly KubernetesObject[] {
  return [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: accountNamespace } }, accountObject(viewer)]
}

function accountObject(name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: accountNamespace } }
}

function isTyped(object: ApiObject): object is KubernetesObject {
  return typeof object['apiVersion'] === 'string' && typeof object['kind'] === 'string'
}

function isSameEvent(
  event: ApiObject,
  wanted: {
    readonly about: { readonly kind: string; readonly name: string }
    readonly reason: string
    readonly message: string
  },
): boolean {
  const about: { readonly kind?: unknown; readonly name?: unknown } = Object(event['involvedObject'])
  return (
    event['reason'] === wanted.reason &&
    event['message'] === wanted.message &&
    about.kind === wanted.about.kind &&
    about.name === wanted.about.name
  )
}
