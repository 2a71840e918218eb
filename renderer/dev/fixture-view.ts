import type { SourceHealth } from '../../shared/contract/environments.ts'
import type { Hop, Workload } from '../../shared/domain/model/graph.ts'
import type { Relation, WorkloadState } from '../../shared/domain/model/hop-state.ts'
import type { EdgeItem, GraphView, NodeItem } from '../../shared/domain/model/view.ts'
import { hop, lineOf, type Moment, minute, revision, type WorkloadSketch, workload } from './fixture-parts.ts'
import { controls, countsOf, healthOf } from './fixture-surroundings.ts'
import { leasesBetween, vaultComponent, withLeases } from './fixture-vault.ts'

/** A whole invented graph: what the fixture client answers from. */
export interface Fixture {
  readonly workloads: readonly Workload[]
  readonly hops: readonly Hop[]
  readonly view: GraphView
  readonly health: readonly SourceHealth[]
}

const zones: GraphView['zones'] = [
  { id: 'edge', title: 'Untrusted edge', kind: 'untrusted', order: 0 },
  { id: 'pipeline', title: 'Pipeline', kind: 'pipeline', order: 1 },
  { id: 'data', title: 'Data plane and tools', kind: 'data', order: 2 },
  { id: 'outside', title: 'External', kind: 'external', order: 3 },
]

const stages: readonly (readonly [string, string, string, string])[] = [
  ['application', 'client', 'edge', 'edge'],
  ['gateway', 'gateway', 'pipeline', 'ai'],
  ['prompt-firewall', 'firewall', 'pipeline', 'ai'],
  ['input-sanitiser', 'sanitiser', 'pipeline', 'ai'],
  ['orchestrator', 'orchestrator', 'pipeline', 'ai'],
  ['model-server', 'model', 'pipeline', 'ai'],
  ['output-filter', 'filter', 'pipeline', 'ai'],
  ['vector-store', 'store', 'data', 'data'],
  ['tool-runtime', 'tool', 'data', 'tools'],
]
const calls = [
  ['application', 'gateway'],
  ['gateway', 'prompt-firewall'],
  ['prompt-firewall', 'input-sanitiser'],
  ['input-sanitiser', 'orchestrator'],
  ['orchestrator', 'vector-store'],
  ['orchestrator', 'model-server'],
  ['model-server', 'tool-runtime'],
  ['model-server', 'output-filter'],
  ['output-filter', 'gateway'],
] as const
/** Observed, granted and intended. */
export const all: readonly Relation[] = ['observed', 'granted', 'intended']

/** The lab's pipeline with everything as it should be. */
export function labFixture(moment: Moment): Fixture {
  const workloads = stages.map(([name, kind, zone, namespace], index) =>
    workload(moment, {
      name,
      kind,
      zone,
      namespace,
      order: index + 1,
      state: 'verified',
      left: 33 + index * 3,
      ...(name === 'application' ? { opa: { kind: 'none' as const } } : {}),
    }),
  )
  const hops = calls.map(([from, to]) =>
    hop(moment, {
      from: named(workloads, from),
      to: named(workloads, to),
      transport: 'verified',
      authorisation: 'allowing',
      relations: all,
      requests: 240,
    }),
  )
  return fixture(moment, workloads, hops, 'verified')
}

/** The same pipeline on a bad day: every state at least once. */
export function troubledFixture(moment: Moment): Fixture {
  const extra: readonly WorkloadSketch[] = [
    {
      name: 'batch-eval',
      kind: 'job',
      zone: 'edge',
      namespace: 'edge',
      order: 10,
      state: 'no-identity',
      left: null,
      opa: { kind: 'none' },
    },
    {
      name: 'payments-tool',
      kind: 'tool',
      zone: 'data',
      namespace: 'tools',
      order: 11,
      state: 'attention',
      left: 18,
      opa: revision(moment, 'r41', 'attention'),
    },
    {
      name: 'model-registry',
      kind: 'registry',
      zone: 'data',
      namespace: 'data',
      order: 12,
      state: 'unknown',
      left: null,
      opa: { kind: 'unknown', reason: { code: 'envoy-silent', params: {} }, last: 'r42' },
    },
    {
      name: 'llm-provider',
      kind: 'external',
      zone: 'outside',
      namespace: 'outside',
      order: 13,
      state: 'external',
      left: 61 * 24 * 60,
      opa: { kind: 'none' },
    },
  ]
  const states: Readonly<Record<string, readonly [WorkloadState, number]>> = {
    'tool-runtime': ['failing', -4],
    'output-filter': ['verified', 55],
  }
  const workloads = [
    ...stages.map(([name, kind, zone, namespace], index) => {
      const [state, left] = states[name] ?? ['verified', 33 + index * 3]
      return workload(moment, {
        name,
        kind,
        zone,
        namespace,
        order: index + 1,
        state,
        left,
        ...(name === 'application' ? { opa: { kind: 'none' as const } } : {}),
      })
    }),
    ...extra.map((sketch) => workload(moment, sketch)),
  ]
  const w = (name: string) => named(workloads, name)
  const hops = [
    hop(moment, {
      from: w('application'),
      to: w('gateway'),
      transport: 'verified',
      authorisation: 'allowing',
      relations: all,
      requests: 25_080,
    }),
    hop(moment, {
      from: w('gateway'),
      to: w('prompt-firewall'),
      transport: 'verified',
      authorisation: 'allowing',
      relations: all,
      requests: 25_080,
      claims: 'spiffe://pipeline.example/ns/ai/sa/orchestrator',
    }),
    hop(moment, {
      from: w('prompt-firewall'),
      to: w('input-sanitiser'),
      transport: 'verified',
      authorisation: 'failing-open',
      relations: all,
      requests: 24_120,
    }),
    hop(moment, {
      from: w('input-sanitiser'),
      to: w('orchestrator'),
      transport: 'verified',
      authorisation: 'denying',
      relations: all,
      requests: 24_120,
      denied: 1471,
    }),
    hop(moment, {
      from: w('orchestrator'),
      to: w('vector-store'),
      transport: 'verified',
      authorisation: 'erroring',
      relations: all,
      requests: 5760,
      errors: 18,
    }),
    hop(moment, {
      from: w('orchestrator'),
      to: w('model-server'),
      transport: 'verified',
      authorisation: 'allowing',
      relations: all,
      requests: 22_620,
    }),
    hop(moment, {
      from: w('model-server'),
      to: w('tool-runtime'),
      transport: 'failing',
      authorisation: 'unknown',
      relations: all,
      requests: 0,
    }),
    hop(moment, {
      from: w('model-server'),
      to: w('output-filter'),
      transport: 'verified',
      authorisation: 'allowing',
      relations: all,
      requests: 22_620,
    }),
    hop(moment, {
      from: w('output-filter'),
      to: w('gateway'),
      transport: 'verified',
      authorisation: 'unguarded',
      relations: all,
      requests: 22_620,
    }),
    hop(moment, {
      from: w('batch-eval'),
      to: w('model-server'),
      transport: 'plaintext',
      authorisation: 'unguarded',
      relations: ['observed'],
      requests: 126,
    }),
    hop(moment, {
      from: w('model-server'),
      to: w('model-registry'),
      transport: 'unknown',
      authorisation: 'unknown',
      relations: ['observed', 'intended'],
      requests: null,
    }),
    hop(moment, {
      from: w('model-server'),
      to: w('llm-provider'),
      transport: 'one-sided',
      authorisation: 'unknown',
      relations: ['observed', 'granted'],
      requests: 252,
    }),
    hop(moment, {
      from: w('tool-runtime'),
      to: w('payments-tool'),
      transport: 'configured',
      authorisation: 'unknown',
      relations: ['granted', 'intended'],
      requests: 0,
    }),
    hop(moment, {
      from: w('vector-store'),
      to: w('model-registry'),
      transport: 'unknown',
      authorisation: 'unknown',
      relations: ['granted'],
      requests: null,
    }),
    hop(moment, {
      from: w('orchestrator'),
      to: w('payments-tool'),
      transport: 'unknown',
      authorisation: 'unknown',
      relations: ['intended'],
      requests: null,
    }),
  ]
  return fixture(moment, workloads, hops, 'attention')
}

function named(workloads: readonly Workload[], name: string): Workload {
  const found = workloads.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no workload ${name} in the fixture`)
  return found
}

function fixture(moment: Moment, bare: readonly Workload[], calls: readonly Hop[], state: WorkloadState): Fixture {
  const { now } = moment
  const troubled = state !== 'verified'
  const workloads = bare.map((item) => withLeases(moment, item, troubled))
  const hops = calls.map((item) => leasesBetween(item, workloads))
  const nodes: readonly NodeItem[] = workloads.map((item) => ({
    type: 'workload',
    id: item.id,
    workload: item,
    matches: true,
  }))
  const edges: readonly EdgeItem[] = hops.map((item) => ({
    type: 'hop',
    id: item.id,
    from: item.from,
    to: item.to,
    hop: lineOf(item),
    matches: true,
  }))
  return {
    workloads,
    hops,
    view: {
      revision: 1,
      environment: 'lab',
      asOf: now,
      trustDomains: ['pipeline.example'],
      zones,
      nodes,
      edges,
      control: [...controls(moment, troubled), vaultComponent(moment, troubled)],
      controlLinks: {
        shown: troubled
          ? [
              {
                id: 'link/tool-runtime>node-b',
                from: named(workloads, 'tool-runtime').id,
                to: 'control/node-b',
                kind: 'spire-agent',
                state: 'failing',
              },
            ]
          : [],
        total: 9,
      },
      counts: { ...countsOf(workloads, hops), totalGaps: troubled ? 1 : 0 },
      gaps: troubled
        ? [
            {
              source: 'envoy',
              instance: 'model-registry',
              what: 'listeners',
              reason: 'timed-out',
              detail: 'no answer in 2 s',
              at: now - 9 * minute,
            },
          ]
        : [],
      defects: [],
      simplified: { groups: 0, bundles: 0, droppedEdges: 0 },
      filterProblem: null,
      intentProblem: null,
      lastKnown: null,
      past: null,
    },
    health: healthOf(moment, troubled),
  }
}
