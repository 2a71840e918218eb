import type { GraphModel } from '../../electron/core/graph-keeper.ts'
import type { GraphView, ViewInput } from '../../shared/contract/graph.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'

export function emptyGraph(over: Partial<TrustGraph> = {}): TrustGraph {
  return {
    environment: 'lab',
    asOf: 0,
    trustDomains: [],
    zones: [],
    workloads: [],
    hops: [],
    control: [],
    gaps: [],
    defects: [],
    ...over,
  }
}

export function emptyView(over: Partial<GraphView> = {}): GraphView {
  return {
    revision: 1,
    environment: 'lab',
    asOf: 0,
    trustDomains: [],
    zones: [],
    nodes: [],
    edges: [],
    control: [],
    controlLinks: { shown: [], total: 0 },
    counts: {
      workloads: { verified: 0, attention: 0, failing: 0, unknown: 0, 'no-identity': 0, external: 0 },
      transport: { verified: 0, 'one-sided': 0, plaintext: 0, failing: 0, configured: 0, unknown: 0 },
      authorisation: { allowing: 0, denying: 0, erroring: 0, 'failing-open': 0, unguarded: 0, unknown: 0 },
      relations: { observed: 0, granted: 0, intended: 0 },
      totalWorkloads: 0,
      totalHops: 0,
      totalGaps: 0,
      observedNotGranted: 0,
      grantedNotObserved: 0,
      matchingWorkloads: 0,
      matchingHops: 0,
    },
    gaps: [],
    defects: [],
    simplified: { groups: 0, bundles: 0, droppedEdges: 0 },
    filterProblem: null,
    intentProblem: null,
    lastKnown: null,
    past: null,
    ...over,
  }
}

export const plainInput: ViewInput = {
  environment: 'lab',
  at: null,
  filter: '',
  grouping: 'auto',
  focus: { open: [], selected: null },
}

/** Graphs that differ as the test wants; what was built is written down. */
export function countingModel(version: () => string): GraphModel & { readonly builds: (readonly string[] | null)[] } {
  const builds: (readonly string[] | null)[] = []
  return {
    builds,
    build(changed, now) {
      builds.push(changed === null ? null : [...changed].sort())
      return emptyGraph({ asOf: now, trustDomains: [version()] })
    },
    isSame: (before, after) => before.trustDomains[0] === after.trustDomains[0],
    view: (graph, _input, revision) => emptyView({ revision, asOf: graph.asOf, trustDomains: graph.trustDomains }),
    changes(before, after) {
      const { nodes: _nodes, edges: _edges, revision, asOf, ...rest } = after
      const node = { put: [], removed: [`was ${before.revision}`] }
      return { type: 'changes', revision, asOf, nodes: node, edges: { put: [], removed: [] }, rest }
    },
  }
}
