import type { Fact, ScopeState } from '../../shared/domain/model/fact.ts'
import type { FactReference, Hop, TrustGraph, Workload } from '../../shared/domain/model/graph.ts'

type States = ReadonlyMap<string, ScopeState>

/** Ids of all facts that something of the graph rests on or shows, in the order they are met, each once. */
export function factIdsOf(element: unknown): readonly string[] {
  const ids = new Set<string>()
  collect(element, ids)
  return [...ids]
}

function collect(value: unknown, ids: Set<string>): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const item of value) collect(item, ids)
    return
  }
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'factId' && typeof inner === 'string') ids.add(inner)
    else if (key === 'restsOn') addStrings(inner, ids)
    else if (key === 'relationFacts' && typeof inner === 'object' && inner !== null) {
      for (const list of Object.values(inner)) addStrings(list, ids)
    } else collect(inner, ids)
  }
}

function addStrings(value: unknown, ids: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) if (typeof item === 'string') ids.add(item)
}

/** The facts by id, as far as they are still known. A fact's id begins with its scope: `<scope>#<kind>/<name>`. */
export function factsById(states: States, ids: readonly string[]): readonly Fact[] {
  const byScope = new Map<string, ReadonlyMap<string, Fact>>()
  return ids.flatMap((id) => {
    const scope = id.split('#', 1)[0] ?? ''
    let facts = byScope.get(scope)
    if (facts === undefined) {
      facts = new Map(states.get(scope)?.facts.map((fact) => [fact.id, fact]))
      byScope.set(scope, facts)
    }
    const fact = facts.get(id)
    return fact === undefined ? [] : [fact]
  })
}

export function referenceTo(fact: Fact): FactReference {
  const { source, instance, locator, observedAt, basis } = fact.from
  return { factId: fact.id, source, instance, locator, observedAt, basis }
}

/** `<kind>/<instance>` of the sources that say something about an element: those to read often while it is selected. */
export function sourcesAround(graph: TrustGraph, selected: string | null): ReadonlySet<string> {
  const sources = new Set<string>()
  if (selected === null) return sources
  const hop = graph.hops.find((each) => each.id === selected)
  const ends = hop === undefined ? [selected] : [hop.from, hop.to]
  for (const workload of graph.workloads) if (ends.includes(workload.id)) addSources(workload, sources)
  if (hop !== undefined) addSources(hop, sources)
  return sources
}

function addSources(element: Workload | Hop, sources: Set<string>): void {
  for (const id of factIdsOf(element)) {
    const [kind, instance] = id.split('/', 2)
    if (kind !== undefined && instance !== undefined) sources.add(`${kind}/${instance}`)
  }
}
