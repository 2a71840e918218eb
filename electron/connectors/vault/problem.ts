import type { z } from 'zod'
import type { Fact, Gap, GapReason, Provenance } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'

/**
 * Why one question gave nothing. `stops` true: asking for more now would only hammer, because nobody answers, Vault is sealed or
 * asked to be left alone.
 */
export class VaultFailure extends Error {
  readonly reason: GapReason
  readonly stops: boolean
  /** HTTP status; null: there was no answer. */
  readonly status: number | null
  constructor(reason: GapReason, message: string, more: { readonly stops?: boolean; readonly status?: number } = {}) {
    super(masked(message).slice(0, 400))
    this.name = 'VaultFailure'
    this.reason = reason
    this.stops = more.stops ?? false
    this.status = more.status ?? null
  }
}

/** Something that could not be read, before it is known when and of which Vault: a gap in the making. */
export interface Problem {
  readonly what: string
  readonly reason: GapReason
  readonly detail: string
}

/** What one part of a Vault turned into; `facts` null: nothing of it could be read. */
export interface Translated {
  readonly facts: readonly Fact[] | null
  readonly problems: readonly Problem[]
}

/** Who was asked, and when it answered. */
export interface Asked {
  readonly vault: string
  readonly at: EpochMs
}

export function measured({ vault, at }: Asked, locator: string): Provenance {
  return { source: 'vault', instance: vault, locator, observedAt: at, basis: 'measured' }
}

export function asGap({ what, reason, detail }: Problem, { vault, at }: Asked): Gap {
  return { source: 'vault', instance: vault, what, reason, detail: masked(detail).slice(0, 400), at }
}

export function problemOf(what: string, error: VaultFailure): Problem {
  return { what, reason: error.reason, detail: error.message }
}

/** Vault's errors do not quote tokens; what stands between may. Shapes: `hvs.…`, `hvb.…`, `s.…`, JWTs, addresses with a password. */
export function masked(text: string): string {
  return text
    .replace(/\bhv[a-z]\.[A-Za-z0-9_-]{6,}/g, '***')
    .replace(/\b[sbr]\.[A-Za-z0-9]{20,}/g, '***')
    .replace(/\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}/g, '***')
    .replace(/(:\/\/)[^\s/@"]+@/g, '$1***@')
    .replace(/\b(bearer|basic)\s+[^\s")]+/gi, '$1 ***')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, ' ')
}

export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const place = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`
  // The code and not the message: a message may quote the value.
  throw new VaultFailure('invalid', `${name}${place}: not as Vault's API documents it (${issue?.code ?? 'unknown'})`)
}
