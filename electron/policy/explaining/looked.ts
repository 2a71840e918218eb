import type { Looked, Path, Sought } from '../../../shared/domain/diagnosis/change/looked.ts'
import type { Deciding } from './blame.ts'
import { type Frames, type Step, stepsOf } from './frames.ts'
import { type Reference, referenceOf, referencesIn, ruleOf, rulesIn, sliceOf, variableOf } from './references.ts'
import { deepest, isMaskedReference, type Told } from './rule-trace.ts'
import { jsonOfTerm, type Term, termsWithin } from './trace-events.ts'

const mostSteps = 200

/** What the deciding expression, and the rules it asks, look at in data and input. */
export function lookedAt(deciding: Deciding, frames: Frames, told: Told): Looked {
  const { frame, step, decidedBy } = deciding
  const slice = sliceOf(frame, step)
  const all = withRules(slice, frames)
  const references = all.flatMap(referencesIn).filter((each) => ruleOf(each, frames) === null)
  const own = (root: 'data' | 'input'): readonly Reference[] => references.filter((each) => each.root === root)
  return {
    decidedBy,
    sought: decidedBy === 'failed' ? soughtBy(step, slice, frames, told) : null,
    data: distinct(own('data').map(({ path }) => path)),
    input: distinct(own('input').map(({ path }) => path)).map((path) => ({
      path,
      masked: isMaskedReference({ root: 'input', path }, told.masked),
    })),
    constants: slice.flatMap(({ expression }) => expression.operands).flatMap(constantsIn),
  }
}

/** The steps, and those of the rules they ask, as far as these held. */
function withRules(slice: readonly Step[], frames: Frames): readonly Step[] {
  const found = new Set<Step>(slice)
  const seen = new Set<string>()
  for (const step of found) {
    if (found.size > mostSteps) break
    for (const path of rulesIn(step, frames)) {
      if (seen.has(path)) continue
      seen.add(path)
      for (const frame of frames.byPath.get(path) ?? []) for (const each of stepsOf(frame)) found.add(each)
    }
  }
  return [...found]
}

function soughtBy(step: Step, slice: readonly Step[], frames: Frames, told: Told): Sought | null {
  const { operator, operands } = step.expression
  const isData = (each: Reference | null): each is Reference =>
    each !== null && each.root === 'data' && ruleOf(each, frames) === null
  const referenceOfTerm = (term: Term | undefined): Reference | null => {
    if (term === undefined) return null
    if (term.type === 'ref') return referenceOf(term, step)
    const variable = variableOf(term)
    const definition = variable === null ? null : definitionOf(variable, slice)
    return definition === null ? null : referenceOf(definition.term, { ...definition.step, locals: step.locals })
  }
  const missing = (reference: Reference): Sought | null => {
    const there = deepest(reference, told)
    return there === null || reference.isOpen ? null : { kind: 'key', at: reference.path, present: there.length }
  }
  if (operator === null) {
    const reference = referenceOfTerm(operands[0])
    if (!isData(reference) || reference.isOpen) return null
    const isThere = told.data.at(reference.path) !== undefined
    return isThere ? { kind: 'value', at: reference.path, wanted: true } : missing(reference)
  }
  if (operator === 'internal.member_2') {
    const [value, collection] = operands
    const reference = referenceOfTerm(collection)
    const wanted = valueOf(value, step)
    if (!isData(reference) || wanted === undefined) return null
    return reference.isOpen ? null : { kind: 'element', at: reference.path, value: wanted }
  }
  if (operator !== 'eq' && operator !== 'equal') return null
  for (const [one, other] of [operands, operands.toReversed()]) {
    const reference = referenceOfTerm(one)
    if (!isData(reference)) continue
    const wanted = valueOf(other, step)
    if (reference.isOpen) {
      const members = told.data.at(reference.path)
      if (wanted !== undefined && Array.isArray(members)) return { kind: 'element', at: reference.path, value: wanted }
      continue
    }
    if (told.data.at(reference.path) === undefined) return missing(reference)
    if (wanted !== undefined) return { kind: 'value', at: reference.path, wanted }
  }
  return null
}

function definitionOf(variable: string, slice: readonly Step[]): { readonly term: Term; readonly step: Step } | null {
  for (const step of slice) {
    const [one, other] = step.expression.operands
    if (step.expression.operator !== 'eq' || one === undefined || other === undefined) continue
    if (variableOf(one) === variable && other.type === 'ref') return { term: other, step }
    if (variableOf(other) === variable && one.type === 'ref') return { term: one, step }
  }
  return null
}

function valueOf(term: Term | undefined, step: Step): unknown {
  if (term === undefined) return undefined
  const variable = variableOf(term)
  return variable === null ? (term.type === 'ref' ? undefined : jsonOfTerm(term)) : step.locals.get(variable)
}

function constantsIn(term: Term): readonly (string | number | boolean)[] {
  if (term.type === 'ref') return []
  return termsWithin(term).flatMap(({ type, value }) =>
    (type === 'string' || type === 'number' || type === 'boolean') &&
    (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      ? [value]
      : [],
  )
}

function distinct(paths: readonly Path[]): readonly Path[] {
  return [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()]
}
