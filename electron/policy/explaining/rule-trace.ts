import { type Sought, valueAt } from '../../../shared/domain/diagnosis/change/looked.ts'
import type { RuleTrace } from '../../../shared/domain/diagnosis/model.ts'
import type { Deciding } from './blame.ts'
import type { BundleData } from './bundle-data.ts'
import { type Frame, type Frames, furthestStep, type Step, stepsOf } from './frames.ts'
import { isMadeUp, type Printing, printPath, printTerm } from './print-term.ts'
import { type Reference, referenceOf, ruleOf, sliceOf, variableOf } from './references.ts'
import { referenceParts, type Term, termsWithin } from './trace-events.ts'

/** What an explanation is told with. */
export interface Told {
  readonly texts: ReadonlyMap<string, string>
  readonly packages: ReadonlyMap<string, string>
  readonly data: BundleData
  readonly input: unknown
  /** JSON pointers, `/input/attributes/…`, of what the record hides. */
  readonly masked: readonly string[]
  readonly revision: string
  readonly isRevisionThatDecided: boolean
}

const mostValueCharacters = 200
/** A SPIFFE ID has at most 2048 bytes, and is looked for as a whole. */
const mostSoughtCharacters = 2_100
const mostValues = 8
const mostLineCharacters = 300
const linesBefore = 8
const linesAfter = 4

export function ruleTraceOf(deciding: Deciding, frames: Frames, told: Told, sought: Sought | null): RuleTrace {
  const { frame, step, decidedBy, alternatives } = deciding
  const rule = ruleOfFrame(frame, frames)
  return {
    file: step.file,
    row: step.row,
    decidedBy,
    name: rule?.path ?? null,
    alternatives,
    lookedFor: lookedForIn(sought),
    lines: linesOf(deciding, rule, frames, told),
    revision: told.revision,
    isRevisionThatDecided: told.isRevisionThatDecided,
  }
}

function lookedForIn(sought: Sought | null): RuleTrace['lookedFor'] {
  if (sought === null) return null
  if (sought.kind === 'key') {
    const there = sought.at.slice(0, sought.present)
    return { at: printPath('data', there), json: cutJson(sought.at[sought.present], mostSoughtCharacters) ?? '' }
  }
  const value = sought.kind === 'element' ? sought.value : sought.wanted
  return { at: printPath('data', sought.at), json: cutJson(value, mostSoughtCharacters) ?? '' }
}

/** The rule that a body stands in. */
export function ruleOfFrame(frame: Frame, frames: Frames): Frame | null {
  let found: Frame | undefined = frame
  for (let depth = 0; depth < 50 && found !== undefined && found.rule === null; depth += 1) {
    found = frames.all.get(found.parent)
  }
  return found?.rule === null ? null : (found ?? null)
}

function linesOf(deciding: Deciding, rule: Frame | null, frames: Frames, told: Told): RuleTrace['lines'] {
  const { step, frame } = deciding
  const lines = told.texts.get(step.file)?.split('\n') ?? []
  let from = Math.max(1, Math.min(rule?.row ?? step.row, step.row), step.row - linesBefore)
  // What is written above a rule says what it is for.
  for (
    let more = 0;
    more < 2 && from > 1 && from > step.row - linesBefore && lines[from - 2]?.startsWith('#');
    more += 1
  ) {
    from -= 1
  }
  let to = step.row
  // To the end of the rule.
  while (to < lines.length && to < step.row + linesAfter && !/^\S|^\s*$/.test(lines[to] ?? '')) to += 1
  if (lines[to]?.startsWith('}') === true) to += 1
  const outcomes = new Map<number, 'held' | 'failed'>()
  for (const each of rule === null || rule === frame ? [frame] : [rule, frame]) {
    for (const [row, outcome] of outcomesOf(each)) outcomes.set(row, outcome)
  }
  outcomes.set(step.row, deciding.decidedBy)
  return lines.slice(from - 1, to).map((text, index) => {
    const row = from + index
    return {
      row,
      text: text.slice(0, mostLineCharacters),
      outcome: outcomes.get(row) ?? null,
      values: row === step.row ? valuesOf(deciding, frames, told) : [],
    }
  })
}

function outcomesOf(frame: Frame): ReadonlyMap<number, 'held' | 'failed'> {
  const last = furthestStep(frame)
  const found = new Map<number, 'held' | 'failed'>()
  for (const step of stepsOf(frame)) {
    found.set(step.row, step === last && !frame.hasExited ? 'failed' : 'held')
  }
  return found
}

type Value = RuleTrace['lines'][number]['values'][number]

/** Of the variables and references that the line names. */
function valuesOf({ frame, step }: Deciding, frames: Frames, told: Told): readonly Value[] {
  const slice = sliceOf(frame, step)
  const definitions = definitionsIn(slice)
  const printing: Printing = { step, definitions, packagePath: told.packages.get(step.file) ?? '' }
  const found = new Map<string, Value>()
  const add = (name: string | null, value: unknown, isMasked: boolean): void => {
    if (name === null || found.size >= mostValues || found.has(name)) return
    found.set(name, { name, json: isMasked ? '' : cutJson(value), masked: isMasked })
  }
  const addTerm = (term: Term, at: Step): void => {
    const variable = variableOf(term)
    if (variable !== null) {
      const name = step.names.get(variable) ?? variable
      const definition = definitions.get(variable)
      const reference = definition === undefined ? null : referenceOf(definition, step)
      const isHidden = reference !== null && isMaskedReference(reference, told.masked)
      if (step.locals.has(variable)) add(printTerm(term, printing), step.locals.get(variable), isHidden)
      else if (!isMadeUp(name)) return
      else if (definition !== undefined) addTerm(definition, at)
      return
    }
    const reference = referenceOf(term, { ...at, locals: step.locals })
    if (reference === null || ruleOf(reference, frames) !== null) return
    for (const member of referenceParts(term).slice(1)) if (variableOf(member) !== null) addTerm(member, at)
    const { path, root, isOpen } = reference
    const value = root === 'input' ? valueAt(told.input, path) : told.data.at(path)
    add(printTerm(term, printing), isOpen ? undefined : value, isMaskedReference(reference, told.masked))
    if (value !== undefined && !isOpen) return
    // What is there of it: an empty object beside a missing key says more than the key alone.
    const there = deepest(reference, told)
    if (there !== null && there.length > 0) {
      const name = isOpen
        ? printPath(root, there)
        : printTerm({ type: 'ref', value: referenceParts(term).slice(0, there.length + 1) }, printing)
      add(name, root === 'input' ? valueAt(told.input, there) : told.data.at(there), false)
    }
  }
  for (const each of slice.filter(({ row }) => row === step.row)) {
    for (const operand of each.expression.operands) {
      for (const term of operand.type === 'ref' ? [operand] : termsWithin(operand)) addTerm(term, each)
    }
  }
  return [...found.values()]
}

function definitionsIn(slice: readonly Step[]): ReadonlyMap<string, Term> {
  const found = new Map<string, Term>()
  for (const { expression } of slice) {
    const [one, other] = expression.operands
    if (expression.operator !== 'eq' || one === undefined || other === undefined) continue
    const [left, right] = [variableOf(one), variableOf(other)]
    if (left !== null && !found.has(left)) found.set(left, other)
    else if (right !== null && !found.has(right)) found.set(right, one)
  }
  return found
}

/** The longest part of a path that is there. */
export function deepest(
  { root, path }: Pick<Reference, 'root' | 'path'>,
  { data, input }: Pick<Told, 'data' | 'input'>,
): readonly (string | number)[] | null {
  for (let length = path.length; length >= 0; length -= 1) {
    const part = path.slice(0, length)
    if ((root === 'input' ? valueAt(input, part) : data.at(part)) !== undefined) return part
  }
  return null
}

/** What is hidden, lies within what is hidden, or would show it. */
export function isMaskedReference(
  { root, path }: Pick<Reference, 'root' | 'path'>,
  masked: readonly string[],
): boolean {
  if (root !== 'input') return false
  const pointer = `/input${path.map((member) => `/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`
  return masked.some((each) => pointer === each || pointer.startsWith(`${each}/`))
}

/** null: it is undefined. */
function cutJson(value: unknown, most = mostValueCharacters): string | null {
  if (value === undefined) return null
  const text = JSON.stringify(value)
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}
