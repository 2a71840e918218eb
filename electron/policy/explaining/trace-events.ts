/**
 * OPA's trace as `opa eval --format json --explain full` prints it (1.15 to 1.19). It has thousands of terms, and a schema for
 * each takes longer than OPA did: they are looked at by hand. What is not as expected is left out, and then less is told.
 */
export interface TraceEvent {
  readonly op: string
  readonly query: number
  readonly parent: number
  readonly file: string
  readonly row: number
  /** Of Enter and Exit of a rule. */
  readonly rule: RuleHead | null
  /** Of Eval and Fail: what is evaluated. */
  readonly expression: Expression | null
  /** Variables by the compiler's names, as JSON values. */
  readonly locals: ReadonlyMap<string, unknown>
  /** The compiler's names to those of the source. */
  readonly names: ReadonlyMap<string, string>
}

export interface RuleHead {
  /** Behind the package, until a variable: `["calls"]`. */
  readonly path: readonly string[]
  readonly isDefault: boolean
  /** Of a set: the member that a body adds. */
  readonly key: Term | null
  readonly value: Term | null
}

export interface Term {
  readonly type: string
  readonly value: unknown
}

export interface Expression {
  /** Place in the body as it was compiled. */
  readonly index: number
  /** Made up by the compiler. */
  readonly isGenerated: boolean
  readonly isNegated: boolean
  /** `eq`, `internal.member_2`, `data.pipeline.authz.path_matches`, `every`; null: a single term. */
  readonly operator: string | null
  readonly operands: readonly Term[]
}

/** More than that nobody's policy needs; it is said that the trace was cut. */
export const mostEvents = 50_000

export function traceEvents(explanation: unknown): readonly TraceEvent[] {
  if (!Array.isArray(explanation)) return []
  return explanation.slice(0, mostEvents).flatMap((each: unknown) => {
    const event = eventOf(each)
    return event === null ? [] : [event]
  })
}

function eventOf(wire: unknown): TraceEvent | null {
  if (!isRecord(wire)) return null
  const { Op, QueryID, ParentID, Node, Location } = wire
  if (typeof Op !== 'string' || typeof QueryID !== 'number' || typeof ParentID !== 'number') return null
  const place = isRecord(Location) ? Location : {}
  const node = isRecord(Node) ? Node : null
  const isEvaluation = Op === 'Eval' || Op === 'Fail'
  return {
    op: Op,
    query: QueryID,
    parent: ParentID,
    file: typeof place['file'] === 'string' ? place['file'] : '',
    row: typeof place['row'] === 'number' ? place['row'] : 0,
    rule: node === null ? null : headOf(node),
    expression: node === null || !isEvaluation ? null : expressionOf(node),
    locals: localsOf(wire['Locals']),
    names: namesOf(wire['LocalMetadata']),
  }
}

function headOf(node: Record<string, unknown>): RuleHead | null {
  const { head } = node
  if (!isRecord(head)) return null
  const path: string[] = []
  for (const each of listOf(head['ref']).map(termOf)) {
    if (each === null || typeof each.value !== 'string' || (each.type === 'var' && path.length > 0)) break
    path.push(each.value)
  }
  if (path.length === 0 && typeof head['name'] === 'string') path.push(head['name'])
  return { path, isDefault: node['default'] === true, key: termOf(head['key']), value: termOf(head['value']) }
}

function expressionOf(node: Record<string, unknown>): Expression | null {
  const { index, terms } = node
  if (typeof index !== 'number') return null
  const common = { index, isGenerated: node['generated'] === true, isNegated: node['negated'] === true }
  if (Array.isArray(terms)) {
    const [operator, ...operands] = terms.map(termOf)
    if (operator === undefined || operator === null) return null
    return { ...common, operator: referenceName(operator), operands: operands.filter((each) => each !== null) }
  }
  if (!isRecord(terms)) return null
  if ('domain' in terms) {
    const domain = termOf(terms['domain'])
    return { ...common, operator: 'every', operands: domain === null ? [] : [domain] }
  }
  const term = termOf(terms)
  return term === null ? null : { ...common, operator: null, operands: [term] }
}

/** `internal.member_2` of a reference to a function. */
function referenceName(term: Term): string {
  return referenceParts(term)
    .map(({ value }) => String(value))
    .join('.')
}

export function referenceParts(term: Term): readonly Term[] {
  return term.type === 'ref' ? listOf(term.value).flatMap((each) => termOf(each) ?? []) : []
}

/** Terms within a term: of arrays, sets, objects, calls and comprehensions too. */
export function termsWithin(term: Term, depth = 0): readonly Term[] {
  if (depth > 20 || term.type === 'var' || term.type === 'string' || term.type === 'number') return [term]
  const inner: unknown[] = []
  if (term.type === 'object') for (const pair of listOf(term.value)) inner.push(...listOf(pair))
  else if (isRecord(term.value)) {
    for (const each of [term.value['term'], term.value['key'], term.value['value']]) inner.push(each)
    for (const each of listOf(term.value['body'])) {
      const expression = isRecord(each) ? expressionOf(each) : null
      inner.push(...(expression?.operands ?? []))
    }
  } else inner.push(...listOf(term.value))
  return [term, ...inner.flatMap((each) => termOf(each) ?? []).flatMap((each) => termsWithin(each, depth + 1))]
}

function termOf(wire: unknown): Term | null {
  return isRecord(wire) && typeof wire['type'] === 'string' ? { type: wire['type'], value: wire['value'] } : null
}

/** A term as a JSON value; undefined: it is no ground value. Numbers are as JSON has them. */
export function jsonOfTerm(term: Term, depth = 0): unknown {
  if (depth > 40) return undefined
  const within = (each: unknown): unknown => {
    const found = termOf(each)
    return found === null ? undefined : jsonOfTerm(found, depth + 1)
  }
  switch (term.type) {
    case 'null':
      return null
    case 'string':
    case 'number':
    case 'boolean':
      return term.value
    case 'array':
    case 'set': {
      const members = listOf(term.value).map(within)
      return members.includes(undefined) ? undefined : members
    }
    case 'object': {
      const pairs = listOf(term.value).map((pair) => listOf(pair).map(within))
      if (pairs.some((pair) => pair.includes(undefined))) return undefined
      return Object.fromEntries(
        pairs.map(([key, value]) => [typeof key === 'string' ? key : JSON.stringify(key), value]),
      )
    }
    default:
      return undefined
  }
}

function localsOf(wire: unknown): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>()
  for (const each of listOf(wire)) {
    const term = termOf(each)
    if (term === null || !isRecord(each) || typeof each['name'] !== 'string') continue
    const value = jsonOfTerm(term)
    if (value !== undefined) found.set(each['name'], value)
  }
  return found
}

function namesOf(wire: unknown): ReadonlyMap<string, string> {
  if (!isRecord(wire)) return new Map()
  return new Map(
    Object.entries(wire).flatMap(([name, about]) =>
      isRecord(about) && typeof about['name'] === 'string' ? [[name, about['name']] as const] : [],
    ),
  )
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
