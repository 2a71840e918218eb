import { examplesFor, fitted, membersAt } from './examples.ts'
import { type Looked, type Path, valueAt, withValue } from './looked.ts'

/** One value set, which may let the request pass: whether it does, an evaluation says. */
export interface Candidate {
  readonly root: 'data' | 'input'
  /** Of a member that is set, or of an array that gets one more. */
  readonly path: Path
  /** undefined: there is nothing. */
  readonly before: unknown
  readonly after: unknown
  /** How it came about: the sentence about it differs. */
  readonly how: 'as-before' | 'added' | 'member-added' | 'member-removed' | 'replaced'
}

export interface ProposeFrom {
  readonly looked: Looked
  /** Base data of the policy that is changed. */
  readonly data: unknown
  readonly input: unknown
  /** Base data of a policy that allowed the same input; null: none is known. */
  readonly allowedBy: unknown
}

/** Evaluations are few: so many of each kind at most. */
const mostData = 14
const mostInput = 10

/** What could be changed in data and input so that the expression that decided comes out otherwise; the likeliest first. */
export function propose(from: ProposeFrom): readonly Candidate[] {
  const data = distinct([...asBefore(from), ...soughtInData(from), ...otherValues(from)])
  return [...data.slice(0, mostData), ...distinct(inInput(from)).slice(0, mostInput)]
}

/** What a policy that allowed it has there. */
function asBefore({ looked, data, allowedBy }: ProposeFrom): readonly Candidate[] {
  if (allowedBy === null || allowedBy === undefined) return []
  return looked.data.flatMap((path) => {
    const [before, after] = [valueAt(data, path), valueAt(allowedBy, path)]
    if (after === undefined || JSON.stringify(before) === JSON.stringify(after)) return []
    return settable(data, path, after, 'as-before')
  })
}

function soughtInData({ looked, data, input }: ProposeFrom): readonly Candidate[] {
  const { sought } = looked
  if (sought === null) return []
  switch (sought.kind) {
    case 'value':
      return settable(data, sought.at, sought.wanted, 'replaced')
    case 'element': {
      const before = valueAt(data, sought.at)
      if (before === undefined) return settable(data, sought.at, [sought.value], 'added')
      if (Array.isArray(before)) {
        return [{ root: 'data', path: sought.at, before, after: [...before, sought.value], how: 'member-added' }]
      }
      return []
    }
    case 'key': {
      const values = examplesFor(data, sought.at)
      // Fitted first: an example of another caller lets pass what that one calls.
      const all = [...values.map((value) => fitted(value, input)), ...values, true]
      return all.flatMap((value) => settable(data, sought.at, value, 'added'))
    }
  }
}

/** Of what it compares: another value that such a place has elsewhere; of what refuses: the member that is found taken out. */
function otherValues({ looked, data }: ProposeFrom): readonly Candidate[] {
  return looked.data.flatMap((path): readonly Candidate[] => {
    const before = valueAt(data, path)
    if (typeof before === 'object' || before === undefined) return []
    return examplesFor(data, path)
      .filter((value) => typeof value === typeof before && value !== before)
      .flatMap((after) => settable(data, path, after, 'replaced'))
  })
}

function settable(data: unknown, path: Path, after: unknown, how: Candidate['how']): readonly Candidate[] {
  const isPossible = path.length > 0 && withValue(data, path, after) !== undefined
  return isPossible ? [{ root: 'data', path, before: valueAt(data, path), after, how }] : []
}

/** Who is called is no choice of the caller’s: another request would be meant. */
const notTheCallers = ['attributes', 'destination']

function inInput({ looked, data, input }: ProposeFrom): readonly Candidate[] {
  return looked.input.flatMap(({ path, masked }): readonly Candidate[] => {
    if (masked || path.length === 0 || notTheCallers.every((member, at) => path[at] === member)) return []
    const before = valueAt(input, path)
    if (typeof before === 'object' && before !== null) return []
    return fitting(looked, data, before, path)
      .filter((after) => after !== before && (before === undefined || typeof after === typeof before))
      .map((after) => ({ root: 'input', path, before, after, how: before === undefined ? 'added' : 'replaced' }))
  })
}

/** Values that the policy knows in the place where it looks for this one. */
function fitting(looked: Looked, data: unknown, value: unknown, path: Path): readonly (string | number | boolean)[] {
  const found: unknown[] = []
  const { sought } = looked
  if (sought?.kind === 'element' && sought.value === value) found.push(...membersAt(data, sought.at))
  for (const each of looked.data) {
    for (const [at, member] of each.entries()) {
      const isIt = member === value || (value === undefined && at === each.length - 1)
      if (isIt) found.push(...keysAt(data, each.slice(0, at)))
    }
    if (value === undefined) found.push(...keysAt(data, each))
  }
  found.push(...looked.constants)
  const last = path.at(-1)
  if (last === 'method' || last === 'path') {
    for (const each of looked.data) found.push(...namedWithin(valueAt(data, each.slice(0, -1)), last))
  }
  return [...new Set(found)].filter(
    (each): each is string | number | boolean =>
      typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean',
  )
}

function keysAt(data: unknown, path: Path): readonly string[] {
  const there = valueAt(data, path)
  return typeof there === 'object' && there !== null && !Array.isArray(there) ? Object.keys(there).slice(0, 50) : []
}

/** Methods and paths that data names: `{"method": "POST", "path": ["v1", "chat"]}`. */
function namedWithin(value: unknown, name: string, depth = 0): readonly string[] {
  if (depth > 6 || typeof value !== 'object' || value === null) return []
  return Object.entries(value)
    .slice(0, 50)
    .flatMap(([key, inner]: [string, unknown]) => {
      if (key !== name) return namedWithin(inner, name, depth + 1)
      if (typeof inner === 'string') return [inner]
      return Array.isArray(inner) && inner.every((each) => typeof each === 'string') ? [`/${inner.join('/')}`] : []
    })
}

function distinct(candidates: readonly Candidate[]): readonly Candidate[] {
  const keyOf = ({ root, path, after }: Candidate): string => JSON.stringify([root, path, after])
  const seen = new Map<string, Candidate>()
  for (const each of candidates) if (!seen.has(keyOf(each))) seen.set(keyOf(each), each)
  return [...seen.values()]
}
