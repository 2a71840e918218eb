import { type Frame, type Frames, furthestStep, progressOf, type Step, stepsOf } from './frames.ts'
import { bodiesWithin, referencesIn, ruleOf, rulesIn, sliceOf } from './references.ts'
import { jsonOfTerm } from './trace-events.ts'

/** The expression that decided, where it stands and as what it was evaluated. */
export interface Deciding {
  readonly frame: Frame
  readonly step: Step
  readonly decidedBy: 'failed' | 'held'
  /** Others that could as well be named. */
  readonly alternatives: number
  /** The body that refuses and on whose account the decision was no; null: none does, nothing allows. */
  readonly refusing: Frame | null
}

/** A chain of rules is followed so far. */
const mostDepth = 25

/**
 * Of a denied decision the expression at its root: of the body that would have allowed and got furthest the first that failed;
 * where that asks another rule, what failed there; where it holds that nobody refuses, what the refusing rule refuses for.
 * `said` is what OPA answered then, as text: of several refusals the one that it names. null: the trace does not tell.
 */
export function decidingExpression(frames: Frames, path: string, said: string | null): Deciding | null {
  return new Blame(frames, said).ofDecision(path)
}

class Blame {
  readonly #frames: Frames
  readonly #said: string | null
  readonly #seen = new Set<string>()

  constructor(frames: Frames, said: string | null) {
    this.#frames = frames
    this.#said = said
  }

  ofDecision(path: string): Deciding | null {
    const members = path.split('/')
    let bodies: readonly Frame[] = []
    for (let length = members.length; length > 0 && bodies.length === 0; length -= 1) {
      bodies = this.#frames.byPath.get(members.slice(0, length).join('/')) ?? []
    }
    const written = bodies.filter(({ rule }) => rule?.isDefault !== true)
    const failed = written.filter((frame) => !frame.hasExited && allowsBy(frame) !== false)
    if (failed.length > 0) return this.#failed(failed, 0)
    const held = written.filter((frame) => frame.hasExited)
    for (const frame of held.filter((each) => allowsBy(each) === null)) {
      const found = this.#within(frame, stepsOf(frame), 0)
      if (found !== null) return found
    }
    return this.#held(held, 0)
  }

  /** Bodies of one rule none of which held: the one that got furthest. */
  #failed(bodies: readonly Frame[], depth: number): Deciding | null {
    const most = Math.max(...bodies.map(progressOf))
    const [best, ...others] = bodies.filter((frame) => progressOf(frame) === most)
    if (best === undefined || depth > mostDepth) return null
    const step = furthestStep(best)
    if (step === null) return null
    const found = this.#ofStep(best, step, depth + 1)
    // The same rule evaluated for another argument is no other rule.
    const rows = new Set(others.map(({ file, row }) => `${file}:${row}`))
    rows.delete(`${best.file}:${best.row}`)
    return { ...found, alternatives: found.alternatives + rows.size }
  }

  /** An expression that failed: itself, or what it asks. */
  #ofStep(frame: Frame, step: Step, depth: number): Deciding {
    const itself: Deciding = { frame, step, decidedBy: 'failed', alternatives: 0, refusing: null }
    const key = `${frame.id} ${step.expression.index}`
    if (depth > mostDepth || this.#seen.has(key)) return itself
    this.#seen.add(key)
    const bodies = bodiesWithin(frame, step, this.#frames)
    if (step.expression.isNegated) {
      // It failed because what it negates held.
      const rules = bodies.flatMap(stepsOf).flatMap((each) => rulesIn(each, this.#frames))
      return this.#refusing(rules, depth) ?? itself
    }
    const inner = bodies.findLast((each) => !each.hasExited && each.steps.size > 0 && isLeaf(each, bodies))
    const innerStep = inner === undefined ? null : furthestStep(inner)
    if (step.expression.operator === 'every' && inner !== undefined && innerStep !== null) {
      return this.#ofStep(inner, innerStep, depth + 1)
    }
    const slice = sliceOf(frame, step)
    const undefinedOnes = this.#within(frame, slice, depth)
    if (undefinedOnes !== null) return undefinedOnes
    const asks = slice.flatMap(referencesIn).some((each) => ruleOf(each, this.#frames) === null)
    if (asks) return itself
    return (
      this.#refusing(
        slice.flatMap((each) => rulesIn(each, this.#frames)),
        depth,
      ) ?? itself
    )
  }

  /** Of what expressions ask, what has no value or only the default one although a body could have given another. */
  #within(frame: Frame, steps: readonly Step[], depth: number): Deciding | null {
    if (depth > mostDepth) return null
    for (const step of steps.toSorted((one, other) => other.expression.index - one.expression.index)) {
      for (const path of rulesIn(step, this.#frames)) {
        const tried = this.#bodiesOf(path, frame, step).filter(({ rule }) => rule?.isDefault !== true)
        if (tried.length === 0 || tried.some(({ hasExited }) => hasExited) || this.#seen.has(path)) continue
        this.#seen.add(path)
        const found = this.#failed(tried, depth + 1)
        if (found !== null) return found
      }
    }
    return null
  }

  /** A function is evaluated for each call, any other rule once for all that ask it. */
  #bodiesOf(path: string, frame: Frame, step: Step): readonly Frame[] {
    const all = this.#frames.byPath.get(path) ?? []
    if (step.expression.operator !== `data.${path.replaceAll('/', '.')}`) return all
    const own = all.filter(({ parent }) => parent === frame.id)
    return own.length > 0 ? own : all
  }

  #refusing(paths: readonly string[], depth: number): Deciding | null {
    for (const path of new Set(paths)) {
      const held = (this.#frames.byPath.get(path) ?? []).filter(
        ({ rule, hasExited }) => hasExited && rule?.isDefault !== true,
      )
      if (held.length === 0 || this.#seen.has(`held ${path}`)) continue
      this.#seen.add(`held ${path}`)
      const found = this.#held(held, depth + 1)
      if (found !== null) return found
    }
    return null
  }

  /** Bodies that refuse: the one that the answer of then names, else the first. What they refuse for may be that something failed. */
  #held(bodies: readonly Frame[], depth: number): Deciding | null {
    const named = bodies.filter((frame) => this.#isSaid(frame))
    const [frame, ...others] = named.length > 0 ? named : bodies
    if (frame === undefined || depth > mostDepth) return null
    const found = this.#whyHeld(frame, depth)
    return found === null ? null : { ...found, alternatives: found.alternatives + others.length, refusing: frame }
  }

  #whyHeld(frame: Frame, depth: number): Deciding | null {
    const steps = stepsOf(frame).toReversed()
    const negated = steps.filter(({ expression }) => expression.isNegated)
    for (const step of negated) {
      const inner = bodiesWithin(frame, step, this.#frames)
      for (const body of inner) {
        const found = this.#within(body, stepsOf(body), depth)
        if (found !== null) return found
      }
    }
    const missing = this.#within(
      frame,
      steps.filter(({ expression }) => !expression.isNegated),
      depth,
    )
    if (missing !== null) return missing
    const asks = (step: Step): boolean =>
      sliceOf(frame, step)
        .flatMap(referencesIn)
        .some((each) => ruleOf(each, this.#frames) === null)
    const step = steps.find((each) => !each.expression.isGenerated && asks(each)) ?? steps[0]
    const further = this.#refusing(
      step === undefined || asks(step) ? [] : sliceOf(frame, step).flatMap((each) => rulesIn(each, this.#frames)),
      depth,
    )
    if (further !== null) return further
    return step === undefined ? null : { frame, step, decidedBy: 'held', alternatives: 0, refusing: frame }
  }

  #isSaid({ rule, exitLocals }: Frame): boolean {
    const key = rule?.key ?? null
    if (key === null || this.#said === null) return false
    const value = key.type === 'var' ? exitLocals.get(String(key.value)) : jsonOfTerm(key)
    return typeof value === 'string' && value !== '' && this.#said.includes(JSON.stringify(value))
  }
}

function isLeaf(frame: Frame, all: readonly Frame[]): boolean {
  return all.every(({ parent }) => parent !== frame.id)
}

/** Whether a body allows by what it is written to answer; null: that depends. */
function allowsBy({ rule }: Frame): boolean | null {
  const value = rule?.value ?? null
  if (value === null) return null
  if (value.type === 'boolean') return value.value === true
  if (value.type !== 'object' || !Array.isArray(value.value)) return null
  for (const pair of value.value as readonly unknown[]) {
    if (!Array.isArray(pair)) continue
    const [key, allowed] = pair as readonly { readonly value?: unknown; readonly type?: unknown }[]
    if (key?.value === 'allowed') return allowed?.type === 'boolean' ? allowed.value === true : null
  }
  return null
}
