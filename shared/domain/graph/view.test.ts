import { describe, expect, it } from 'vitest'
import { builtAt, spiffe } from '../../../test/builders/facts.ts'
import { largePipeline, smallPipeline, withFacts, withScope } from '../../../test/builders/pipeline.ts'
import { maximumItems } from '../../contract/graph.ts'
import { filterHelp } from '../../words/filter.ts'
import type { TrustGraph } from '../model/graph.ts'
import type { GraphView, ViewQuery } from '../model/view.ts'
import { buildGraph, type GraphSettings } from './build.ts'
import { applyChanges, graphChanges } from './diff.ts'
import { graphView } from './view.ts'
import { mostOfAKind } from './view-control.ts'

const pipeline = smallPipeline()
const settings: GraphSettings = {
  environment: 'test',
  intent: pipeline.intent,
  windowSeconds: 60,
  bundleStaleAfterSeconds: null,
}
const open: ViewQuery = { filter: '', grouping: 'auto', focus: { open: [], selected: null } }
const plain = withFacts(pipeline.scopes, 'envoy/gateway/clusters', 'envoy-cluster', (fact) => ({ ...fact, tls: null }))
const graph = buildGraph(settings, plain, builtAt)

function view(filter: string, of: TrustGraph = graph): GraphView {
  return graphView(of, { ...open, filter }, 1)
}

function matching(filter: string) {
  const { nodes, edges, filterProblem } = view(filter)
  expect(filterProblem).toBeNull()
  return {
    nodes: nodes.flatMap((node) => (node.type === 'workload' && node.matches ? [node.workload.name] : [])),
    edges: edges.filter((edge) => edge.matches).length,
  }
}

describe('a filter', () => {
  it.each([
    ['tls:plaintext', ['model-server', 'gateway'], 1],
    ['-tls:plaintext', ['model-server', 'tool-runtime'], 1],
    ['tls:plaintext,verified', ['model-server', 'gateway', 'tool-runtime'], 2],
    ['from:gateway', ['model-server', 'gateway'], 1],
    ['to:tool-runtime tls:verified', ['model-server', 'tool-runtime'], 1],
    ['relation:intended', ['model-server', 'gateway', 'tool-runtime'], 2],
    ['authz:allowing', ['model-server', 'gateway', 'tool-runtime'], 2],
    ['state:failing', [], 0],
    ['tool', ['tool-runtime'], 1],
    ['TOOL', ['tool-runtime'], 1],
    [spiffe('tool-runtime', 'tools'), ['tool-runtime'], 1],
    ['-tool', ['model-server', 'gateway'], 1],
    ['stage:gateway', ['gateway'], 1],
    ['zone:pipeline', ['model-server', 'gateway', 'tool-runtime'], 2],
    ['is:problem', ['model-server', 'gateway'], 1],
    ['nothing-of-that-name', [], 0],
  ])('%s', (filter, nodes, edges) => {
    expect(matching(filter)).toEqual({ nodes, edges })
  })

  it('marks what does not match and keeps it', () => {
    const { nodes, edges, counts } = view('tls:plaintext')
    expect([nodes.length, edges.length]).toEqual([3, 2])
    expect([counts.matchingWorkloads, counts.matchingHops, counts.totalHops]).toEqual([2, 1, 2])
  })

  it.each([
    ['tsl:plaintext', 'tls:'],
    ['tls:plain', 'tls:plaintext'],
    ['zone:nowhere', 'zone:edge'],
    ['tls:', 'tls:verified'],
  ])('says what it does not know in %s, and filters nothing', (filter, offered) => {
    const { filterProblem, nodes } = view(`tool ${filter}`)
    expect(filterProblem).toMatchObject({ word: filter, known: expect.arrayContaining([offered]) })
    expect(nodes.every((node) => node.matches)).toBe(true)
  })

  it('is explained by examples that work', () => {
    for (const { example } of filterHelp) {
      if (example !== 'zone:data') expect([example, view(example).filterProblem]).toEqual([example, null])
    }
  })
})

describe('counts', () => {
  it('are those of the whole graph', () => {
    expect(view('tls:verified').counts).toMatchObject({
      workloads: { verified: 3, failing: 0 },
      transport: { verified: 1, plaintext: 1 },
      relations: { observed: 2, granted: 1, intended: 2 },
      totalWorkloads: 3,
      observedNotGranted: 0,
    })
  })
})

describe('a large graph', () => {
  const large = largePipeline(600, 3000)
  const largeGraph = buildGraph({ ...settings, intent: null }, large.scopes, large.now)

  it('is grouped by itself, with every member and hop in exactly one item', () => {
    const { nodes, edges, simplified } = graphView(largeGraph, open, 1)
    expect(nodes.every((node) => node.type === 'group')).toBe(true)
    expect(nodes.reduce((total, node) => total + (node.type === 'group' ? node.members : 1), 0)).toBe(600)
    expect(edges.reduce((total, edge) => total + (edge.type === 'bundle' ? edge.hops : 1), 0)).toBe(
      largeGraph.hops.length,
    )
    expect(simplified).toEqual({ groups: 20, bundles: edges.length, droppedEdges: 0 })
  })

  it('never hides the worst state of what is folded', () => {
    const scopes = withScope(large.scopes, 'envoy/w-00007/secrets', (state) => ({
      ...state,
      facts: state.facts.map((fact) =>
        fact.kind === 'envoy-secret' && fact.certificate !== null
          ? { ...fact, certificate: { ...fact.certificate, notAfter: large.now - 1000 } }
          : fact,
      ),
    }))
    const { nodes, edges } = graphView(buildGraph({ ...settings, intent: null }, scopes, large.now), open, 1)
    expect(nodes.filter((node) => node.type === 'group' && node.worst === 'failing')).toHaveLength(1)
    expect(edges.some((edge) => edge.type === 'bundle' && edge.worst === 'failing')).toBe(true)
  })

  it('draws opened groups and the selected ends singly', () => {
    const [group] = graphView(largeGraph, open, 1).nodes
    const [hop] = largeGraph.hops
    if (group === undefined || hop === undefined) throw new Error('an empty graph')
    const opened = graphView(largeGraph, { ...open, focus: { open: [group.id], selected: null } }, 1)
    expect(opened.nodes.filter((node) => node.type === 'workload')).toHaveLength(30)
    const selected = graphView(largeGraph, { ...open, focus: { open: [], selected: hop.id } }, 1)
    expect(selected.nodes.flatMap((node) => (node.type === 'workload' ? [node.id] : [])).toSorted()).toEqual(
      [hop.from, hop.to].toSorted(),
    )
    expect(selected.edges.some((edge) => edge.id === hop.id && edge.type === 'hop')).toBe(true)
  })

  it('keeps to the limit of the contract, says what it left out, and leaves out the quiet ones', () => {
    const single = graphView(largeGraph, { ...open, grouping: 'none' }, 1)
    expect(single.nodes.length + single.edges.length).toBeLessThanOrEqual(maximumItems)
    expect(single.simplified.droppedEdges).toBe(largeGraph.hops.length - single.edges.length)
    const few = graphView(largeGraph, { ...open, grouping: 'none' }, 1, { limit: 50 })
    expect(few.nodes.length + few.edges.length).toBeLessThanOrEqual(50)
  })
})

describe('changes between two views', () => {
  it('lead from one to the other', () => {
    const before = graphView(buildGraph(settings, pipeline.scopes, builtAt), open, 1)
    const after = graphView(graph, { ...open, filter: 'tool' }, 2)
    const changes = graphChanges(before, after)
    expect(changes.type).toBe('changes')
    const applied = applyChanges(before, changes)
    expect({ ...applied, nodes: byId(applied.nodes), edges: byId(applied.edges) }).toEqual({
      ...after,
      nodes: byId(after.nodes),
      edges: byId(after.edges),
    })
  })

  it('are empty between equal views', () => {
    const again = buildGraph(settings, plain, builtAt)
    expect(graphChanges(view('', graph), view('', again))).toMatchObject({
      type: 'changes',
      nodes: { put: [], removed: [] },
      edges: { put: [], removed: [] },
    })
  })

  it('name what is gone', () => {
    const fewer = buildGraph(
      { ...settings, intent: null },
      plain.filter((state) => !state.scope.includes('tool-runtime')),
      builtAt,
    )
    const changes = graphChanges(view('', graph), { ...view('', fewer), nodes: [], edges: [] })
    expect(changes).toMatchObject({ type: 'changes', nodes: { put: [] } })
    if (changes.type === 'changes') expect([changes.nodes.removed.length, changes.edges.removed.length]).toEqual([3, 2])
  })

  it('are the whole view for another environment', () => {
    const other = { ...view(''), environment: 'other' }
    expect(graphChanges(view(''), other)).toEqual({ type: 'whole', view: other })
  })
})

function byId<Item extends { readonly id: string }>(items: readonly Item[]): readonly Item[] {
  return items.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

describe('the control plane of a large environment', () => {
  const [one] = graph.control
  if (one === undefined) throw new Error('the small pipeline has a control plane')
  const opas = Array.from({ length: 3000 }, (_, at) => ({
    ...one,
    kind: 'opa-instance' as const,
    id: `control/opa/${at}`,
  }))
  const failing = opas.map((opa) =>
    opa.id === 'control/opa/2500' ? { ...opa, state: { ...opa.state, state: 'failing' as const } } : opa,
  )

  it('is drawn by the worst and the selected of each kind, and one card for the others, which counts them', () => {
    const large = { ...graph, control: failing }
    const focus = { open: [], selected: 'control/opa/2700' }
    const { control, nodes, edges } = graphView(large, { ...open, focus }, 1)
    const ids = control.map(({ id }) => id)
    expect(ids).toHaveLength(mostOfAKind)
    expect(ids).toEqual(expect.arrayContaining(['control/opa/2500', 'control/opa/2700', 'control/more/opa-instance']))
    expect(control.at(-1)?.summary).toEqual({ code: 'control-folded', params: { count: 2977, drawn: 23 } })
    expect(control.length + nodes.length + edges.length).toBeLessThanOrEqual(maximumItems)
  })

  it('is never better on the card for the others than the worst of them', () => {
    const all = failing.map((opa) => ({ ...opa, state: { ...opa.state, state: 'failing' as const } }))
    expect(graphView({ ...graph, control: all }, open, 1).control.at(-1)?.state.state).toBe('failing')
  })

  it('leaves with a hundred gaps and the number of all of them', () => {
    const gap = {
      source: 'opa' as const,
      instance: 'a',
      what: 'status',
      reason: 'forbidden' as const,
      detail: '',
      at: builtAt,
    }
    const gaps = Array.from({ length: 3000 }, (_, at) => ({ ...gap, instance: `opa-${at}` }))
    const { counts, gaps: sent } = graphView({ ...graph, gaps }, open, 1)
    expect([counts.totalGaps, sent.length]).toEqual([3000, 100])
  })
})
