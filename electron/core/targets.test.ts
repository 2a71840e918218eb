import { expect, test } from 'vitest'
import type { PodContainer, PodFact, ServiceFact } from '../../shared/domain/model/kubernetes-facts.ts'
import { type DiscoveredSource, discoverSources } from './targets.ts'

const from = { source: 'kubernetes', instance: 'c', locator: '', observedAt: 1, basis: 'measured' } as const

function pod(name: string, containers: readonly Partial<PodContainer>[], more: Partial<PodFact> = {}): PodFact {
  return {
    kind: 'pod',
    id: `kubernetes/c/pods#pod/ai/${name}`,
    from,
    cluster: 'c',
    namespace: 'ai',
    name,
    uid: `uid-${name}`,
    resourceVersion: '1',
    labels: {},
    owner: null,
    annotations: {},
    serviceAccount: '',
    nodeName: null,
    podIps: ['10.0.0.1'],
    hostNetwork: false,
    phase: 'Running',
    ready: true,
    createdAt: 1,
    deletingSince: null,
    containers: containers.map((container, index) => ({
      name: `container-${index}`,
      role: 'container',
      image: 'registry.example/app:1',
      imageId: null,
      command: [],
      ports: [],
      ready: true,
      restarts: 0,
      waitingReason: null,
      ...container,
    })),
    ...more,
  }
}

const port = (number: number, name: string | null = null) => ({ name, port: number, protocol: 'TCP' })
const brief = (found: readonly DiscoveredSource[]) =>
  found.map(({ source, container, port: to, detail, reason }) => [
    source,
    container,
    to,
    detail,
    reason.map(({ code }) => code).join(' '),
  ])
const one = (container: Partial<PodContainer>, more: Partial<PodFact> = {}) =>
  brief(discoverSources([pod('p', [container], more)]))

test('a stage with its sidecars: the Envoy by its named admin port, the OPA beside it by its argument', () => {
  const found = discoverSources([
    pod('gateway-5d9-x', [
      { name: 'app' },
      { name: 'envoy', image: 'envoyproxy/envoy:v1.36.2', ports: [port(15_001, 'mtls'), port(15_000, 'admin')] },
      {
        name: 'opa',
        image: 'openpolicyagent/opa:1.19.1-envoy',
        role: 'sidecar',
        command: ['run', '--server', '--addr=localhost:8282', '--config-file=/c'],
        ports: [port(9191)],
      },
    ]),
  ])
  expect(brief(found)).toEqual([
    ['envoy', 'envoy', 15_000, null, 'image-is container-name-is port-is-named'],
    ['opa', 'opa', 8282, 'sidecar', 'image-is container-name-is argument-sets-port'],
  ])
  expect(found.map(({ id }) => id)).toEqual(['envoy.ai.gateway-5d9-x.envoy', 'opa.ai.gateway-5d9-x.opa'])
  expect(found[0]?.reason[2]).toEqual({ code: 'port-is-named', params: { name: 'admin', port: 15_000 } })
})

test.each([
  [
    'a SPIRE server',
    { image: 'ghcr.io/spiffe/spire-server:1.15.3', ports: [port(8081, 'grpc')] },
    ['spire', 8081, null, 'image-is port-is-named'],
  ],
  [
    'a SPIRE agent, which has no port to ask',
    { image: 'ghcr.io/spiffe/spire-agent:1.15.3' },
    ['spire-agent', null, null, 'image-is'],
  ],
  [
    'a controller manager with its class',
    { image: 'spire-controller-manager', command: ['--class-name', 'lab'] },
    ['controller-manager', null, 'lab', 'image-is class-is'],
  ],
  [
    'a shared OPA by what it runs, in an image of one’s own',
    { image: 'internal.example:5000/policy/engine', command: ['/usr/bin/opa', 'run', '-s', '-a', ':8585'] },
    ['opa', 8585, 'shared', 'command-runs argument-sets-port'],
  ],
  [
    'an OPA on its usual port',
    { image: 'openpolicyagent/opa', command: ['run', '-s'] },
    ['opa', 8181, 'shared', 'image-is default-port'],
  ],
  [
    'an OPA on a socket only',
    { image: 'opa', command: ['run', '--addr', 'unix:///s/opa'] },
    ['opa', null, 'shared', 'image-is'],
  ],
  [
    'a Vault started by a script',
    {
      image: 'hashicorp/vault:1.21',
      command: ['/bin/sh', '-ec', 'cp /a /b; exec /usr/local/bin/docker-entrypoint.sh vault server -config=/b'],
      ports: [port(8200, 'https')],
    },
    ['vault', 8200, null, 'command-runs image-is port-is-named'],
  ],
  [
    'an Istio proxy',
    { image: 'docker.io/istio/proxyv2:1.30', ports: [port(15_090, 'http-envoy-prom')] },
    ['envoy', 15_000, null, 'image-is default-port'],
  ],
  ['an Envoy whose admin port nobody says', { image: 'envoy', ports: [port(8443)] }, ['envoy', null, null, 'image-is']],
  [
    'an Envoy with the read-only listener',
    { image: 'envoy', ports: [port(15_000, 'admin'), port(15_009, 'everyhop')] },
    ['envoy', 15_009, null, 'image-is port-is-named'],
  ],
  [
    'a Prometheus',
    { image: 'quay.io/prometheus/prometheus:v3', command: ['--web.listen-address=0.0.0.0:9091'] },
    ['prometheus', 9091, null, 'image-is argument-sets-port'],
  ],
  [
    'a Loki',
    { image: 'grafana/loki:3', ports: [port(3100, 'http-metrics')] },
    ['loki', 3100, null, 'image-is port-is-named'],
  ],
])('%s is found', (_name, container, [source, to, detail, codes]) => {
  expect(one(container)).toEqual([[source, 'container-0', to, detail, codes]])
})

test('a bundle server is found by its label, when the label can only mean this container', () => {
  const labels = { 'app.kubernetes.io/name': 'bundle-server' }
  expect(one({ image: 'nginx', ports: [port(8080, 'http')] }, { labels })).toEqual([
    ['bundle-server', 'container-0', 8080, null, 'label-says port-is-named'],
  ])
  const two = pod(
    'p',
    [
      { name: 'nginx', image: 'nginx' },
      { name: 'logs', image: 'fluent-bit' },
    ],
    { labels },
  )
  expect(discoverSources([two])).toEqual([])
})

test('a label about the pod does not turn its sidecar into what the label says', () => {
  const labelled = pod('vault-0', [{ name: 'envoy', image: 'envoy' }], { labels: { app: 'vault' } })
  expect(discoverSources([labelled]).map(({ source }) => source)).toEqual(['envoy'])
})

test.each([
  [
    'well-known port numbers alone',
    { image: 'acme/store', ports: [port(8081, 'grpc'), port(8181), port(8200), port(15_000, 'admin')] },
  ],
  [
    'a Vault agent in Vault’s own image',
    { image: 'hashicorp/vault', command: ['/bin/sh', '-ec', 'vault agent -config=/c'] },
  ],
  ['OPA testing policies', { image: 'openpolicyagent/opa', command: ['test', '/policies'] }],
  ['a copy of the program’s file', { command: ['cp', '/usr/bin/envoy', '/shared/opa'] }],
  ['a path with such a name', { command: ['serve', '--config', '/etc/envoy', '--rules', '/etc/opa', 'run'] }],
  ['an image of another name', { image: 'acme/not-opa-at-all:opa' }],
  ['an exporter', { image: 'quay.io/prometheus/node-exporter' }],
])('%s find nothing', (_name, container) => expect(one(container)).toEqual([]))

test('init containers and pods that ended are passed over', () => {
  expect(one({ image: 'envoy', role: 'init' })).toEqual([])
  expect(one({ image: 'envoy' }, { phase: 'Succeeded' })).toEqual([])
})

test('a port that only the service names is found through it, also by the name of the container port', () => {
  const service: ServiceFact = {
    ...pod('s', []),
    kind: 'service',
    name: 'spire-server',
    clusterIps: [],
    type: 'ClusterIP',
    selector: { app: 'spire' },
    ports: [
      { name: 'metrics', port: 9090, targetPort: '9090', protocol: 'TCP' },
      { name: 'grpc', port: 443, targetPort: 'secure', protocol: 'TCP' },
    ],
    externalName: null,
  }
  const server = pod('spire-0', [{ image: 'spire-server', ports: [port(9443, 'secure')] }], {
    labels: { app: 'spire' },
  })
  const [found] = discoverSources([server, service])
  expect([found?.port, found?.reason.at(-1)]).toEqual([
    9443,
    { code: 'service-leads-to', params: { service: 'spire-server', name: 'grpc', port: 9443 } },
  ])
  expect(discoverSources([server, { ...service, namespace: 'other' }])[0]?.port).toBe(8081)
  expect(discoverSources([server, { ...service, selector: {} }])[0]?.port).toBe(8081)
})

test('replicas share a group that outlives a rollout', () => {
  const replica = (name: string, hash: string) =>
    pod(name, [{ image: 'envoy' }], {
      owner: { kind: 'ReplicaSet', name: `gateway-${hash}` },
      labels: { 'pod-template-hash': hash },
    })
  const found = discoverSources([
    replica('gateway-a-1', 'a'),
    replica('gateway-b-1', 'b'),
    pod('spire-agent-x', [{ image: 'spire-agent' }], { owner: { kind: 'DaemonSet', name: 'spire-agent' } }),
    pod('bare', [{ image: 'envoy' }]),
  ])
  expect(found.map(({ group }) => group)).toEqual([
    'ai/Pod/bare',
    'ai/Deployment/gateway',
    'ai/Deployment/gateway',
    'ai/DaemonSet/spire-agent',
  ])
})

test('the findings do not depend on the order of the facts', () => {
  const pods = Array.from({ length: 200 }, (_, index) => pod(`p-${index}`, [{ image: 'envoy' }, { image: 'opa' }]))
  const found = discoverSources(pods)
  expect([found.length, new Set(found.map(({ id }) => id)).size]).toEqual([400, 400])
  expect(discoverSources(pods.toReversed())).toEqual(found)
})
