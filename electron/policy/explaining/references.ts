import { type Frame, type Frames, type Step, stepsOf } from './frames.ts'
import { referenceParts, type Term, termsWithin } from './trace-events.ts'

/** `data.pipeline.adjacency[callee][caller]` where it was evaluated. */
export interface Reference {
  readonly root: 'data' | 'input'
  /** As far as it is bound: members by name or place. */
  readonly path: readonly (string | number)[]
  /** A variable without a value stands behind `path`: every member is meant. */
  readonly isOpen: boolean
  readonly term: Term
  readonly step: Step
}

/** The expression and those before it in the body that its variables come from. */
export function sliceOf(frame: Frame, step: Step): readonly Step[] {
  const wanted = new Set(variablesIn(step))
  const slice = [step]
  const before = stepsOf(frame)
    .filter(({ expression }) => expression.index < step.expression.index)
    .toReversed()
  for (const each of before) {
    const { isNegated, operator, operands } = each.expression
    const defines = operator === 'eq' ? variablesOf(operands) : variablesOf(operands.slice(-1))
    if (isNegated || operator === null || operator === 'every' || !defines.some((name) => wanted.has(name))) continue
    slice.push(each)
    for (const name of variablesIn(each)) wanted.add(name)
  }
  return slice
}

function variablesIn({ expression }: Step): readonly string[] {
  return expression.operands.flatMap((operand) => termsWithin(operand)).flatMap((term) => variableOf(term) ?? [])
}

function variablesOf(terms: readonly Term[]): readonly string[] {
  return terms.flatMap((term) => variableOf(term) ?? [])
}

export function variableOf({ type, value }: Term): string | null {
  return type === 'var' && typeof value === 'string' ? value : null
}

/** References in an expression, with what its variables were. */
export function referencesIn(step: Step): readonly Reference[] {
  const found = step.expression.operands.flatMap((operand) => termsWithin(operand)).filter(({ type }) => type === 'ref')
  return found.flatMap((term) => referenceOf(term, step) ?? [])
}

export function referenceOf(term: Term, step: Step): Reference | null {
  const [head, ...members] = referenceParts(term)
  const root = head === undefined ? null : variableOf(head)
  if (root !== 'data' && root !== 'input') return null
  const path: (string | number)[] = []
  for (const member of members) {
    const name = variableOf(member)
    const value = name === null ? member.value : step.locals.get(name)
    if (typeof value !== 'string' && typeof value !== 'number') return { root, path, isOpen: true, term, step }
    path.push(value)
  }
  return { root, path, isOpen: false, term, step }
}

/** Rules that an expression refers to or calls, by path. */
export function rulesIn(step: Step, frames: Frames): readonly string[] {
  const { operator } = step.expression
  const called = operator?.startsWith('data.') === true ? [operator.slice(5).replaceAll('.', '/')] : []
  const referred = referencesIn(step).flatMap((reference) => ruleOf(reference, frames) ?? [])
  return [...new Set([...called.filter((path) => frames.byPath.has(path)), ...referred])]
}

/** The rule that a reference leads to, or into; null: to data, to the input, or to nothing that was evaluated. */
export function ruleOf({ root, path }: Reference, frames: Frames): string | null {
  if (root !== 'data') return null
  for (let length = path.length; length > 0; length -= 1) {
    const name = path.slice(0, length).join('/')
    if (frames.byPath.has(name)) return name
  }
  return null
}

/** Bodies within an expression: of `not`, `every` and comprehensions. */
export function bodiesWithin(frame: Frame, step: Step, frames: Frames): readonly Frame[] {
  const next = stepsOf(frame).find(({ at }) => at > step.at)?.at ?? Number.POSITIVE_INFINITY
  const isOwn = (each: Frame): boolean => each.rule === null && each.enteredAt > step.at && each.enteredAt < next
  const direct = [...frames.all.values()].filter((each) => each.parent === frame.id && isOwn(each))
  // `every` enters one body for its domain, and in that one for each member.
  return direct.flatMap((each) => [
    each,
    ...[...frames.all.values()].filter((inner) => inner.parent === each.id && inner.rule === null),
  ])
}
