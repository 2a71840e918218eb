import type { Step } from './frames.ts'
import { variableOf } from './references.ts'
import { referenceParts, type Term } from './trace-events.ts'

/** How the source writes what the compiler has renamed. */
export interface Printing {
  readonly step: Step
  /** Of the variables that the compiler made up, what they stand for. */
  readonly definitions: ReadonlyMap<string, Term>
  /** Path of the package: its own rules are written by their names alone. */
  readonly packagePath: string
}

/** A variable or reference as the policy has it; null: the compiler made it up and the source has no name for it. */
export function printTerm(term: Term, printing: Printing, depth = 0): string | null {
  if (depth > 10) return null
  const variable = variableOf(term)
  if (variable !== null) {
    const name = printing.step.names.get(variable) ?? variable
    if (!isMadeUp(name)) return name
    const definition = printing.definitions.get(variable)
    return definition === undefined ? null : printTerm(definition, printing, depth + 1)
  }
  if (term.type === 'string' || term.type === 'number' || term.type === 'boolean') return JSON.stringify(term.value)
  if (term.type !== 'ref') return null
  const [head, ...members] = withoutOwnPackage(referenceParts(term), printing.packagePath)
  if (head === undefined) return null
  const start = head.type === 'string' ? String(head.value) : printTerm(head, printing, depth + 1)
  if (start === null) return null
  const rest = members.map((member) => {
    if (member.type === 'string' && typeof member.value === 'string' && /^[A-Za-z_]\w*$/.test(member.value)) {
      return `.${member.value}`
    }
    const inner = printTerm(member, printing, depth + 1)
    return inner === null ? '[_]' : `[${inner}]`
  })
  return `${start}${rest.join('')}`
}

function withoutOwnPackage(parts: readonly Term[], packagePath: string): readonly Term[] {
  const own = ['data', ...packagePath.split('/')]
  const isOwn = packagePath !== '' && parts.length > own.length && own.every((name, at) => parts[at]?.value === name)
  return isOwn ? parts.slice(own.length) : parts
}

export function isMadeUp(name: string): boolean {
  return name.startsWith('__local') || name.startsWith('$') || name === '_'
}

/** A path as Rego writes it: `data.pipeline.clearance["spiffe://…"]`. */
export function printPath(root: string, path: readonly (string | number)[]): string {
  return `${root}${path
    .map((member) =>
      typeof member === 'string' && /^[A-Za-z_]\w*$/.test(member) ? `.${member}` : `[${JSON.stringify(member)}]`,
    )
    .join('')}`
}
