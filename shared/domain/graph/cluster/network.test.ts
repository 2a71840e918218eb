import { describe, expect, it } from 'vitest'
import { builtAt, unreadScope } from '../../../../test/builders/facts.ts'
import { clusterScopes, networkPolicy, podOf } from '../../../../test/builders/kubernetes-facts.ts'
import { withFacts, withScope, withSilent } from '../../../../test/builders/pipeline.ts'
import { build, hop, ids, pipeline, settings } from '../../../../test/builders/small-graph.ts'
import type { Fact, ScopeState } from '../../model/fact.ts'
import { startGraph, updateGraph } from '../build.ts'

const scopes: readonly ScopeState[] = [...pipeline.scopes, ...clusterScopes(pipeline.workloads, pipeline.calls)]
const policies = 'kubernetes/cluster/networkpolicies'
const pods = 'kubernetes/cluster/pods'

function networkOf(given: readonly ScopeState[]) {
  return hop(build(given), ids.model, ids.tool).network
}

const blocked = withFacts(scopes, policies, 'network-policy', (fact) =>
  fact.name === 'callers-of-tool-runtime' ? { ...fact, ingress: [] } : fact,
)
const missing = withFacts(scopes, policies, 'network-policy', (fact) => (fact.namespace === 'tools' ? null : fact))

describe('what NetworkPolicies say of a hop', () => {
  it('names the policy that admits it', () => {
    const network = networkOf(scopes)
    expect(network).toMatchObject({
      known: true,
      value: { verdict: 'admitted', egress: 'unrestricted', port: 8443, policies: ['tools/callers-of-tool-runtime'] },
      fact: { source: 'kubernetes', basis: 'derived' },
      stale: false,
    })
    expect(network.known && network.value.restsOn).toContain(`${policies}#network-policy/tools/callers-of-tool-runtime`)
  })

  it('names the policies that block it', () => {
    expect(networkOf(blocked)).toMatchObject({
      value: { verdict: 'blocked', policies: ['tools/callers-of-tool-runtime', 'tools/default-deny'] },
    })
  })

  it('is unrestricted where no policy selects the callee', () => {
    expect(networkOf(missing)).toMatchObject({ value: { verdict: 'unrestricted', policies: [] } })
  })

  it('is blocked when a policy of the caller does not let it out', () => {
    const out = networkPolicy('ai', 'no-way-out', { policyTypes: ['Egress'] })
    const given = withScope(scopes, policies, (state) => ({ ...state, facts: [...state.facts, out] }))
    expect(networkOf(given)).toMatchObject({ value: { verdict: 'blocked', ingress: 'admitted', egress: 'blocked' } })
  })

  it('is the worst between any of the pods', () => {
    const second = scopes.flatMap((state) => {
      const [source, instance, part] = state.scope.split('/')
      if (source !== 'envoy' || instance !== 'model-server') return []
      const facts = state.facts.map((fact): Fact => {
        if (fact.kind !== 'envoy-listener') return fact
        return { ...fact, address: fact.address.replace('127.1.0.2', '127.1.0.9') }
      })
      return [{ ...state, scope: `envoy/model-server-b/${part}`, facts }]
    })
    const model = pipeline.workloads.find(({ name }) => name === 'model-server')
    if (model === undefined) throw new Error('no workload')
    const canary = podOf(model, { id: 'canary', name: 'canary', podIps: ['127.1.0.9'], labels: {} })
    const given = withScope([...scopes, ...second], pods, (state) => ({ ...state, facts: [...state.facts, canary] }))
    expect(networkOf(given)).toMatchObject({ value: { verdict: 'blocked' } })
  })

  it.each([
    ['no cluster is configured', pipeline.scopes, 'source-not-configured'],
    [
      'the policies may not be read',
      [...scopes.filter(({ scope }) => scope !== policies), unreadScope(policies)],
      'not-readable',
    ],
    [
      'a part of the policies may not be read',
      withScope(scopes, policies, (state) => ({
        ...state,
        gaps: [
          {
            source: 'kubernetes',
            instance: 'cluster',
            what: 'networkpolicies',
            reason: 'forbidden',
            detail: '',
            at: 0,
          },
        ],
      })),
      'network-partly-read',
    ],
    ['the pods may not be read', [...scopes.filter(({ scope }) => scope !== pods), unreadScope(pods)], 'not-readable'],
    [
      'one end is no pod',
      withFacts(scopes, pods, 'pod', (fact) => (fact.name === 'model-server-1' ? null : fact)),
      'network-pod-unknown',
    ],
  ] as const)('is not known when %s', (_when, given, code) => {
    expect(networkOf(given)).toMatchObject({ known: false, reason: { code } })
  })

  it('is the last known when the policies cannot be read any more', () => {
    expect(networkOf(withSilent(scopes, policies))).toMatchObject({ known: true, stale: true })
  })

  it.each([
    ['blocks', blocked],
    ['is missing', missing],
  ] as const)('follows a policy that %s, as a whole build would', (_what, given) => {
    const changed = given.filter(({ scope }) => scope === policies)
    const built = updateGraph(startGraph(settings, scopes, builtAt), changed, builtAt)
    expect(built.graph).toEqual(build(given))
  })

  it('changes no state of the hop', () => {
    const states = (given: readonly ScopeState[]) =>
      build(given).hops.map(({ transport, authorisation }) => [transport.state, authorisation.state])
    expect(states(blocked)).toEqual(states(scopes))
  })
})
