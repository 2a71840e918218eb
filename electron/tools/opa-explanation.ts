import { z } from 'zod'
import type { WireTraceEvent } from './opa-wire.ts'

/**
 * OPA's server tells a trace in two ways (`?explain=full`, with and without `pretty`; 1.0 to 1.19): as events with values but
 * without places, and as lines with places but without values. Both have the same events in the same order.
 */
const serverEvent = z.object({
  op: z.string(),
  query_id: z.number(),
  parent_id: z.number(),
  type: z.string().default(''),
  node: z.unknown(),
  locals: z
    .array(z.object({ key: z.unknown(), value: z.object({ type: z.string(), value: z.unknown() }) }))
    .nullish()
    .transform((locals) => locals ?? []),
  message: z.string().default(''),
})
export const serverEvents = z.array(serverEvent)
export const serverLines = z.array(z.string())

const lineParts = /^(?:(?<file>\S.*?):(?<row>\d+))?\s+(?:\| )*(?<op>[A-Z]\w*)(?: (?<text>.*))?$/s

/**
 * The events as `opa eval` tells them, in `files` of the policy. null: the two are not of the same evaluation, as of a policy
 * that asks for the time or for chance, or the place of one is not certain.
 */
export function traceOf(
  events: z.infer<typeof serverEvents>,
  lines: readonly string[],
  files: readonly string[],
): readonly WireTraceEvent[] | null {
  if (events.length !== lines.length) return null
  const names: Record<string, { name: string }> = {}
  const places = new Map<string, string>()
  const found: WireTraceEvent[] = []
  for (const [at, event] of events.entries()) {
    const parts = lineParts.exec(lines[at] ?? '')?.groups
    if (parts?.['op']?.toLowerCase() !== event.op) return null
    const { file: printed = '', row = '0', text = '' } = parts
    const file = places.get(printed) ?? placeOf(printed, files)
    if (file === null) return null
    places.set(printed, file)
    if (event.type === 'expr') learnNames(event.node, text, names)
    found.push({
      Op: event.op,
      Location: { file, row: Number(row) },
      QueryID: event.query_id,
      ParentID: event.parent_id,
      Locals: event.locals.map(({ key, value }) => ({ name: nameOf(key), ...value })),
      LocalMetadata: names,
      Message: event.message,
    })
  }
  return found
}

/** Long places are printed with `...` in them. What is asked has none; the server calls it "query". */
function placeOf(printed: string, files: readonly string[]): string | null {
  if (printed === '' || printed === 'query') return ''
  const place = printed.replace(/^\.?\//, '')
  if (files.includes(place)) return place
  const [start, end, ...more] = place.split('...')
  if (start === undefined || end === undefined || more.length > 0) return null
  const meant = files.filter((file) => file.startsWith(start) && file.endsWith(end))
  return meant.length === 1 ? (meant[0] ?? null) : null
}

/** A word as it is printed, or a variable as the compiler calls it. */
type Printed = string | { readonly variable: string }

/**
 * The compiler calls `caller` `__local3__`, and only the line has the name of the source. An expression and its line have the
 * same words in the same order; where they do not, nothing is learned.
 */
function learnNames(node: unknown, text: string, names: Record<string, { name: string }>): void {
  const printed: Printed[] = []
  printExpression(node, printed)
  const words = wordsIn(text)
  const isSame =
    words.length === printed.length && printed.every((each, at) => typeof each !== 'string' || each === words[at])
  if (!isSame) return
  for (const [at, each] of printed.entries()) {
    if (typeof each !== 'string') names[each.variable] = { name: words[at] ?? each.variable }
  }
}

/** Names and keywords, without what stands in strings. */
function wordsIn(text: string): readonly string[] {
  return (text.match(/"(?:[^"\\]|\\.)*"|\d[\w.+-]*|[A-Za-z_]\w*/g) ?? []).filter((word) => /^[A-Za-z_]/.test(word))
}

/*
 * A trace has thousands of terms, and a schema for each takes longer than OPA did: they are looked at by hand. What is not as
 * expected is not printed, and then the words differ from those of the line.
 */

/** In the order in which OPA prints an expression of its syntax tree. */
function printExpression(node: unknown, into: Printed[]): void {
  if (!isRecord(node)) return
  if (node['negated'] === true) into.push('not')
  const { terms } = node
  if (Array.isArray(terms)) printCall(terms, into)
  else if (isRecord(terms) && 'domain' in terms) printEvery(terms, into)
  else printTerm(terms, into)
  for (const each of listOf(node['with'])) {
    if (!isRecord(each)) continue
    into.push('with')
    printTerm(each['target'], into)
    into.push('as')
    printTerm(each['value'], into)
  }
}

function printEvery({ key, value, domain, body }: Record<string, unknown>, into: Printed[]): void {
  into.push('every')
  printTerm(key, into)
  printTerm(value, into)
  into.push('in')
  printTerm(domain, into)
  for (const each of listOf(body)) printExpression(each, into)
}

/** Equality is printed between its sides, every other function before its arguments. */
function printCall([operator, ...given]: readonly unknown[], into: Printed[]): void {
  const name: Printed[] = []
  printTerm(operator, name)
  const only = name.length === 1 ? name[0] : null
  if (!(given.length === 2 && typeof only === 'object' && only?.variable === 'eq')) {
    // The name of a function is never made up by the compiler.
    into.push(...name.map((each) => (typeof each === 'string' ? each : each.variable)))
  }
  for (const each of given) printTerm(each, into)
}

function printTerm(node: unknown, into: Printed[]): void {
  if (!isRecord(node)) return
  const { type, value } = node
  if (type === 'var' && typeof value === 'string') into.push({ variable: value })
  else if (type === 'boolean' || type === 'null') into.push(JSON.stringify(value ?? null))
  else if (type === 'ref') printReference(listOf(value), into)
  else if (type === 'call') printCall(listOf(value), into)
  else if (type === 'set' && listOf(value).length === 0) into.push('set')
  else if (type === 'array' || type === 'set') for (const each of listOf(value)) printTerm(each, into)
  else if (type === 'object') for (const pair of listOf(value)) for (const each of listOf(pair)) printTerm(each, into)
  else if (isRecord(value)) {
    // A comprehension: `[term | body]`, `{key: value | body}`.
    for (const each of [value['term'], value['key'], value['value']]) printTerm(each, into)
    for (const each of listOf(value['body'])) printExpression(each, into)
  }
}

/** `input.a["b c"][x]`: members that are names stand behind a dot, others are strings. */
function printReference([head, ...members]: readonly unknown[], into: Printed[]): void {
  printTerm(head, into)
  for (const member of members) {
    if (isRecord(member) && member['type'] === 'string') {
      const { value } = member
      if (typeof value === 'string' && isPlainName(value)) into.push(value)
    } else printTerm(member, into)
  }
}

const keywords = new Set('as contains default else every false if import in not null package some true with'.split(' '))

function isPlainName(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name) && !keywords.has(name)
}

function nameOf(key: unknown): string {
  return isRecord(key) && typeof key['value'] === 'string' ? key['value'] : ''
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
