import { expect, test } from 'vitest'
import { podObject } from '../../../test/builders/kubernetes-objects.ts'
import { findSecrets } from '../../../test/builders/secrets.ts'
import { maskCommand, maskText } from './mask.ts'
import { goDurationSeconds } from './object.ts'
import * as policies from './translate-policies.ts'
import * as workloads from './translate-workloads.ts'

const seen = { cluster: 'c', at: 1000 }
const object = (rest: object, name = 'x') => ({ metadata: { name, namespace: 'ai', resourceVersion: '7' }, ...rest })

test('a pod keeps what joins it to others, and nothing of its environment', () => {
  const fact = workloads.translatePod(podObject('edge', 'gateway'), seen)
  expect(fact).toMatchObject({
    id: 'kubernetes/c/pods#pod/edge/gateway',
    from: { locator: expect.stringContaining('GET /api/v1/namespaces/edge/pods/gateway'), observedAt: 1000 },
    owner: { kind: 'ReplicaSet', name: 'gateway-5d9' },
    serviceAccount: 'gateway',
    ready: true,
    annotations: {},
    createdAt: Date.parse('2026-11-01T10:00:00Z'),
    deletingSince: null,
    containers: [
      { name: 'app', role: 'container', restarts: 2, ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] },
    ],
  })
  expect(findSecrets(fact, ['canary-env'])).toEqual([])
})

test('an init container that is always restarted is a sidecar; one without status is not ready', () => {
  const fact = workloads.translatePod(
    object({
      spec: {
        containers: [{ name: 'app' }],
        initContainers: [{ name: 'proxy', restartPolicy: 'Always' }, { name: 'setup' }],
      },
      status: {
        initContainerStatuses: [{ name: 'setup', ready: true, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
      },
    }),
    seen,
  )
  expect(fact.containers.map(({ name, role, ready, waitingReason }) => [name, role, ready, waitingReason])).toEqual([
    ['app', 'container', false, null],
    ['proxy', 'sidecar', false, null],
    ['setup', 'init', true, 'CrashLoopBackOff'],
  ])
  expect([fact.phase, fact.nodeName, fact.podIps, fact.ready]).toEqual(['Unknown', null, [], false])
})

test('a pod says whether a volume leads to the Workload API: that of the SPIFFE CSI driver, or a folder of its machine', () => {
  const apiOf = (volumes?: readonly object[]) =>
    workloads.translatePod(object({ spec: { containers: [{ name: 'app' }], ...(volumes && { volumes }) } }), seen)
      .workloadApi
  expect(
    apiOf([
      { name: 'a', emptyDir: {} },
      { name: 'b', csi: { driver: 'csi.spiffe.io', readOnly: true } },
    ]),
  ).toBe('csi')
  expect(apiOf([{ name: 'a', hostPath: { path: '/run/spire/agent-sockets', type: 'Directory' } }])).toBe('host-path')
  expect(
    apiOf([
      { name: 'a', csi: { driver: 'other' } },
      { name: 'b', hostPath: { path: '/var/log' } },
    ]),
  ).toBe('none')
  expect(apiOf()).toBe('none')
})

test('a service without targetPort leads to its port; a headless one has no address', () => {
  const fact = workloads.translateService(
    object({ spec: { clusterIP: 'None', ports: [{ port: 80 }, { port: 81, targetPort: 'admin' }] } }),
    seen,
  )
  expect([fact.clusterIps, fact.ports.map(({ targetPort }) => targetPort), fact.selector]).toEqual([
    [],
    ['80', 'admin'],
    null,
  ])
})

test('an endpoint whose readiness is not said is ready, as the API defines it; only pods are joined', () => {
  const fact = workloads.translateEndpointSlice(
    {
      metadata: { name: 's', namespace: 'ai', labels: { 'kubernetes.io/service-name': 'model' } },
      endpoints: [
        { addresses: ['10.0.0.1'], targetRef: { kind: 'Pod', namespace: 'ai', name: 'model', uid: 'u' } },
        { addresses: ['10.0.0.2'], conditions: { ready: false }, targetRef: { kind: 'Node', name: 'n' } },
      ],
    },
    seen,
  )
  expect([fact.service, fact.endpoints.map(({ ready, pod }) => [ready, pod?.name ?? null])]).toEqual([
    'model',
    [
      [true, 'model'],
      [false, null],
    ],
  ])
})

test('an event says when it was last seen, and its words are cut and masked', () => {
  const fact = workloads.translateEvent(
    object({
      involvedObject: { kind: 'Pod', namespace: 'ai', name: 'model' },
      reason: 'Failed',
      message: `token=canary-token \u001b[31m${'x'.repeat(600)}`,
      lastTimestamp: null,
      eventTime: '2026-11-01T10:00:00.123456Z',
    }),
    seen,
  )
  expect([fact.message.length, fact.message.startsWith('token=***  [31m'), fact.lastAt, fact.count]).toEqual([
    400,
    true,
    Date.parse('2026-11-01T10:00:00.123Z'),
    1,
  ])
})

test('a network policy without policyTypes rules what it has rules for', () => {
  const types = (spec: object) => policies.translateNetworkPolicy(object({ spec }), seen).policyTypes
  expect([types({}), types({ egress: [] }), types({ egress: [], policyTypes: ['Egress'] })]).toEqual([
    ['Ingress'],
    ['Ingress', 'Egress'],
    ['Egress'],
  ])
})

test('a rule keeps who and which port: an empty selector is everyone, an absent one nothing', () => {
  const fact = policies.translateNetworkPolicy(
    object({
      spec: {
        podSelector: { matchLabels: { app: 'model' } },
        ingress: [
          {
            from: [{ namespaceSelector: {} }, { ipBlock: { cidr: '10.0.0.0/8' } }],
            ports: [{ port: 'http' }, { port: 8000, endPort: 8100, protocol: 'UDP' }],
          },
        ],
      },
    }),
    seen,
  )
  expect(fact.ingress).toEqual([
    {
      peers: [
        { podSelector: null, namespaceSelector: { matchLabels: {}, matchExpressions: [] }, ipBlock: null },
        { podSelector: null, namespaceSelector: null, ipBlock: { cidr: '10.0.0.0/8', except: [] } },
      ],
      ports: [
        { port: 'http', endPort: null, protocol: 'TCP' },
        { port: '8000', endPort: 8100, protocol: 'UDP' },
      ],
    },
  ])
})

test('a ClusterSPIFFEID that no controller has touched has no statistics, and not zeros', () => {
  const spec = { spiffeIDTemplate: 'spiffe://t/{{ .PodMeta.Name }}', ttl: '1h30m', className: 'lab' }
  const fresh = policies.translateClusterSpiffeId({ metadata: { name: 'a' }, spec }, seen)
  expect([fresh.stats, fresh.ttlSeconds, fresh.className, fresh.namespace]).toEqual([null, 5400, 'lab', ''])
  const stats = { podsSelected: 2, entriesToSet: 2 }
  const done = policies.translateClusterSpiffeId({ metadata: { name: 'a' }, spec, status: { stats } }, seen)
  expect(done.stats).toMatchObject({ podsSelected: 2, entryFailures: 0 })
})

test('a static entry keeps its selectors and what the controller says of it', () => {
  const spec = {
    spiffeID: 'spiffe://t/a',
    parentID: 'spiffe://t/node',
    selectors: ['unix:uid:1'],
    x509SVIDTTL: '10m0s',
  }
  const status = { masked: false, rendered: true, set: false }
  expect(policies.translateClusterStaticEntry({ metadata: { name: 'a' }, spec, status }, seen)).toMatchObject({
    ttlSeconds: 600,
    selectors: ['unix:uid:1'],
    status,
  })
})

test.each([
  ['1h', 3600],
  ['1.5h', 5400],
  ['90s', 90],
  ['1m30s', 90],
  ['100ms', 0.1],
  ['', null],
])('the duration %j is %s seconds', (text, seconds) => expect(goDurationSeconds(text)).toBe(seconds))

test.each(['10', 'ten minutes', '5m!'])('%j is no duration', (text) =>
  expect(() => goDurationSeconds(text)).toThrow('duration'),
)

test.each([
  [['--token=canary-1'], ['--token=***']],
  [
    ['--token', 'canary-1', '--port', '80'],
    ['--token', '***', '--port', '80'],
  ],
  [
    ['--set', 'services.x.credentials.bearer.token=canary-1'],
    ['--set', 'services.x.credentials.bearer.token=***'],
  ],
  [
    ['sh', '-c', 'DB_PASSWORD="canary-1 canary-1" run --api-key canary-1 --port 80'],
    ['sh', '-c', 'DB_PASSWORD=*** run --api-key *** --port 80'],
  ],
  [['{"password":"canary-1","port":80}'], ['{"password":***,"port":80}']],
  [
    ['curl', '-H', 'Authorization: Bearer canary-1', 'https://me:canary-1@host/'],
    ['curl', '-H', 'Authorization: Bearer ***', 'https://***@host/'],
  ],
  [
    ['run', '--addr=0.0.0.0:8181', '--config-file=/etc/opa.yaml'],
    ['run', '--addr=0.0.0.0:8181', '--config-file=/etc/opa.yaml'],
  ],
])('secrets in the command %j are masked, the rest stays', (command, masked) => {
  expect(maskCommand(command)).toEqual(masked)
})

test('keys and tokens are masked by their shape, and long texts are cut before', () => {
  const key = '-----BEGIN PRIVATE KEY-----\ncanary-1\n-----END PRIVATE KEY-----'
  const text = maskText(`a ${key} b hvs.canary-1-canary eyJhbGciOiJ.eyJzdWIiOiJj.sig`)
  expect(text).toBe('a *** b *** ***')
  expect(maskText('x'.repeat(5_000_000)).length).toBe(4001)
})
