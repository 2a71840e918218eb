import { describe, expect, it } from 'vitest'
import { builtAt, builtDomain, spiffe, trafficCounters } from '../../../test/builders/facts.ts'
import { withFacts, withScope } from '../../../test/builders/pipeline.ts'
import { build, hop, ids, minute, pipeline, settings, workload } from '../../../test/builders/small-graph.ts'
import { startGraph } from './build.ts'
import type { LinkingRelation } from './relations/relation.ts'
import { allRelations } from './weave/weave.ts'

describe('a pipeline in good order', () => {
  const graph = build(pipeline.scopes)

  it('has exactly the workloads and hops that exist, by ids derived from SPIFFE IDs', () => {
    expect(graph.workloads.map(({ id }) => id)).toEqual(
      [ids.model, ids.gateway, ids.tool].map((id) => `workload/${id}`),
    )
    expect(graph.hops.map(({ id }) => id)).toEqual([
      `hop/workload/${ids.model}>workload/${ids.tool}`,
      `hop/workload/${ids.gateway}>workload/${ids.model}`,
    ])
    expect(graph.defects).toEqual([])
  })

  it('shows every hop verified and allowing, observed, granted and intended', () => {
    for (const each of graph.hops) {
      expect([each.transport.state, each.authorisation.state, each.relations]).toEqual([
        'verified',
        'allowing',
        ['observed', 'granted', 'intended'],
      ])
    }
  })

  it('rests the verified hop on both leaves, both configurations and both logs', () => {
    expect(hop(graph, ids.gateway, ids.model).transport.restsOn.toSorted()).toEqual([
      'envoy/gateway/clusters#envoy-cluster/to_model-server',
      `envoy/gateway/secrets#envoy-secret/${ids.gateway}`,
      'envoy/model-server/listeners#envoy-listener/ingress',
      `envoy/model-server/secrets#envoy-secret/${ids.model}`,
      `logs/gateway-access/activity#hop-activity/gateway/caller/${ids.model}`,
      `logs/model-server-access/activity#hop-activity/model-server/callee/${ids.gateway}`,
    ])
  })

  it('joins each workload with its certificate, entry, agent and OPA', () => {
    const model = workload(graph, ids.model)
    expect(model.state.state).toBe('verified')
    expect(model.svid.loaded).toMatchObject({ known: true, stale: false, value: { spiffeId: ids.model } })
    expect(model.registration).toMatchObject({
      known: true,
      value: { parentId: expect.stringContaining('node-a'), agent: { known: true, value: { banned: false } } },
    })
    expect(model.slots).toMatchObject({ opa: { kind: 'value', text: 'r42', tone: 'quiet' }, vault: { kind: 'none' } })
    expect(hop(graph, ids.gateway, ids.model).guard).toMatchObject({ known: true, value: { opa: 'opa-model' } })
  })

  it('shows both sides of a hop with what each requires of the other', () => {
    const { client, server } = hop(graph, ids.gateway, ids.model)
    expect(client).toMatchObject({
      spiffeId: { known: true, value: ids.gateway },
      requiresPeer: { known: true, value: [ids.model] },
      peerAsExpected: { known: true, value: true },
      tlsVersions: { known: true, value: '1.3' },
      trusts: { known: true, value: [builtDomain] },
    })
    expect(server).toMatchObject({
      requiresPeer: { known: true, value: [ids.gateway] },
      lastError: { known: true, value: null },
    })
  })
})

describe('intent', () => {
  it('draws a wanted hop between stages that nothing shows, and a wanted workload that is not there', () => {
    const intent = {
      ...pipeline.intent,
      stages: [
        ...pipeline.intent.stages,
        {
          id: 'vector-store',
          title: 'Vector store',
          zone: 'pipeline',
          kind: 'store',
          spiffeIds: [spiffe('vector-store', 'data')],
        },
      ],
      adjacency: [...pipeline.intent.adjacency, { from: 'gateway', to: 'vector-store' }],
    }
    const graph = build(pipeline.scopes, builtAt, { intent })
    expect(workload(graph, spiffe('vector-store', 'data')).state).toMatchObject({
      state: 'unknown',
      reason: { code: 'intended-only' },
    })
    expect(hop(graph, ids.gateway, spiffe('vector-store', 'data'))).toMatchObject({
      relations: ['intended'],
      transport: { state: 'unknown' },
    })
  })

  it('makes up no hops for stages with a prefix when one of them is there', () => {
    const intent = {
      ...pipeline.intent,
      stages: [{ id: 'all', title: 'All', zone: 'pipeline', kind: 'model', spiffeIds: [`spiffe://${builtDomain}/*`] }],
      adjacency: [{ from: 'all', to: 'all' }],
    }
    const graph = build(pipeline.scopes, builtAt, { intent })
    expect(graph.hops).toHaveLength(2)
    expect(graph.hops.every((each) => each.relations.includes('intended'))).toBe(true)
  })

  it('works without an intent', () => {
    const graph = build(pipeline.scopes, builtAt, { intent: null })
    expect(graph.zones.map(({ id }) => id)).toEqual(['unassigned', 'control'])
    expect(graph.hops.every((each) => !each.relations.includes('intended'))).toBe(true)
  })
})

describe('control plane', () => {
  it('counts agents, and says which need attention', () => {
    const scopes = withFacts(pipeline.scopes, 'spire/spire/agents', 'spire-agent', (fact) =>
      fact.id.endsWith('node-b') ? { ...fact, svidNotAfter: builtAt - minute } : fact,
    )
    const server = build(scopes).control.find(({ kind }) => kind === 'spire-server')
    expect(server).toMatchObject({
      summary: { code: 'spire-agents', params: { current: 1, total: 2 } },
      state: { state: 'attention', reason: { params: { banned: 0, expired: 1 } } },
    })
  })

  it('shows a bundle that an OPA could not load', () => {
    const scopes = withFacts(pipeline.scopes, 'opa/opa-model/status', 'opa-bundle', (fact) => ({
      ...fact,
      code: 'bundle_error',
    }))
    expect(build(scopes).control.find(({ kind }) => kind === 'opa-bundle')).toMatchObject({
      state: { state: 'attention', reason: { code: 'bundle-with-errors', params: { failing: 1, total: 2 } } },
    })
  })
})

describe('rules that fail themselves', () => {
  it('become a defect, and the rest of the graph stands', () => {
    const broken = { ...trafficCounters('gateway', 'to_model-server') }
    Object.defineProperty(broken, 'cluster', {
      get() {
        throw new Error('a broken fact')
      },
    })
    const scopes = withScope(
      pipeline.scopes.filter((state) => !state.scope.startsWith('logs/')),
      'envoy/gateway/counters',
      (state) => ({ ...state, facts: [broken] }),
    )
    const graph = build(scopes)
    expect(graph.defects.length).toBeGreaterThan(0)
    expect(new Set(graph.defects.map(({ message }) => message))).toEqual(new Set(['a broken fact']))
    expect(hop(graph, ids.model, ids.tool).transport.state).toBe('verified')
    expect(hop(graph, ids.gateway, ids.model)).toMatchObject({
      transport: { state: 'unknown', reason: { code: 'judgement-failed' } },
    })
  })

  it('lets a relation fail for one instance without losing the others', () => {
    const throwing: LinkingRelation = {
      name: 'throwing',
      of: 'envoy',
      link(instance) {
        if (instance.id === 'gateway') throw new Error('a broken relation')
        return []
      },
    }
    const relations = { ...allRelations, linking: [...allRelations.linking, throwing] }
    const { graph } = startGraph(settings, pipeline.scopes, builtAt, relations)
    expect(graph.defects).toEqual([{ rule: 'throwing', subject: 'envoy/gateway', message: 'a broken relation' }])
    expect(graph.hops).toHaveLength(2)
  })
})
