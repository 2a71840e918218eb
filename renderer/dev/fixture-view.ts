import type { SourceHealth } from '../../shared/contract/environments.ts'
import type { ControlComponent, Hop, Workload } from '../../shared/domain/model/graph.ts'
import type { Relation, TransportState, WorkloadState } from '../../shared/domain/model/hop-state.ts'
import { authorisationStates, relations, transportStates, workloadStates } from '../../shared/domain/model/hop-state.ts'
import type { EdgeItem, GraphCounts, GraphView, NodeItem } from '../../shared/domain/model/view.ts'
import { hop, judge, lineOf, type Moment, minute, revision, type WorkloadSketch, workload } from './fixture-parts.ts'

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
const all: readonly Relation[] = ['observed', 'granted', 'intended']

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

function fixture(moment: Moment, workloads: readonly Workload[], hops: readonly Hop[], state: WorkloadState): Fixture {
  const { now } = moment
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
  const troubled = state !== 'verified'
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
      control: controls(moment, troubled),
      counts: countsOf(workloads, hops),
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
    },
    health: healthOf(moment, troubled),
  }
}

function controls({ now }: Moment, troubled: boolean): readonly ControlComponent[] {
  const component = (
    id: string,
    kind: ControlComponent['kind'],
    name: string,
    summary: ControlComponent['summary'],
    failing = false,
  ): ControlComponent => ({
    id: `control/${id}`,
    kind,
    name,
    state: failing
      ? judge('failing', 'agent-expired', { name, agent: name, notAfter: now - 4 * minute, instances: 1, affected: 1 })
      : judge('verified', 'workload-verified', { name, notAfter: now + 50 * minute, instances: 1 }),
    summary,
  })
  return [
    component('spire', 'spire-server', 'SPIRE server', {
      code: 'spire-server-summary',
      params: { trustDomain: 'pipeline.example', agents: 2, entries: 11 },
    }),
    component('node-a', 'spire-agent', 'node-a', {
      code: 'agent-current',
      params: { agent: 'node', notAfter: now + 40 * minute },
    }),
    component(
      'node-b',
      'spire-agent',
      'node-b',
      { code: 'agent-current', params: { agent: 'node', notAfter: now + 40 * minute } },
      troubled,
    ),
    component('authz', 'opa-bundle', 'authz bundle', {
      code: 'bundle-converged',
      params: { revision: 'r42', count: 3, total: 3 },
    }),
  ]
}

export function countsOf(workloads: readonly Workload[], hops: readonly Hop[]): GraphCounts {
  const tally = <State extends string>(states: readonly State[], values: readonly State[]) =>
    Object.fromEntries(states.map((state) => [state, values.filter((value) => value === state).length])) as Record<
      State,
      number
    >
  const has = (item: Hop, relation: Relation) => item.relations.includes(relation)
  return {
    workloads: tally(
      workloadStates,
      workloads.map((item) => item.state.state),
    ),
    transport: tally(
      transportStates,
      hops.map((item) => item.transport.state),
    ),
    authorisation: tally(
      authorisationStates,
      hops.map((item) => item.authorisation.state),
    ),
    relations: tally(
      relations,
      hops.flatMap((item) => item.relations),
    ),
    totalWorkloads: workloads.length,
    totalHops: hops.length,
    observedNotGranted: hops.filter((item) => has(item, 'observed') && !has(item, 'granted')).length,
    grantedNotObserved: hops.filter((item) => has(item, 'granted') && !has(item, 'observed')).length,
    matchingWorkloads: workloads.length,
    matchingHops: hops.length,
  }
}

function healthOf({ now }: Moment, troubled: boolean): readonly SourceHealth[] {
  const source = (kind: SourceHealth['source'], configured: number, answering = configured): SourceHealth => ({
    source: kind,
    answering,
    configured,
    pending: 0,
    oldestReadAt: now - 4000,
    newestReadAt: now - 1000,
    problems:
      answering === configured
        ? []
        : [
            {
              instance: 'model-registry',
              what: 'listeners',
              reason: 'timed-out',
              detail: 'no answer in 2 s',
              since: now - 9 * minute,
              lastReadAt: now - 9 * minute,
            },
          ],
  })
  return [source('spire', 1), source('envoy', 10, troubled ? 9 : 10), source('opa', 3), source('logs', 12)]
}

/** A grouped view of 5,000 workloads and 25,000 hops: 120 groups and their bundles; `members` opens the first group. */
export function largeFixture(moment: Moment, opened: readonly string[]): Fixture {
  const base = labFixture(moment)
  const kinds = ['client', 'tool', 'model']
  const groups: NodeItem[] = []
  for (let zone = 0; zone < 40; zone += 1) {
    kinds.forEach((kind, index) => {
      const failing = (zone * 7 + index) % 23 === 0 ? 2 : 0
      const unknown = (zone + index) % 9 === 0 ? 1 : 0
      groups.push({
        type: 'group',
        id: `group/z${zone}/${kind}`,
        name: `${kind} workers z${zone}`,
        kind,
        zone: zone === 0 ? 'edge' : zone < 20 ? 'pipeline' : 'data',
        order: zone * 3 + index,
        members: 42,
        states: {
          verified: 42 - failing - unknown,
          ...(failing > 0 ? { failing } : {}),
          ...(unknown > 0 ? { unknown } : {}),
        },
        worst: failing > 0 ? 'failing' : unknown > 0 ? 'unknown' : 'verified',
        nextExpiryAt: moment.now + 34 * minute,
        matches: true,
      })
    })
  }
  const bundles: EdgeItem[] = groups.flatMap((group, index) =>
    [1, 7, 13, 29].flatMap((offset): readonly EdgeItem[] => {
      const other = groups[(index + offset) % groups.length]
      if (other === undefined || (index * offset) % 10 === 9) return []
      const worst: TransportState =
        (index + offset) % 31 === 0 ? 'failing' : (index + offset) % 17 === 0 ? 'plaintext' : 'verified'
      return [
        {
          type: 'bundle',
          id: `bundle/${group.id}>${other.id}`,
          from: group.id,
          to: other.id,
          hops: 58,
          transport: { verified: 57, [worst]: 1 },
          worst,
          worstAuthorisation: 'allowing',
          relations: all,
          matches: true,
        },
      ]
    }),
  )
  const members = opened.flatMap((id) => {
    const group = groups.find((candidate) => candidate.id === id)
    if (group?.type !== 'group') return []
    return Array.from({ length: group.members }, (_, index) =>
      workload(moment, {
        name: `${group.kind}-${index}`,
        kind: group.kind,
        zone: group.zone,
        namespace: id.replaceAll('/', '-'),
        order: 1000 + index,
        state: index === 3 ? 'failing' : 'verified',
        left: index === 3 ? -4 : 30 + (index % 20),
      }),
    )
  })
  const hops = members.flatMap((from, index) =>
    [1, 2, 5, 9, 11].map((offset) => {
      const to = members[(index + offset) % members.length] ?? from
      return hop(moment, {
        from,
        to,
        transport: index === 3 ? 'failing' : 'verified',
        authorisation: 'allowing',
        relations: all,
        requests: 60,
      })
    }),
  )
  const open = new Set(opened)
  return {
    ...base,
    workloads: members,
    hops,
    view: {
      ...base.view,
      nodes: [
        ...groups.filter((group) => !open.has(group.id)),
        ...members.map((item): NodeItem => ({ type: 'workload', id: item.id, workload: item, matches: true })),
      ],
      edges: [
        ...bundles.filter((bundle) => !open.has(bundle.from) && !open.has(bundle.to)),
        ...hops.map(
          (item): EdgeItem => ({
            type: 'hop',
            id: item.id,
            from: item.from,
            to: item.to,
            hop: lineOf(item),
            matches: true,
          }),
        ),
      ],
      counts: { ...base.view.counts, totalWorkloads: 5000, totalHops: 25_000 },
      simplified: { groups: groups.length - open.size, bundles: bundles.length, droppedEdges: 0 },
    },
  }
}
