import type { ScopeState, SourceKind } from '../model/fact.ts'
import type { ControlComponent, TrustGraph } from '../model/graph.ts'
import type { EpochMs } from '../model/time.ts'
import { elementChanges } from './element-changes.ts'
import type { ElementChange, GraphDifference, HistoryEvent, WatchGap } from './model.ts'

/** A graph with the time that it is of, and with what it was made of. */
export interface GraphAt {
  readonly at: EpochMs
  readonly graph: TrustGraph
  /** The gap that holds the time: the graph then proves nothing. null: it was watched. */
  readonly gap: WatchGap | null
  /** Facts by source, as `factsBySource` counts them. */
  readonly facts: ReadonlyMap<string, number>
}

/**
 * What differs between two times of one environment, in the order of reading: `before` may be the later one.
 * @param events of the time between, to tell when something changed. @param gaps of the time between.
 */
export function graphDifference(
  before: GraphAt,
  after: GraphAt,
  events: readonly HistoryEvent[],
  gaps: readonly WatchGap[],
): GraphDifference {
  const notComparable = onlyOnce(before, after)
  const base = { from: before.at, to: after.at, notComparable, gaps }
  // What nobody watched is neither as it was nor otherwise.
  if (before.gap !== null || after.gap !== null) return { ...base, changes: [] }
  const unknown = new Set(notComparable.map(({ source }) => source))
  const parts = new Map([...before.graph.control, ...after.graph.control].map((part) => [part.id, part]))
  const times = changedAt(events, before.at, after.at)
  const changes = elementChanges(before.graph, after.graph)
    .filter(({ element, aspect }) => {
      // A part that was not asked was not absent.
      const part = element.kind === 'control' && aspect === 'presence' ? parts.get(element.id) : undefined
      return part === undefined || !isOfOneTime(part, unknown)
    })
    .map((change) => ({ ...change, at: times.get(keyOf(change)) ?? null }))
  return { ...base, changes: changes.toSorted(inOrder) }
}

/** `<kind>/<instance>` with the number of facts that are known of it; a source that was never read has none. */
export function factsBySource(states: Iterable<ScopeState>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { scope, facts } of states) {
    if (facts.length === 0) continue
    const [kind = '', instance = ''] = scope.split('/', 2)
    const source = `${kind}/${instance}`
    counts.set(source, (counts.get(source) ?? 0) + facts.length)
  }
  return counts
}

type NotComparable = GraphDifference['notComparable'][number]

/** These are written down by hand, one by one: that one is not there says that it was not asked. Pods come and go by themselves. */
const namedByHand: ReadonlySet<string> = new Set<SourceKind>(['kubernetes', 'spire', 'vault'])

/** Whole sources of which only one of the times has facts, with how many. In a gap nothing is known. */
export function onlyOnce(
  before: Pick<GraphAt, 'gap' | 'facts'>,
  after: Pick<GraphAt, 'gap' | 'facts'>,
): readonly NotComparable[] {
  const kinds = [byKind(before), byKind(after)] as const
  const found: NotComparable[] = []
  const note = (source: string, missingAt: NotComparable['missingAt'], facts: number): void => {
    if (facts > 0) found.push({ source, missingAt, facts })
  }
  for (const kind of new Set([...kinds[0].keys(), ...kinds[1].keys()])) {
    const here = before.gap === null ? (kinds[0].get(kind) ?? 0) : 0
    const there = after.gap === null ? (kinds[1].get(kind) ?? 0) : 0
    if (here === 0) note(kind, 'from', there)
    else if (there === 0) note(kind, 'to', here)
  }
  const whole = new Set(found.map(({ source }) => source))
  for (const source of new Set([...before.facts.keys(), ...after.facts.keys()])) {
    const [kind = ''] = source.split('/', 1)
    if (!namedByHand.has(kind) || whole.has(kind)) continue
    const here = before.facts.get(source) ?? 0
    const there = after.facts.get(source) ?? 0
    if (here === 0) note(source, 'from', there)
    else if (there === 0) note(source, 'to', here)
  }
  return found.toSorted((one, other) => (one.source < other.source ? -1 : 1))
}

function byKind({ facts }: Pick<GraphAt, 'facts'>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const [source, count] of facts) {
    const [kind = ''] = source.split('/', 1)
    counts.set(kind, (counts.get(kind) ?? 0) + count)
  }
  return counts
}

const sourceOfPart: Readonly<Record<ControlComponent['kind'], SourceKind>> = {
  'spire-server': 'spire',
  'spire-agent': 'spire',
  'opa-bundle': 'opa',
  'opa-instance': 'opa',
  'registration-object': 'kubernetes',
  vault: 'vault',
}

function isOfOneTime({ kind, name }: ControlComponent, notComparable: ReadonlySet<string>): boolean {
  const source = sourceOfPart[kind]
  return notComparable.has(source) || notComparable.has(`${source}/${name}`)
}

/** When each was last seen to change between the two times. */
function changedAt(events: readonly HistoryEvent[], from: EpochMs, to: EpochMs): ReadonlyMap<string, EpochMs> {
  const [first, last] = from < to ? [from, to] : [to, from]
  const times = new Map<string, EpochMs>()
  for (const { at, change } of events) {
    if (at < first || at > last) continue
    const key = keyOf(change)
    times.set(key, Math.max(times.get(key) ?? at, at))
  }
  return times
}

function keyOf({ element, aspect }: ElementChange): string {
  return `${aspect} ${element.kind} ${element.id}`
}

const places: Readonly<Record<ElementChange['direction'], number>> = { worse: 0, better: 1, changed: 2 }

type Change = GraphDifference['changes'][number]

function inOrder(one: Change, other: Change): number {
  return (
    places[one.direction] - places[other.direction] ||
    (other.at ?? 0) - (one.at ?? 0) ||
    (one.name < other.name ? -1 : one.name > other.name ? 1 : 0) ||
    (one.aspect < other.aspect ? -1 : one.aspect > other.aspect ? 1 : 0)
  )
}
