import type { SourceHealth } from '../../shared/contract/environments.ts'
import type { ControlComponent, Hop, Workload } from '../../shared/domain/model/graph.ts'
import type { Relation } from '../../shared/domain/model/hop-state.ts'
import { authorisationStates, relations, transportStates, workloadStates } from '../../shared/domain/model/hop-state.ts'
import type { GraphCounts } from '../../shared/domain/model/view.ts'
import { judge, type Moment, minute } from './fixture-parts.ts'

/** The control plane of the fixture, with one expired agent when there is trouble. */
export function controls({ now }: Moment, troubled: boolean): readonly ControlComponent[] {
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

/** Exact numbers of what the fixture holds. */
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
    totalGaps: 0,
    observedNotGranted: hops.filter((item) => has(item, 'observed') && !has(item, 'granted')).length,
    grantedNotObserved: hops.filter((item) => has(item, 'granted') && !has(item, 'observed')).length,
    matchingWorkloads: workloads.length,
    matchingHops: hops.length,
  }
}

/** Source health, with one silent Envoy when there is trouble. */
export function healthOf({ now }: Moment, troubled: boolean): readonly SourceHealth[] {
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
