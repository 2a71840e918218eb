import type { TraceLine } from '../../shared/domain/model/policy.ts'
import type { WireTraceEvent } from './opa-wire.ts'

export const mostTraceLines = 2000

/**
 * OPA's trace as lines of the source: what was evaluated where, with the values of local variables by the names they have in
 * the source. `textOf` gives a line of a file (rows from 1), or null for what is not in the policy, such as the query itself.
 */
export function traceLines(
  events: readonly WireTraceEvent[],
  textOf: (file: string, row: number) => string | null,
): { readonly lines: readonly TraceLine[]; readonly cut: boolean } {
  const depths = new Map<number, number>()
  const lines: TraceLine[] = []
  let isCut = false
  for (const event of events) {
    const depth = depths.get(event.QueryID) ?? (depths.get(event.ParentID) ?? -1) + 1
    depths.set(event.QueryID, depth)
    const path = event.Location?.file ?? ''
    const row = event.Location?.row ?? 0
    const text = path === '' ? null : textOf(path, row)
    if (text === null) continue
    if (lines.length >= mostTraceLines) {
      isCut = true
      break
    }
    lines.push({ path, row, event: event.Op.toLowerCase(), depth, expression: text.trim(), values: valuesOf(event) })
  }
  return { lines, cut: isCut }
}

/** Variables that the compiler made up have no name in the source, and are left out. By name: OPA tells them in any order. */
function valuesOf({ Locals, LocalMetadata }: WireTraceEvent): Record<string, unknown> {
  const named: [string, unknown][] = []
  for (const term of Locals ?? []) {
    const name = LocalMetadata?.[term.name]?.name ?? term.name
    if (!name.startsWith('__local') && !name.startsWith('$') && name !== '_') named.push([name, plain(term)])
  }
  return Object.fromEntries(named.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

/** Terms of OPA's syntax tree as JSON values: `{"type":"string","value":"x"}` is "x". What is no ground term is said as such. */
function plain(term: unknown, depth = 0): unknown {
  if (typeof term !== 'object' || term === null || !('type' in term)) return null
  const value: unknown = 'value' in term ? term.value : null
  if (depth > 20) return '…'
  switch (term.type) {
    case 'null':
      return null
    case 'string':
    case 'number':
    case 'boolean':
      return value
    case 'array':
    case 'set':
      return Array.isArray(value) ? value.map((member: unknown) => plain(member, depth + 1)) : null
    case 'object':
      return Object.fromEntries(
        (Array.isArray(value) ? value : []).flatMap((pair: unknown) =>
          Array.isArray(pair) && pair.length === 2
            ? [[keyText(plain(pair[0], depth + 1)), plain(pair[1], depth + 1)] as const]
            : [],
        ),
      )
    default:
      return `(${String(term.type)})`
  }
}

function keyText(key: unknown): string {
  return typeof key === 'string' ? key : JSON.stringify(key)
}
