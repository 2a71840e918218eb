import { describe, expect, it } from 'vitest'
import { builtAt } from '../../../../test/builders/facts.ts'
import { clusterScopes, endpointSlice, podOf, service } from '../../../../test/builders/kubernetes-facts.ts'
import { withFacts, withScope, withSilent } from '../../../../test/builders/pipeline.ts'
import { build, hop, ids, pipeline, settings, workload } from '../../../../test/builders/small-graph.ts'
import type { Fact, ScopeState } from '../../model/fact.ts'
import { startGraph, updateGraph } from '../build.ts'

const cluster = clusterScopes(pipeline.workloads, pipeline.calls)
const scopes: readonly ScopeState[] = [...pipeline.scopes, ...cluster]
const of = (part: string) => `kubernetes/cluster/${part}`

/** Every mention of an Envoy's id renamed as discovery names it, so that its pod is told by its id. */
function discovered(all: readonly ScopeState[], suffix = ''): readonly ScopeState[] {
  const renamed = (text: string) => pipeline.workloads.find(({ name }) => name === text)
  const idOf = (text: string) => {
    const found = renamed(text)
    return found === undefined ? text : `envoy.${found.namespace}.${found.name}-1.envoy${suffix}`
  }
  return all.map((state) => {
    const [source, instance, part] = state.scope.split('/')
    if (source === 'kubernetes') return state
    const facts = state.facts.map(
      (fact): Fact => ('envoy' in fact && fact.envoy !== null ? ({ ...fact, envoy: idOf(fact.envoy) } as Fact) : fact),
    )
    return { ...state, scope: source === 'envoy' ? `envoy/${idOf(instance ?? '')}/${part}` : state.scope, facts }
  })
}

describe('pods of workloads', () => {
  it.each([
    ['by address', scopes],
    ['by the id that discovery gives', discovered(scopes)],
  ])('are found %s', (_how, given) => {
    const { kubernetes } = workload(build(given), ids.model)
    expect(kubernetes).toMatchObject({
      known: true,
      value: { namespace: 'ai', serviceAccount: 'model-server', pods: [{ name: 'model-server-1', ready: true }] },
      fact: { basis: 'derived' },
      stale: false,
    })
  })

  it('are told by the id before the address', () => {
    // The addresses of two pods are exchanged: the ids still tell.
    const [first, second] = pipeline.workloads
    const swapped = withFacts(discovered(scopes), of('pods'), 'pod', (fact) =>
      fact.name === `${first?.name}-1`
        ? { ...fact, podIps: [second?.address ?? ''] }
        : fact.name === `${second?.name}-1`
          ? { ...fact, podIps: [first?.address ?? ''] }
          : fact,
    )
    expect(workload(build(swapped), ids.gateway).kubernetes).toMatchObject({ value: { pods: [{ name: 'gateway-1' }] } })
  })

  it('of two clusters with pods of the same names and addresses are those of the cluster that the id says', () => {
    const other = cluster.map((state): ScopeState => {
      const scope = state.scope.replace('/cluster/', '/other/')
      const facts = state.facts.map((fact): Fact => {
        const id = fact.id.replace('/cluster/', '/other/')
        return fact.kind === 'pod' ? { ...fact, id, cluster: 'other', serviceAccount: 'impostor' } : { ...fact, id }
      })
      return { ...state, scope, facts }
    })
    const both = [...discovered(pipeline.scopes, '@cluster'), ...cluster, ...other]
    const found = workload(build(both), ids.model).kubernetes
    expect(found).toMatchObject({ known: true, value: { cluster: 'cluster', serviceAccount: 'model-server' } })
    const elsewhere = [...discovered(pipeline.scopes, '@other'), ...cluster, ...other]
    expect(workload(build(elsewhere), ids.model).kubernetes).toMatchObject({ value: { cluster: 'other' } })
    expect(hop(build(both), ids.gateway, ids.model).transport.state).toBe('verified')
  })

  it('are not told by an address that two pods have, nor by one of a machine', () => {
    const [gateway] = pipeline.workloads
    if (gateway === undefined) throw new Error('no workload')
    const twice = withScope(scopes, of('pods'), (state) => ({
      ...state,
      facts: [...state.facts, podOf(gateway, { name: 'other', id: 'other' })],
    }))
    expect(workload(build(twice), ids.gateway).kubernetes).toMatchObject({
      known: false,
      reason: { code: 'no-pod-found' },
    })
    const onMachine = withFacts(scopes, of('pods'), 'pod', (fact) => ({ ...fact, hostNetwork: true }))
    expect(workload(build(onMachine), ids.gateway).kubernetes.known).toBe(false)
  })

  it('say why they are not known', () => {
    expect(workload(build(pipeline.scopes), ids.model).kubernetes).toMatchObject({
      reason: { code: 'source-not-configured' },
    })
    const silent = withSilent(
      withScope(scopes, of('pods'), (state) => ({ ...state, facts: [] })),
      of('pods'),
    )
    expect(workload(build(silent), ids.model).kubernetes).toMatchObject({ reason: { code: 'not-readable' } })
    expect(workload(build(withSilent(scopes, of('pods'))), ids.model).kubernetes).toMatchObject({ stale: true })
  })

  it('give the stage where intent does not', () => {
    const graph = build(scopes, builtAt, { intent: null })
    expect(workload(graph, ids.tool).stage).toMatchObject({ id: 'tool-runtime', basis: 'derived' })
    const plain = withFacts(scopes, of('pods'), 'pod', (fact) => ({
      ...fact,
      labels: { 'app.kubernetes.io/component': 'tools' },
    }))
    expect(workload(build(plain, builtAt, { intent: null }), ids.tool).stage.id).toBe('tools')
  })

  it('follow a pod that comes later, as a whole build would', () => {
    const later = scopes.filter(({ scope }) => scope === of('pods'))
    const built = startGraph(
      settings,
      scopes.filter(({ scope }) => scope !== of('pods')),
      builtAt,
    )
    expect(updateGraph(built, later, builtAt).graph).toEqual(build(scopes))
  })
})

describe('addresses of services', () => {
  /** model-server is called by an address that only the cluster can resolve, and listens on all addresses of its pod. */
  function through(address: string, listensOn: string): readonly ScopeState[] {
    const given = discovered(scopes)
    const caller = 'envoy/envoy.edge.gateway-1.envoy/clusters'
    const called = withFacts(given, caller, 'envoy-cluster', (fact) =>
      fact.name === 'to_model-server' ? { ...fact, endpoints: [address], tls: null } : fact,
    )
    const listening = withFacts(called, 'envoy/envoy.ai.model-server-1.envoy/listeners', 'envoy-listener', (fact) =>
      fact.name === 'ingress' ? { ...fact, address: listensOn } : fact,
    )
    const slice = endpointSlice('ai', 'model-server', {
      ports: [{ name: 'mtls', port: 8443 }],
      endpoints: [
        {
          addresses: ['10.77.0.5'],
          ready: true,
          pod: { namespace: 'ai', name: 'model-server-1', uid: 'uid-of-model-server-1' },
        },
      ],
    })
    const known = service('ai', 'model-server', {
      clusterIps: ['10.96.0.7'],
      ports: [{ name: 'mtls', port: 443, targetPort: 'mtls', protocol: 'TCP' }],
    })
    const sliced = withScope(listening, of('endpointslices'), (state) => ({ ...state, facts: [slice] }))
    return withScope(sliced, of('services'), (state) => ({ ...state, facts: [known] })).filter(
      ({ scope }) => !scope.startsWith('logs/'),
    )
  }

  it.each([
    ['the pod', '127.1.0.2:8443'],
    ['an EndpointSlice', '10.77.0.5:8443'],
    ['a service', '10.96.0.7:443'],
    ['the name of a service', 'model-server.ai.svc.cluster.local:443'],
  ])('lead from %s to the listener in the pod', (_what, address) => {
    for (const listensOn of ['0.0.0.0:8443', '127.1.0.2:8443']) {
      const found = hop(build(through(address, listensOn)), ids.gateway, ids.model)
      expect(found.transport.reason.code).toBe('plaintext-caller')
    }
  })

  it.each([
    ['another port of the service', '10.96.0.7:80'],
    ['an address that nobody has', '10.96.0.99:443'],
  ])('do not lead anywhere from %s', (_what, address) => {
    const graph = build(through(address, '0.0.0.0:8443'))
    const code = hop(graph, ids.gateway, ids.model).transport.reason.code
    expect(code).not.toBe('plaintext-caller')
  })

  it('are resolved in an update as in a whole build', () => {
    const all = through('10.96.0.7:443', '0.0.0.0:8443')
    const later = all.filter(({ scope }) => scope.startsWith('kubernetes/'))
    const built = startGraph(
      settings,
      all.filter(({ scope }) => !scope.startsWith('kubernetes/')),
      builtAt,
    )
    expect(updateGraph(built, later, builtAt).graph).toEqual(build(all))
    expect(
      updateGraph(
        startGraph(settings, all, builtAt),
        [],
        builtAt,
        later.map(({ scope }) => scope),
      ).graph,
    ).toEqual(build(all.filter(({ scope }) => !scope.startsWith('kubernetes/'))))
  })

  it('are still told by the one pod that has them after another pod came', () => {
    const all = through('127.1.0.2:8443', '0.0.0.0:8443')
    const more = withScope(all, of('pods'), (state) => ({
      ...state,
      facts: [...state.facts, podOf({ name: 'new', namespace: 'ai', address: '127.1.0.99', opa: '' })],
    }))
    const changed = more.filter(({ scope }) => scope === of('pods'))
    // The listener is asked for again: its Envoy is read once more.
    const listeners = all.filter(({ scope }) => scope.endsWith('/listeners') || scope.endsWith('/clusters'))
    const first = updateGraph(startGraph(settings, all, builtAt), changed, builtAt)
    expect(updateGraph(first, listeners, builtAt).graph).toEqual(build(more))
  })
})
