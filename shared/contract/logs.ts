import { type } from '@orpc/contract'
import { z } from 'zod'
import type { EpochMs } from '../domain/model/time.ts'
import { environmentInput, scopeInput } from './environments.ts'
import { procedure } from './procedure.ts'

/** A request that authorisation refused: by the access log, by the decision, or by both joined by decision id. */
export interface RefusedLine {
  readonly at: EpochMs
  /** error: refused because no decision came, or none that says allow or deny. */
  readonly why: 'denied' | 'error'
  readonly requestId: string | null
  readonly traceId: string | null
  readonly decisionId: string | null
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  readonly callerAddress: string | null
  /** null: no access log of this request is held. */
  readonly access: {
    /** Id of the log source. */
    readonly source: string
    readonly method: string | null
    readonly path: string | null
    readonly status: number | null
    readonly details: string | null
  } | null
  /** null: no decision of this id is held: the log is not read, or there was none. */
  readonly decision: {
    readonly source: string
    readonly opaInstanceId: string | null
    readonly outcome: 'allow' | 'deny' | 'error'
    readonly reasons: readonly string[]
    readonly path: string
    readonly revision: string | null
  } | null
}

export interface RefusedAnswer {
  readonly from: EpochMs
  readonly to: EpochMs
  /** Nothing older is held; null: nothing is held at all. What was refused before then is unknown. */
  readonly heldSince: EpochMs | null
  /** Ids of logs that are kept elsewhere: asked for one request at a time, so nothing of them is in this. */
  readonly notAsked: readonly string[]
  /** Lines that were read and could not be kept since the service began. */
  readonly lost: number
  /** The latest first. */
  readonly requests: readonly RefusedLine[]
  /** False: there are more than were asked for. */
  readonly complete: boolean
}

/** With `at` the minutes before that time. */
export const refusedInput = scopeInput.extend({
  limit: z.number().int().min(1).max(1000).default(100),
  /** How far back, minutes. */
  minutes: z.number().min(0.1).max(525_600).default(60),
  why: z.enum(['denied', 'error']).optional(),
  callerSpiffeId: z.string().max(2048).optional(),
  calleeSpiffeId: z.string().max(2048).optional(),
})
export type RefusedInput = z.infer<typeof refusedInput>

/** One log record that has the id that was asked for. */
export interface FoundLine {
  readonly record:
    | 'opa-decisions'
    | 'envoy-access'
    | 'integrity-events'
    | 'spire-audit'
    | 'kubernetes-audit'
    | 'vault-audit'
  readonly source: string
  readonly at: EpochMs
  readonly receivedAt: EpochMs
  readonly requestId: string | null
  readonly traceId: string | null
  readonly decisionId: string | null
  /** The record as JSON text, masked; null: it is no longer held. */
  readonly text: string | null
}

const recordKind = z.enum([
  'opa-decisions',
  'envoy-access',
  'integrity-events',
  'spire-audit',
  'kubernetes-audit',
  'vault-audit',
])

/** How many records of one kind and source were understood since they are kept. */
export interface LogIntake {
  readonly source: string
  readonly accepted: number
  readonly refused: number
  /** The latest that was refused, masked, and why. */
  readonly sampleRefused: { readonly text: string; readonly why: string } | null
}

export interface RecordsAnswer {
  readonly from: EpochMs
  readonly to: EpochMs
  readonly heldSince: EpochMs | null
  /** The latest, oldest first. */
  readonly records: readonly FoundLine[]
  readonly complete: boolean
  readonly intake: readonly LogIntake[]
}

export const recordsInput = environmentInput.extend({
  record: recordKind,
  /** How far back, minutes. */
  minutes: z.number().min(0.1).max(525_600).default(60),
  /** Only records that have it in one of their columns, in whatever case. */
  text: z.string().min(1).max(200).optional(),
  limit: z.number().int().min(1).max(1000).default(100),
})
export type RecordsInput = z.infer<typeof recordsInput>

/** What taking a file gave; each line is in exactly one of the counts. */
export interface ImportAnswer {
  readonly accepted: number
  readonly refused: number
  /** Held already. */
  readonly repeated: number
  readonly passedOver: number
  readonly sampleRefused: LogIntake['sampleRefused']
}

export const importInput = environmentInput.extend({
  /** Absolute path on the machine where Everyhop keeps records. */
  file: z.string().min(1).max(4096),
  record: recordKind,
  /** What the records say where they come from. */
  source: z.string().regex(/^[a-zA-Z0-9._-]{1,100}$/),
})
export type ImportInput = z.infer<typeof importInput>

/** Logs that are kept elsewhere and were looked through, as `history` of environment.yaml says. */
export interface SearchedElsewhere {
  readonly source: string
  /** Only that time was looked through. */
  readonly from: EpochMs
  readonly to: EpochMs
  /** Why it did not answer, in its own words: what it holds is then unknown. null: it did. */
  readonly silent: string | null
}

export interface FoundAnswer {
  readonly heldSince: EpochMs | null
  readonly elsewhere: readonly SearchedElsewhere[]
  /** Oldest first. */
  readonly records: readonly FoundLine[]
  readonly complete: boolean
}

export const findInput = environmentInput.extend({
  by: z.enum(['request', 'trace', 'decision']),
  id: z.string().min(1).max(200),
  limit: z.number().int().min(1).max(1000).default(100),
})
export type FindInput = z.infer<typeof findInput>

export const logs = {
  /** The latest requests that authorisation refused, as far as logs of them are read. */
  refused: procedure.input(refusedInput).output(type<RefusedAnswer>()),
  /** Every record that has an id, of whatever kind. */
  find: procedure.input(findInput).output(type<FoundAnswer>()),
  /** The latest records of one kind, such as audit lines, which have no id of a request. */
  records: procedure.input(recordsInput).output(type<RecordsAnswer>()),
  /** Takes a file of old records: it stays where it is. */
  importFile: procedure.input(importInput).output(type<ImportAnswer>()),
}
