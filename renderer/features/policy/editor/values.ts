import type { Evaluation, TraceLine } from '../../../../shared/domain/model/policy.ts'

/** The farthest that a variable's value is looked for behind the row that binds it. */
const mostLines = 60
const mostCharacters = 80

/**
 * What to write beside the rows of a file, from OPA's trace: the values of the variables that a row names, `true` where it
 * only asks, `undefined` where it fails. The first time that OPA comes by counts. By row, from 1.
 */
export function rowValues(evaluation: Evaluation, path: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>()
  const { trace } = evaluation
  for (const [index, line] of trace.entries()) {
    if (line.path !== path || line.event !== 'eval' || found.has(line.row)) continue
    const following = trace.slice(index + 1, index + 1 + mostLines)
    if (following.some((next) => next.event === 'fail' && isSamePlace(next, line))) found.set(line.row, 'undefined')
    else found.set(line.row, boundBy(line, following) ?? 'true')
  }
  return found
}

function boundBy(line: TraceLine, following: readonly TraceLine[]): string | null {
  const bound = /^(?:some\s+)?([A-Za-z_]\w*)\s*:?=(?!=)/.exec(line.expression)?.[1]
  if (bound === undefined) return null
  const after = following.find(({ depth, values }) => depth <= line.depth && Object.hasOwn(values, bound))
  return after === undefined ? null : short(after.values[bound])
}

function isSamePlace(one: TraceLine, other: TraceLine): boolean {
  return one.row === other.row && one.path === other.path && one.depth === other.depth
}

export function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined'
  return text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters)}…`
}

/**
 * An expression of a module as a query that stands alone: imports and the module's own rules by their whole names, as OPA
 * evaluates it outside of the module. Variables of a rule's body have no value there; OPA says so in its own words.
 */
export function standAlone(expression: string, module: string): string {
  const own = /^\s*package\s+([\w.]+)/m.exec(module)?.[1] ?? ''
  const names = new Map<string, string>()
  for (const [, rule] of module.matchAll(/^(?:default\s+)?([A-Za-z_]\w*)\b(?!\s*\.)/gm)) {
    if (rule !== undefined && rule !== 'package' && rule !== 'import') names.set(rule, `data.${own}.${rule}`)
  }
  for (const [, whole, alias] of module.matchAll(/^import\s+((?:data|input)[\w.]*)(?:\s+as\s+(\w+))?/gm)) {
    const name = alias ?? whole?.split('.').at(-1)
    if (whole !== undefined && name !== undefined) names.set(name, whole)
  }
  // Strings stay as they are; names after a dot are members.
  return expression.replaceAll(/"(?:[^"\\]|\\.)*"|`[^`]*`|(?<![\w.])[A-Za-z_]\w*/g, (part) =>
    part.startsWith('"') || part.startsWith('`') ? part : (names.get(part) ?? part),
  )
}
