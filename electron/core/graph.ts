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
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { FilterProblem, PastPart } from '../../shared/domain/model/view.ts'
import type { EnvironmentRegistry } from './environments.ts'
import { Failure } from './failure.ts'
import { factIdsOf, factsById, referenceTo, sourcesAround } from './graph-facts.ts'
import { onlyNow, type Past, type Pasts } from './past.ts'
import { configuredKinds, type KnownNow, pastPart, pastView } from './past-view.ts'
import type { Sessions } from './sessions.ts'

/** A larger graph does not travel as one document: views and details do. */
export const mostDocumentHops = 25_000

interface OfElement {
  readonly environment: string
  readonly at: EpochMs | null
  readonly id: string
}

/** The graph namespace of the contract. */
export interface GraphHandlers {
  view(input: ViewInput, viewer: string): Promise<GraphView>
  /** Of a past time the whole view: nothing changes there. */
  changes(input: ViewInput & { readonly since: number }, viewer: string): Promise<GraphChanges>
  workload(input: OfElement): Promise<WorkloadDetail>
  control(input: OfElement): Promise<ControlDetail>
  hop(input: OfElement): Promise<HopDetail>
  search(input: { readonly environment: string; readonly at: EpochMs | null; readonly text: string }): Promise<Found>
  document(input: {
    readonly environment: string
    readonly at: EpochMs | null
    readonly filter: string
  }): Promise<GraphDocumentParts>
  attend(
    input: { readonly environment: string; readonly selected: string | null },
    viewer: string,
  ): Promise<{ readonly attending: boolean }>
}

/** A graph with the facts that it is of. */
interface Known {
  readonly graph: TrustGraph
  readonly states: Past['states']
  readonly past: Past | null
}

/** @param registry names the sources of an environment: those of a past that recorded nothing of them are said to lack. */
export function createGraphHandlers(
  sessions: Sessions,
  pasts: Pick<Pasts, 'asked'> = onlyNow,
  registry: Pick<EnvironmentRegistry, 'get'> | null = null,
): GraphHandlers {
  async function known(
    environment: string,
    at: EpochMs | null,
    freshness: 'current' | 'fresh' = 'current',
  ): Promise<Known> {
    const past = await pasts.asked(environment, at)
    if (past !== null) return { graph: past.graph, states: past.states, past }
    const session = await sessions.use(environment)
    return { graph: session.keeper[freshness]().graph, states: session.observation.store.states, past: null }
  }

  async function partOf(past: Past): Promise<PastPart> {
    const now: KnownNow = sessions.isRead(past.environment)
      ? (await sessions.use(past.environment)).observation.store.states
      : null
    return pastPart(past, sourcesOf(past.environment), now)
  }

  async function viewOf(past: Past, input: ViewInput): Promise<GraphView> {
    return pastView(past, input, await partOf(past))
  }

  function sourcesOf(environment: string): ReturnType<typeof configuredKinds> {
    try {
      return registry === null ? [] : configuredKinds(registry.get(environment).environment)
    } catch {
      return [] // a snapshot, or an environment whose file is broken now: what was recorded is still to be seen
    }
  }

  return {
    async view(input, viewer) {
      const past = await pasts.asked(input.environment, input.at)
      if (past !== null) return viewOf(past, input)
      const session = await sessions.use(input.environment)
      session.seen(viewer)
      return session.keeper.view(input)
    },
    async changes(input, viewer) {
      const past = await pasts.asked(input.environment, input.at)
      if (past !== null) return { type: 'whole', view: await viewOf(past, input) }
      const session = await sessions.use(input.environment)
      session.seen(viewer)
      return session.keeper.changes(input, input.since)
    },
    async workload({ environment, at, id }) {
      const { graph, states } = await known(environment, at)
      const workload = workloadById(graph, id)
      const hops = graph.hops.filter((hop) => hop.from === id || hop.to === id)
      return { asOf: graph.asOf, workload, hops: hops.map(hopLineOf), facts: factsOf(states, workload) }
    },
    async control({ environment, at, id }) {
      const { graph, states } = await known(environment, at)
      const component = graph.control.find((each) => each.id === id)
      if (component === undefined) throw missing('part of the control plane', id)
      return { asOf: graph.asOf, component, facts: factsOf(states, component) }
    },
    async hop({ environment, at, id }) {
      const { graph, states } = await known(environment, at)
      const hop = graph.hops.find((each) => each.id === id)
      if (hop === undefined) throw missing('hop', id)
      const from = workloadById(graph, hop.from)
      const to = workloadById(graph, hop.to)
      return { asOf: graph.asOf, hop, from, to, facts: factsOf(states, [hop, from, to]) }
    },
    async search({ environment, at, text }) {
      return searchGraph((await known(environment, at)).graph, text)
    },
    async document({ environment, at, filter }) {
      const { graph: whole, states, past } = await known(environment, at, 'fresh')
      const { graph, filterProblem } = filtered(whole, filter)
      if (graph.hops.length > mostDocumentHops) {
        throw new Failure(
          'exhausted',
          environment,
          `The graph has ${graph.hops.length} hops${filter.trim() === '' ? '' : ' that match'}; one document holds at most ${mostDocumentHops}.`,
          'Ask for a part of it with a filter that leaves less.',
        )
      }
      return {
        ...graph,
        facts: factsOf(states, graph).map(referenceTo),
        filterProblem,
        past: past === null ? null : await partOf(past),
      }
    },
    async attend({ environment, selected }, viewer) {
      // What is past is not read again.
      if ((await pasts.asked(environment, null)) !== null) return { attending: false }
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

function factsOf(states: Known['states'], element: unknown): WorkloadDetail['facts'] {
  return factsById(states, factIdsOf(element))
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
    `The graph has no ${what} with this id at this time.`,
    'It may be gone; look at the graph again.',
  )
}
