import type { z } from 'zod'
import type { Fact, Gap, GapReason, Provenance } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { locatorOf, type OpaRead } from './client.ts'

/** Something that could not be understood, before it is known when and of which OPA: a gap in the making. */
export interface Problem {
  readonly what: string
  readonly reason: GapReason
  readonly detail: string
}

/** What one part of an OPA turned into. */
export interface Translated {
  readonly facts: readonly Fact[]
  readonly problems: readonly Problem[]
}

/** Who was asked, and when it answered. */
export interface Asked {
  readonly opa: string
  readonly at: EpochMs
}

export function measured(asked: Asked, read: OpaRead): Provenance {
  return { source: 'opa', instance: asked.opa, locator: locatorOf(read), observedAt: asked.at, basis: 'measured' }
}

export function asGap(problem: Problem, asked: Asked): Gap {
  return {
    source: 'opa',
    instance: asked.opa,
    what: problem.what,
    reason: problem.reason,
    detail: masked(problem.detail).slice(0, 400),
    at: asked.at,
  }
}

/** OPA's errors quote addresses: credentials and signed query strings (of object stores) in them are taken out. */
export function masked(text: string): string {
  return text
    .replace(/(:\/\/)[^\s/@"]+@/g, '$1***@')
    .replace(/([?&][^=\s"&]{1,100}=)[^&\s"]+/g, '$1***')
    .replace(/\b(Bearer|Basic)\s+[^\s")]+/gi, '$1 ***')
}

/** An answer that differs from what OPA's documentation says. */
export class NotUnderstood extends Error {
  readonly reason = 'invalid'
}

export function parseJson<Schema extends z.ZodType>(schema: Schema, text: string, name: string): z.output<Schema> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw new NotUnderstood(`${name}: the answer is not JSON: ${words.slice(0, 200)}`)
  }
  return parse(schema, value, name)
}

export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const place = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`
  throw new NotUnderstood(`${name}${place}: ${issue?.message ?? 'not understood'}`)
}
