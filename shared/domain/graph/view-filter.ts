import type { Hop, TrustGraph, Workload } from '../model/graph.ts'
import {
  authorisationStates,
  relations,
  transportStates,
  type WorkloadState,
  workloadStates,
} from '../model/hop-state.ts'
import type { FilterProblem } from '../model/view.ts'

/** A filter that was understood: what matches, by id. `null` in place of a set: everything. */
export interface Matches {
  readonly workloads: ReadonlySet<string> | null
  readonly hops: ReadonlySet<string> | null
}

interface Word {
  readonly key: Key | null
  readonly values: readonly string[]
  readonly isNegated: boolean
}

const keys = ['tls', 'authz', 'state', 'relation', 'zone', 'stage', 'from', 'to', 'is'] as const
type Key = (typeof keys)[number]

const closedValues: Readonly<Partial<Record<Key, readonly string[]>>> = {
  tls: transportStates,
  authz: authorisationStates,
  state: workloadStates,
  relation: relations,
  is: ['problem', 'attention'],
}

/** These speak of hops; a workload then matches when one of its hops does. */
const hopKeys: ReadonlySet<Key | null> = new Set<Key>(['tls', 'authz', 'relation', 'from', 'to'])

/** Which workloads and hops a filter text means; a problem where a word is not known, and nothing is filtered then. */
export function matchesOf(graph: TrustGraph, filter: string): Matches | FilterProblem {
  const words: Word[] = []
  for (const text of filter.split(/\s+/)) {
    if (text === '' || text === '-') continue
    const word = wordOf(text, graph)
    if ('word' in word) return word
    words.push(word)
  }
  if (words.length === 0) return { workloads: null, hops: null }
  const byId = new Map(graph.workloads.map((workload) => [workload.id, workload]))
  const hops = new Set<string>()
  const ends = new Set<string>()
  for (const hop of graph.hops) {
    const from = byId.get(hop.from)
    const to = byId.get(hop.to)
    if (from === undefined || to === undefined) continue
    if (!words.every((word) => hopHolds(word, hop, from, to))) continue
    hops.add(hop.id)
    ends.add(hop.from)
    ends.add(hop.to)
  }
  if (words.some((word) => hopKeys.has(word.key))) return { workloads: ends, hops }
  const workloads = new Set<string>()
  for (const workload of graph.workloads) {
    const isEndOfProblem = words.some((word) => word.key === 'is') && ends.has(workload.id)
    if (isEndOfProblem || words.every((word) => workloadHolds(word, workload))) workloads.add(workload.id)
  }
  return { workloads, hops }
}

/** `key:value,value`, with `-` before it; anything else is a bare word. SPIFFE IDs and addresses have colons too. */
function wordOf(text: string, graph: TrustGraph): Word | FilterProblem {
  const isNegated = text.startsWith('-') && text.length > 1
  const body = isNegated ? text.slice(1) : text
  const found = /^([a-z]+):(?!\/\/)(.*)$/i.exec(body)
  if (found === null) return { key: null, values: [body.toLowerCase()], isNegated }
  const key = keys.find((known) => known === found[1]?.toLowerCase())
  if (key === undefined) return { word: text, known: keys.map((known) => `${known}:`) }
  const values = (found[2] ?? '')
    .toLowerCase()
    .split(',')
    .filter((value) => value !== '')
  const closed = key === 'zone' ? graph.zones.map((zone) => zone.id.toLowerCase()) : closedValues[key]
  if (values.length === 0) return { word: text, known: (closed ?? ['…']).map((value) => `${key}:${value}`) }
  const strange = closed === undefined ? undefined : values.find((value) => !closed.includes(value))
  if (strange !== undefined && closed !== undefined) {
    return { word: text, known: closed.map((value) => `${key}:${value}`) }
  }
  return { key, values, isNegated }
}

function hopHolds(word: Word, hop: Hop, from: Workload, to: Workload): boolean {
  return word.values.some((value) => hopHas(word.key, value, hop, from, to)) !== word.isNegated
}

function hopHas(key: Key | null, value: string, hop: Hop, from: Workload, to: Workload): boolean {
  switch (key) {
    case 'tls':
      return hop.transport.state === value
    case 'authz':
      return hop.authorisation.state === value
    case 'relation':
      return hop.relations.some((relation) => relation === value)
    case 'from':
      return hasText(from, value)
    case 'to':
      return hasText(to, value)
    case 'is':
      return isProblemHop(hop)
    default:
      return workloadHas(key, value, from) || workloadHas(key, value, to)
  }
}

function workloadHolds(word: Word, workload: Workload): boolean {
  return word.values.some((value) => workloadHas(word.key, value, workload)) !== word.isNegated
}

function workloadHas(key: Key | null, value: string, workload: Workload): boolean {
  switch (key) {
    case 'state':
      return workload.state.state === value
    case 'zone':
      return workload.zone.toLowerCase() === value
    case 'stage':
      return workload.stage.id?.toLowerCase() === value || workload.stage.kind.toLowerCase() === value
    case 'is':
      return problemStates.has(workload.state.state)
    default:
      return hasText(workload, value)
  }
}

const problemStates: ReadonlySet<WorkloadState> = new Set<WorkloadState>(['failing', 'no-identity', 'attention'])

/** Something breaks, is open, or is not what was intended. A denial is a decision, not a problem. */
export function isProblemHop(hop: Pick<Hop, 'transport' | 'authorisation' | 'identityClaim'>): boolean {
  const transport = hop.transport.state
  const authorisation = hop.authorisation.state
  return (
    transport === 'failing' ||
    transport === 'plaintext' ||
    transport === 'one-sided' ||
    authorisation === 'failing-open' ||
    authorisation === 'erroring' ||
    authorisation === 'unguarded' ||
    hop.identityClaim.state === 'contradicted'
  )
}

function hasText(workload: Workload, text: string): boolean {
  return (
    workload.name.toLowerCase().includes(text) ||
    workload.identityLabel.toLowerCase().includes(text) ||
    workload.id.toLowerCase().includes(text) ||
    (workload.stage.id ?? '').toLowerCase().includes(text)
  )
}
