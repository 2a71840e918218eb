import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type KubernetesApi, startKubernetesApi } from '../../../test/builders/kubernetes-api.ts'
import { podObject } from '../../../test/builders/kubernetes-objects.ts'
import { type Observed, observeCluster } from '../../../test/builders/kubernetes-observation.ts'
import { createTestAuthority } from '../../../test/builders/test-authority.ts'

// Loading the Kubernetes client takes seconds on a busy machine.
vi.setConfig({ testTimeout: 30_000 })

let api: KubernetesApi
let seen: Observed

beforeEach(async () => {
  api = await startKubernetesApi()
  api.set('pods', podObject('edge', 'gateway'))
})

afterEach(async () => {
  await seen?.end()
  await api.close()
})

const names = (part = 'pods') =>
  seen
    .latest(part)
    ?.facts?.map((fact) => ('name' in fact ? fact.name : ''))
    .sort()
const gaps = (part = 'pods') =>
  seen.latest(part)?.gaps.map(({ what, reason, detail }) => ({ what, reason, detail })) ?? []
const asked = (request: string) => api.requests.filter((one) => one.startsWith(request)).length
const read = () => seen.until(() => names() !== undefined)
const watching = () => until(() => api.openWatches() >= 12)

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('what is added, changed and removed is reported, and bookmarks keep the version without a report', async () => {
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await read()
  await watching()
  api.set('pods', podObject('ai', 'model'))
  await seen.until(() => names()?.join() === 'gateway,model')
  api.set('pods', podObject('ai', 'model', { ready: false }))
  await seen.until(
    () =>
      seen.latest('pods')?.facts?.some((fact) => fact.kind === 'pod' && fact.name === 'model' && !fact.ready) === true,
  )
  api.remove('pods', 'model', 'ai')
  await seen.until(() => names()?.join() === 'gateway')
  const reports = seen.all('pods').length
  api.bookmark()
  api.endWatches()
  await until(() => api.requests.includes('watch pods 1005'))
  expect([seen.all('pods').length, asked('list pods')]).toEqual([reports, 1])
})

test('a list of many pages is read whole, and again from its start when its token runs out', async () => {
  api.set('pods', ...Array.from({ length: 450 }, (_, index) => podObject('ai', `model-${index}`)))
  api.refuse('list pods', { status: 410, times: 1 })
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await read()
  expect([names()?.length, asked('list pods'), gaps()]).toEqual([451, 4, []])
})

test('changes that come close together are few reports', async () => {
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await read()
  await watching()
  const before = seen.all('pods').length
  for (let index = 0; index < 200; index += 1) api.set('pods', podObject('ai', `model-${index}`))
  await seen.until(() => names()?.length === 201)
  expect(seen.all('pods').length - before).toBeLessThan(50)
})

test('a reset watch goes on where it was, without a gap and without listing again', async () => {
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await read()
  await watching()
  api.cut('watches')
  api.set('pods', podObject('ai', 'model'))
  await seen.until(() => names()?.join() === 'gateway,model')
  expect([asked('list pods'), seen.all('pods').flatMap((report) => report.gaps)]).toEqual([1, []])
})

test.each(['status', 'event'] as const)('a version that is too old (410 as %s) is listed again', async (how) => {
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await read()
  await watching()
  api.set('pods', podObject('ai', 'model'))
  api.compact(how)
  api.cut('watches')
  await seen.until(() => names()?.join() === 'gateway,model')
  await until(() => asked('list pods') === 2)
  expect(seen.all('pods').flatMap((report) => report.gaps)).toEqual([])
})

test('an API server that restarts is a gap, and what it lost is gone when it is back', async () => {
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await read()
  await watching()
  await api.stop()
  await seen.until(() => seen.latest('pods')?.facts === null)
  expect(gaps()).toMatchObject([{ what: 'pods', reason: 'unreachable' }])
  api.remove('pods', 'gateway', 'edge')
  api.set('pods', podObject('ai', 'model'))
  api.compact('status')
  await api.start()
  await seen.until(() => names()?.join() === 'model')
  expect(gaps()).toEqual([])
})

test('429 is obeyed: asked again after the time it names, and a first one is no gap', async () => {
  api.refuse('list clusterspiffeids', {
    status: 429,
    retryAfterSeconds: 1,
    times: 1,
    message: 'storage is (re)initializing',
  })
  api.refuse('list pods', { status: 429, retryAfterSeconds: 1, times: 3 })
  const began = Date.now()
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await seen.until(() => seen.latest('clusterspiffeids') !== undefined)
  expect([seen.all('clusterspiffeids').map(({ gaps: found }) => found.length), Date.now() - began >= 1000]).toEqual([
    [0],
    true,
  ])
  await seen.until(() => seen.latest('pods') !== undefined)
  expect(gaps()[0]?.detail).toContain('HTTP 429')
  await read()
  expect([asked('list pods'), Date.now() - began >= 3000]).toEqual([4, true])
})

test('a kind that may not be listed is one gap that names verb and resource; the others are read', async () => {
  api.refuse('list nodes', { status: 403, message: 'nodes is forbidden: User "viewer" cannot list resource "nodes"' })
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await read()
  await seen.until(() => seen.latest('nodes') !== undefined)
  expect(seen.latest('nodes')?.facts).toBeNull()
  expect(gaps('nodes')).toEqual([
    {
      what: 'nodes',
      reason: 'forbidden',
      detail: 'list nodes: HTTP 403: nodes is forbidden: User "viewer" cannot list resource "nodes"',
    },
  ])
})

test('a kind that may be listed but not watched keeps its facts beside the gap', async () => {
  api.refuse('watch pods', { status: 403 })
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await seen.until(() => gaps().length > 0)
  expect([names(), gaps()]).toMatchObject([
    ['gateway'],
    [{ reason: 'forbidden', detail: expect.stringContaining('watch pods') }],
  ])
})

test('a missing CRD is not configured, a missing kind of Kubernetes itself is unsupported', async () => {
  api.refuse('list clusterspiffeids', { status: 404 })
  api.refuse('list validatingadmissionpolicies', { status: 404 })
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await seen.until(() => gaps('clusterspiffeids').length > 0 && gaps('validatingadmissionpolicies').length > 0)
  expect(gaps('clusterspiffeids')).toMatchObject([
    { reason: 'not-configured', detail: expect.stringContaining('CRDs') },
  ])
  expect(gaps('validatingadmissionpolicies')).toMatchObject([{ reason: 'unsupported' }])
})

test('admission policies without their bindings are not read: no bindings would be a false statement', async () => {
  const policy = { metadata: { name: 'p' }, spec: { failurePolicy: 'Fail', validations: [{ expression: 'true' }] } }
  api.set('validatingadmissionpolicies', policy)
  api.set('validatingadmissionpolicybindings', {
    metadata: { name: 'b' },
    spec: {
      policyName: 'p',
      validationActions: ['Deny'],
      matchResources: { namespaceSelector: { matchLabels: { held: 'true' } } },
    },
  })
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await seen.until(() => names('validatingadmissionpolicies') !== undefined)
  expect(seen.latest('validatingadmissionpolicies')?.facts).toMatchObject([
    {
      name: 'p',
      namespaces: null,
      bindings: [{ name: 'b', actions: ['Deny'], namespaces: { matchLabels: { held: 'true' }, matchExpressions: [] } }],
    },
  ])
  await seen.end()
  api.refuse('list validatingadmissionpolicybindings', { status: 403 })
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await seen.until(() => seen.latest('validatingadmissionpolicies') !== undefined)
  expect(seen.latest('validatingadmissionpolicies')?.facts).toBeNull()
  expect(gaps('validatingadmissionpolicies')[0]?.detail).toContain('list validatingadmissionpolicybindings')
})

test('an object that makes no sense is a gap about itself', async () => {
  api.set('pods', { metadata: { name: 'odd', namespace: 'ai' }, spec: 7 })
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await read()
  expect([names(), gaps()]).toMatchObject([
    ['gateway'],
    [{ what: 'pods', reason: 'invalid', detail: expect.stringContaining('ai/odd: pod at spec') }],
  ])
})

test('a watch that talks nonsense is listed again', async () => {
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await read()
  await watching()
  api.sendRaw('pods', '{"type":"ADDED","object":{"metadata"\n')
  await until(() => asked('list pods') === 2)
  await seen.until(() => names()?.join() === 'gateway' && gaps().length === 0)
})

test('an expired client certificate is said with its date', async () => {
  const kubeconfig = await api.kubeconfigWith({ certificateNotAfter: new Date('2026-01-01T00:00:00Z') })
  seen = observeCluster({ kubeconfig })
  await seen.until(() => seen.latest('pods') !== undefined)
  expect(gaps()).toMatchObject([{ reason: 'forbidden' }])
  expect(gaps()[0]?.detail).toMatch(
    /does not accept these credentials; the client certificate .* expired at 2026-01-01/,
  )
})

test('a wrong CA is said in words', async () => {
  const other = await createTestAuthority('other')
  seen = observeCluster({ kubeconfig: await api.kubeconfigWith({ ca: other.certificate }) })
  await seen.until(() => seen.latest('pods') !== undefined)
  expect(gaps()).toMatchObject([
    { reason: 'unreachable', detail: expect.stringContaining('not issued by the CA of the kubeconfig') },
  ])
})

test('a kubeconfig that changes is used at once', async () => {
  const kubeconfig = await api.kubeconfigWith({ user: { token: 'wrong' } })
  let changed: () => void = () => {}
  const { readFile } = await import('node:fs/promises')
  let path = kubeconfig
  const files = {
    readText: () => readFile(path, 'utf8'),
    watch: (_path: string, call: () => void) => {
      changed = call
    },
  }
  seen = observeCluster({ kubeconfig }, { files })
  await seen.until(() => gaps().length > 0)
  expect(gaps()).toMatchObject([{ reason: 'forbidden', detail: expect.stringContaining('HTTP 401') }])
  path = api.kubeconfig
  changed()
  await read()
  expect(gaps()).toEqual([])
})

test('a kubeconfig that is missing is a gap for every part', async () => {
  seen = observeCluster({ kubeconfig: '/nowhere/config' })
  await seen.until(() => seen.latest('rights') !== undefined)
  expect(gaps('events')).toEqual([
    { what: 'events', reason: 'not-configured', detail: '/nowhere/config: there is no such kubeconfig' },
  ])
})

test('with namespaces named only they are asked, and one that may not be read leaves a gap beside the others', async () => {
  api.set('pods', podObject('ai', 'model'), podObject('other', 'stranger'))
  seen = observeCluster({ kubeconfig: api.kubeconfig, namespaces: ['ai', 'edge'] })
  await read()
  expect(names()).toEqual(['gateway', 'model'])
  await seen.end()
  api.refuse('list pods', { status: 403, times: 1 })
  seen = observeCluster({ kubeconfig: api.kubeconfig, namespaces: ['ai', 'edge'] })
  await read()
  expect([names()?.length, gaps().length, gaps()[0]?.reason]).toEqual([1, 1, 'forbidden'])
  expect(gaps()[0]?.detail).toMatch(/list pods in namespace (ai|edge)/)
})

test('rights on pods that are missing are gaps with their verbs; an incomplete answer is not', async () => {
  api.setRules([{ verbs: ['get'], apiGroups: [''], resources: ['pods/log'] }])
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await seen.until(() => seen.latest('rights') !== undefined)
  expect(seen.latest('rights')?.facts).toMatchObject([{ namespace: 'edge', mayReadLogs: true, mayForwardPorts: false }])
  expect(gaps('rights')).toMatchObject([
    {
      what: 'pods/portforward',
      reason: 'forbidden',
      detail: expect.stringContaining('get and create pods/portforward'),
    },
  ])
  await seen.end()
  api.setRules([], true)
  seen = observeCluster({ kubeconfig: api.kubeconfig })
  await seen.until(() => seen.latest('rights') !== undefined)
  expect([seen.latest('rights')?.facts, gaps('rights')]).toMatchObject([
    [{ mayReadLogs: null, mayForwardPorts: null }],
    [],
  ])
})
