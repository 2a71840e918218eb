import type { z } from 'zod'
import type { Fact, Gap, GapReason, Provenance } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'

/** Something that could not be understood, before it is known when and of which Envoy: a gap in the making. */
export interface Problem {
  readonly what: string
  readonly reason: GapReason
  readonly detail: string
}

/** What one part of an Envoy turned into. */
export interface Translated<FactType extends Fact> {
  readonly facts: readonly FactType[]
  readonly problems: readonly Problem[]
}

/** Who was asked, and when it answered. */
export interface Asked {
  readonly envoy: string
  readonly at: EpochMs
}

export function measured(asked: Asked, locator: string): Provenance {
  return { source: 'envoy', instance: asked.envoy, locator, observedAt: asked.at, basis: 'measured' }
}

export function asGap(problem: Problem, asked: Asked): Gap {
  return {
    source: 'envoy',
    instance: asked.envoy,
    what: problem.what,
    reason: problem.reason,
    detail: problem.detail.slice(0, 400),
    at: asked.at,
  }
}

/** A thing of Envoy's configuration that this version of Everyhop does not understand well enough to judge. */
export class NotUnderstood extends Error {
  readonly reason: 'unsupported' | 'invalid'
  constructor(reason: 'unsupported' | 'invalid', message: string) {
    super(message)
    this.name = 'NotUnderstood'
    this.reason = reason
  }
}

/** Parses outside data, or says in words where it differs. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const place = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`
  throw new NotUnderstood('invalid', `${name}${place}: ${issue?.message ?? 'not understood'}`)
}

/** Runs one translation; what is not understood becomes a problem about that one thing, and the rest goes on. */
export function attempt<Value>(what: string, problems: Problem[], run: () => Value): Value | null {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error
    problems.push({ what, reason: error.reason, detail: error.message })
    return null
  }
}
