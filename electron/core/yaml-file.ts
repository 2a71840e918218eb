import { LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'

/** Why a file could not be used. Line and column count from 1; null when the problem is not at one place. */
export interface FileProblem {
  readonly message: string
  readonly line: number | null
  readonly column: number | null
}

export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: FileProblem }

/** Parses YAML (or JSON) text by a schema and says where it is wrong. Aliases are limited: a small file cannot grow into a huge one. */
export function parseYaml<Value>(text: string, schema: z.ZodType<Value>): Parsed<Value> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const [error] = document.errors
  if (error !== undefined) return failed(error.message, lines.linePos(error.pos[0]))
  let content: unknown
  try {
    content = document.toJS({ maxAliasCount: 100 })
  } catch (reason) {
    return failed(reason instanceof Error ? reason.message : 'the YAML could not be expanded', null)
  }
  const result = schema.safeParse(content)
  if (result.success) return { ok: true, value: result.data }
  const issue = deepest(result.error.issues)
  const where = issue.path.map(String).join('.')
  return failed(where === '' ? issue.message : `${where}: ${issue.message}`, positionOf(issue.at))

  function positionOf(path: readonly PropertyKey[]): { line: number; col: number } | null {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const node: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true)
      const start = startOf(node)
      if (start !== null) return lines.linePos(start)
    }
    return null
  }
}

function failed(message: string, at: { line: number; col: number } | null): Parsed<never> {
  return { ok: false, problem: { message, line: at?.line ?? null, column: at?.col ?? null } }
}

function startOf(node: unknown): number | null {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return null
  const start: unknown = node.range[0]
  return typeof start === 'number' ? start : null
}

interface Issue {
  readonly path: readonly PropertyKey[]
  /** Where to point at: the unknown key itself, not what holds it. */
  readonly at: readonly PropertyKey[]
  readonly message: string
}

/** Of a union that fits nowhere, the alternative that nearly fitted says more than "invalid input". */
function deepest(issues: readonly z.core.$ZodIssue[]): Issue {
  const [first] = issues
  if (first === undefined) return { path: [], at: [], message: 'not understood' }
  if (first.code === 'unrecognized_keys') return { ...first, at: [...first.path, ...first.keys.slice(0, 1)] }
  if (first.code !== 'invalid_union' || first.errors.length === 0) return { ...first, at: first.path }
  const nearest = [...first.errors].sort((one, other) => one.length - other.length)[0] ?? []
  const inner = deepest(nearest)
  return { path: [...first.path, ...inner.path], at: [...first.path, ...inner.at], message: inner.message }
}
