import { isRecord, listOf } from './trace-events.ts'

/** Where something stands in a file of Rego: `opa parse --format json --json-include locations` tells it. */
interface Span {
  readonly row: number
  readonly text: string
}

interface Spans {
  readonly rules: readonly Span[]
  /** With how many others each stands in its body. */
  readonly expressions: readonly (Span & { readonly others: number })[]
}

const mostSpans = 20_000

export function spansOf(parsed: unknown): Spans {
  const rules: Span[] = []
  const expressions: (Span & { readonly others: number })[] = []
  const readBody = (body: unknown, depth: number): void => {
    const all = listOf(body)
    for (const each of all) {
      if (!isRecord(each) || expressions.length > mostSpans || depth > 50) continue
      const span = spanOf(each['location'])
      if (span !== null) expressions.push({ ...span, others: all.length - 1 })
      // Bodies of `every`.
      if (isRecord(each['terms'])) readBody(each['terms']['body'], depth + 1)
    }
  }
  const readRule = (rule: unknown, depth: number): void => {
    if (!isRecord(rule) || depth > 50) return
    const span = spanOf(rule['location'])
    if (span !== null) rules.push(span)
    readBody(rule['body'], 0)
    readRule(rule['else'], depth + 1)
  }
  for (const rule of isRecord(parsed) ? listOf(parsed['rules']) : []) readRule(rule, 0)
  return { rules, expressions }
}

function spanOf(location: unknown): Span | null {
  if (!isRecord(location)) return null
  const { row, text } = location
  if (typeof row !== 'number' || typeof text !== 'string') return null
  return { row, text: Buffer.from(text, 'base64').toString('utf8') }
}

/** The text without the expression that stands in a row; null: none does, or several. */
export function withoutExpression(text: string, spans: Spans, row: number): string | null {
  const inRow = spans.expressions.filter((span) => span.row <= row && row < span.row + linesIn(span.text))
  // The innermost: of an `every` the expression within.
  const least = Math.min(...inRow.map((span) => linesIn(span.text)))
  const meant = inRow.filter((span) => linesIn(span.text) === least)
  const [span] = meant
  if (span === undefined || meant.length > 1) return null
  const place = placeOf(text, span)
  if (place === null) return null
  const [before, after] = [text.slice(0, place.start), text.slice(place.end)]
  const isOwnLine = /(?:^|\n)[ \t]*$/.test(before) && /^[ \t]*(?:#[^\n]*)?(?:\n|$)/.test(after)
  // A body is never empty.
  if (!isOwnLine || span.others === 0) return `${before}true${after}`
  return `${before.replace(/[ \t]*$/, '')}${after.replace(/^[ \t]*(?:#[^\n]*)?\n?/, '')}`
}

/** The text without the rule that begins in a row; null: none does. */
export function withoutRule(text: string, spans: Spans, row: number): string | null {
  const span = spans.rules.find((each) => each.row === row)
  const place = span === undefined ? null : placeOf(text, span)
  if (place === null) return null
  return `${text.slice(0, place.start)}${text.slice(place.end).replace(/^[ \t]*\n(?:[ \t]*\n)?/, '')}`
}

function placeOf(text: string, { row, text: wanted }: Span): { readonly start: number; readonly end: number } | null {
  let lineStart = 0
  for (let at = 1; at < row; at += 1) {
    const next = text.indexOf('\n', lineStart)
    if (next === -1) return null
    lineStart = next + 1
  }
  const lineEnd = text.indexOf('\n', lineStart)
  const start = text.indexOf(wanted, lineStart)
  if (wanted === '' || start === -1 || (lineEnd !== -1 && start > lineEnd)) return null
  return { start, end: start + wanted.length }
}

function linesIn(text: string): number {
  return text.split('\n').length
}
