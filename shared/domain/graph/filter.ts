import type { Hop, TrustGraph, Workload } from '../model/graph.ts'
import { authorisationStates, relations, transportStates, workloadStates } from '../model/hop-state.ts'

/** A filter that was understood, as two questions. */
export interface Filter {
  readonly isEmpty: boolean
  matchesHop(hop: Hop, from: Workload, to: Workload): boolean
  /** `hopMatches`: whether any hop of the workload matches. */
  matchesWorkload(workload: Workload, hopMatches: boolean): boolean
}

export interface FilterProblem {
  readonly word: string
  readonly known: readonly string[]
}

const hopKeys = ['tls', 'authz', 'relation', 'from', 'to'] as const
const workloadKeys = ['state', 'zone', 'stage'] as const
export const filterKeys: readonly string[] = [...hopKeys, ...workloadKeys]

const knownValues: Readonly<Record<string, readonly string[]>> = {
  tls: transportStates,
  authz: authorisationStates,
  relation: relations,
  state: workloadStates,
}

interface Word {
  readonly key: string | null
  readonly values: readonly string[]
  readonly excludes: boolean
}

/**
 * `tls:plaintext,failing zone:data -state:external tool`: all words must hold, a comma means "or", a minus excludes.
 * Words about hops select hops and their ends; words about workloads select workloads and the hops with an end among them.
 */
export function parseFilter(text: string, graph: TrustGraph): Filter | FilterProblem {
  const words: Word[] = []
  for (const raw of text.split(/\s+/).filter((part) => part !== '')) {
    const word = wordOf(raw)
    const problem = word.key === null ? null : problemOf(word, raw, graph)
    if (problem !== null) return problem
    words.push(word)
  }
  const aboutHops = words.filter((word) => isHopKey(word.key))
  const aboutWorkloads = words.filter((word) => !isHopKey(word.key))
  return {
    isEmpty: words.length === 0,
    matchesHop: (hop, from, to) =>
      aboutHops.every((word) => hopHolds(word, hop, from, to)) &&
      aboutWorkloads.every((word) =>
        word.excludes
          ? workloadHolds(word, from) && workloadHolds(word, to)
          : workloadHolds(word, from) || workloadHolds(word, to),
      ),
    matchesWorkload: (workload, hopMatches) =>
      aboutWorkloads.every((word) => workloadHolds(word, workload)) && (aboutHops.length === 0 || hopMatches),
  }
}

export function isProblem(parsed: Filter | FilterProblem): parsed is FilterProblem {
  return 'word' in parsed
}

function wordOf(raw: string): Word {
  const excludes = raw.length > 1 && raw.startsWith('-')
  const text = (excludes ? raw.slice(1) : raw).toLowerCase()
  const colon = text.indexOf(':')
  // A SPIFFE ID has a colon too: it is a bare word.
  if (colon <= 0 || text.startsWith('spiffe://') || text.startsWith('workload/'))
    return { key: null, values: [text], excludes }
  return {
    key: text.slice(0, colon),
    values: text
      .slice(colon + 1)
      .split(',')
      .filter((value) => value !== ''),
    excludes,
  }
}

function problemOf(word: Word, raw: string, graph: TrustGraph): FilterProblem | null {
  const key = word.key ?? ''
  if (!filterKeys.includes(key)) return { word: raw, known: filterKeys }
  const allowed = key === 'zone' ? graph.zones.map((zone) => zone.id.toLowerCase()) : knownValues[key]
  if (word.values.length === 0) return { word: raw, known: allowed ?? [] }
  if (allowed === undefined || word.values.every((value) => allowed.includes(value))) return null
  return { word: raw, known: allowed }
}

function isHopKey(key: string | null): boolean {
  return hopKeys.some((candidate) => candidate === key)
}

function hopHolds(word: Word, hop: Hop, from: Workload, to: Workload): boolean {
  const holds = word.values.some((value) => {
    if (word.key === 'tls') return hop.transport.state === value
    if (word.key === 'authz') return hop.authorisation.state === value
    if (word.key === 'relation') return hop.relations.some((relation) => relation === value)
    return contains(word.key === 'from' ? from : to, value)
  })
  return holds !== word.excludes
}

function workloadHolds(word: Word, workload: Workload): boolean {
  const holds = word.values.some((value) => {
    if (word.key === 'state') return workload.state.state === value
    if (word.key === 'zone') return workload.zone.toLowerCase() === value
    if (word.key === 'stage') return workload.stage.id?.toLowerCase() === value
    return contains(workload, value)
  })
  return holds !== word.excludes
}

/** Name, whole id (which holds the SPIFFE ID or address), stage. */
function contains(workload: Workload, text: string): boolean {
  return (
    workload.name.toLowerCase().includes(text) ||
    workload.id.toLowerCase().includes(text) ||
    (workload.stage.id?.toLowerCase().includes(text) ?? false)
  )
}
