import type {
  ControlDetail,
  Found,
  GraphChanges,
  GraphDocumentParts,
  GraphView,
  HopDetail,
  ViewInput,
  WorkloadDetail,
} from '../../shared/contract/graph.ts'
import { searchGraph } from '../../shared/domain/graph/search.ts'
import { hopLineOf } from '../../shared/domain/graph/view.ts'
import { matchesOf } from '../../shared/domain/graph/view-filter.ts'
import type { TrustGraph, Workload } from '../../shared/domain/model/graph.ts'
import type { FilterProblem } from '../../shared/domain/model/view.ts'
import { Failure } from './failure.ts'
import { factIdsOf, factsById, referenceTo, sourcesAround } from './graph-facts.ts'
import type { Session, Sessions } from './sessions.ts'

/** A larger graph does not travel as one document: views and details do. */
export const mostDocumentHops = 25_000

/** The graph namespace of the contract. */
export interface GraphHandlers {
  view(input: ViewInput, viewer: string): Promise<GraphView>
  changes(input: ViewInput & { readonly since: number }, viewer: string): Promise<GraphChanges>
  workload(input: { readonly environment: string; readonly id: string }): Promise<WorkloadDetail>
  control(input: { readonly environment: string; readonly id: string }): Promise<ControlDetail>
  hop(input: { readonly environment: string; readonly id: string }): Promise<HopDetail>
  search(input: { readonly environment: string; readonly text: string }): Promise<Found>
  document(input: { readonly environment: string; readonly filter: string }): Promise<GraphDocumentParts>
  attend(
    input: { readonly environment: string; readonly selected: string | null },
    viewer: string,
  ): Promise<{ readonly attending: boolean }>
}

export function createGraphHandlers(sessions: Sessions): GraphHandlers {
  return {
    async view(input, viewer) {
      const session = await sessions.use(input.environment)
      session.seen(viewer)
      return session.keeper.view(input)
    },
    async changes(input, viewer) {
      const session = await sessions.use(input.environment)
      session.seen(viewer)
      return session.keeper.changes(input, input.since)
    },
    async workload({ environment, id }) {
      const session = await sessions.use(environment)
      const { graph } = session.keeper.current()
      const workload = workloadById(graph, id)
      const hops = graph.hops.filter((hop) => hop.from === id || hop.to === id)
      return { asOf: graph.asOf, workload, hops: hops.map(hopLineOf), facts: factsOf(session, workload) }
    },
    async control({ environment, id }) {
      const session = await sessions.use(environment)
      const { graph } = session.keeper.current()
      const component = graph.control.find((each) => each.id === id)
      if (component === undefined) throw missing('part of the control plane', id)
      return { asOf: graph.asOf, component, facts: factsOf(session, component) }
    },
    async hop({ environment, id }) {
      const session = await sessions.use(environment)
      const { graph } = session.keeper.current()
      const hop = graph.hops.find((each) => each.id === id)
      if (hop === undefined) throw missing('hop', id)
      const from = workloadById(graph, hop.from)
      const to = workloadById(graph, hop.to)
      return { asOf: graph.asOf, hop, from, to, facts: factsOf(session, [hop, from, to]) }
    },
    async search({ environment, text }) {
      const session = await sessions.use(environment)
      return searchGraph(session.keeper.current().graph, text)
    },
    async document({ environment, filter }) {
      const session = await sessions.use(environment)
      const { graph, filterProblem } = filtered(session.keeper.fresh().graph, filter)
      if (graph.hops.length > mostDocumentHops) {
        throw new Failure(
          'exhausted',
          environment,
          `The graph has ${graph.hops.length} hops${filter.trim() === '' ? '' : ' that match'}; one document holds at most ${mostDocumentHops}.`,
          'Ask for a part of it with a filter that leaves less.',
        )
      }
      return { ...graph, facts: factsOf(session, graph).map(referenceTo), filterProblem }
    },
    async attend({ environment, selected }, viewer) {
      const session = await sessions.use(environment)
      const sources = sourcesAround(session.keeper.current().graph, selected)
      session.attend(viewer, sources)
      return { attending: sources.size > 0 }
    },
  }
}

/** What a filter leaves: matching workloads, matching hops, and the ends of these. */
function filtered(
  graph: TrustGraph,
  filter: string,
): { readonly graph: TrustGraph; readonly filterProblem: FilterProblem | null } {
  const matches = matchesOf(graph, filter)
  if ('word' in matches) return { graph, filterProblem: matches }
  if (matches.workloads === null || matches.hops === null) return { graph, filterProblem: null }
  const hops = graph.hops.filter(({ id }) => matches.hops?.has(id))
  const kept = new Set([...matches.workloads, ...hops.flatMap(({ from, to }) => [from, to])])
  return { graph: { ...graph, workloads: graph.workloads.filter(({ id }) => kept.has(id)), hops }, filterProblem: null }
}

function factsOf(session: Session, element: unknown): WorkloadDetail['facts'] {
  return factsById(session.observation.store.states, factIdsOf(element))
}

function workloadById(graph: TrustGraph, id: string): Workload {
  const workload = graph.workloads.find((each) => each.id === id)
  if (workload === undefined) throw missing('workload', id)
  return workload
}

function missing(what: string, id: string): Failure {
  return new Failure(
    'not-found',
    id,
    `The graph has no ${what} with this id now.`,
    'It may be gone; look at the graph again.',
  )
}
