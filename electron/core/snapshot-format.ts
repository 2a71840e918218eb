import { z } from 'zod'
import type { RefusedAnswer } from '../../shared/contract/logs.ts'
import type { GraphSettings } from '../../shared/domain/graph/build.ts'
import type { WatchGap } from '../../shared/domain/history/model.ts'
import { type Fact, gapReasons, type ScopeState, sourceKinds } from '../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { Failure } from './failure.ts'
import { graphSettingsSchema, settingsOf } from './past-settings.ts'

/** What docs/formats/snapshot.md says: raised when an older Everyhop would misread a file. */
const schema = 1
/** A file that lies must not make us hold more. */
const mostScopes = 500_000

/** What was known of an environment at one time, as it is handed on. */
export interface SnapshotContent {
  /** Name of the environment. */
  readonly of: string
  readonly at: EpochMs
  readonly gap: WatchGap | null
  readonly settings: GraphSettings
  readonly states: readonly ScopeState[]
  /** Requests that were refused before that time; null: they were not put in. */
  readonly refused: RefusedAnswer | null
}

const text = z.string().max(1_000_000)
const at = z.number().int().min(0)

const headerSchema = z.object({
  everyhop: z.literal('snapshot'),
  schema: z.number().int().min(1),
})
const firstSchema = headerSchema.extend({
  schema: z.literal(schema),
  version: z.string().max(100),
  environment: z.string().min(1).max(63),
  at,
  gap: z
    .object({
      from: at,
      to: at.nullable(),
      why: z.enum(['not-running', 'asleep', 'not-watched', 'not-kept', 'clock-stepped']),
    })
    .nullable(),
  settings: graphSettingsSchema,
})

const factBase = z.looseObject({
  kind: z.string().max(100),
  id: z.string().max(10_000),
  from: z.object({
    source: z.enum(sourceKinds),
    instance: text,
    locator: text,
    observedAt: z.number(),
    basis: z.enum(['measured', 'derived', 'declared']),
  }),
})
const scopeId = z
  .string()
  .max(2000)
  .regex(/^[a-z]+\/[^/]+\/./)
const scopeSchema = z
  .object({
    scope: scopeId,
    // Every kind of fact in full would be the model once more; what the graph cannot use is a defect of it, and said there.
    facts: z.array(z.custom<Fact>((value) => factBase.safeParse(value).success)).max(1_000_000),
    gaps: z
      .array(
        z.object({
          source: z.enum(sourceKinds),
          instance: text,
          what: text,
          reason: z.enum(gapReasons),
          detail: text,
          at: z.number(),
        }),
      )
      .max(10_000),
    readAt: z.number().nullable(),
    triedAt: z.number(),
    current: z.boolean(),
  })
  .refine(({ scope, facts }) => facts.every(({ id }) => id.startsWith(`${scope}#`)), {
    message: 'a fact belongs to another scope',
  })

const optionalText = text.nullable()
const refusedSchema = z.object({
  from: at,
  to: at,
  heldSince: at.nullable(),
  notAsked: z.array(text).max(1000),
  lost: z.number(),
  complete: z.boolean(),
  requests: z
    .array(
      z.object({
        at: z.number(),
        why: z.enum(['denied', 'error']),
        requestId: optionalText,
        traceId: optionalText,
        decisionId: optionalText,
        callerSpiffeId: optionalText,
        calleeSpiffeId: optionalText,
        callerAddress: optionalText,
        access: z
          .object({
            source: text,
            method: optionalText,
            path: optionalText,
            status: z.number().nullable(),
            details: optionalText,
          })
          .nullable(),
        decision: z
          .object({
            source: text,
            opaInstanceId: optionalText,
            outcome: z.enum(['allow', 'deny', 'error']),
            reasons: z.array(text).max(10_000),
            path: text,
            revision: optionalText,
          })
          .nullable(),
      }),
    )
    .max(1000),
})

const lineSchema = z.union([z.strictObject({ scope: scopeSchema }), z.strictObject({ refused: refusedSchema })])

/** The lines of a file, its first one first. @param version of the Everyhop that writes it. */
export function* snapshotLines(content: SnapshotContent, version: string): Generator<string> {
  const { of, at: time, gap, settings, states, refused } = content
  yield JSON.stringify({ everyhop: 'snapshot', schema, version, environment: of, at: time, gap, settings })
  for (const scope of states) yield JSON.stringify({ scope })
  if (refused !== null) yield JSON.stringify({ refused })
}

/** Reads what may come from anywhere. Rejects with a `Failure` `invalid`, or `unsupported-version` of one that is newer. */
export async function readSnapshot(file: string, lines: AsyncIterable<string>): Promise<SnapshotContent> {
  const states = new Map<string, ScopeState>()
  let first: z.infer<typeof firstSchema> | null = null
  let refused: RefusedAnswer | null = null
  let number = 0
  for await (const line of lines) {
    number += 1
    if (first === null) {
      first = firstOf(file, line)
      continue
    }
    const read = lineSchema.safeParse(parsed(line))
    if (!read.success) throw unreadable(file, number)
    if ('refused' in read.data) refused = read.data.refused
    else states.set(read.data.scope.scope, read.data.scope)
    if (states.size > mostScopes) throw unreadable(file, number)
  }
  if (first === null) throw unreadable(file, 1)
  const { environment: of, at: time, gap, settings } = first
  return { of, at: time, gap, settings: settingsOf(settings), states: [...states.values()], refused }
}

function firstOf(file: string, line: string): z.infer<typeof firstSchema> {
  const value = parsed(line)
  const header = headerSchema.safeParse(value)
  if (!header.success) {
    throw new Failure('invalid', file, `${file} is no snapshot of Everyhop.`, 'Choose a file that Everyhop saved.')
  }
  if (header.data.schema > schema) {
    const sentence = `${file} was saved by a newer Everyhop: its format is ${header.data.schema}, and this one reads ${schema}.`
    throw new Failure('unsupported-version', file, sentence, 'Open it with that version.')
  }
  const first = firstSchema.safeParse(value)
  if (!first.success) throw unreadable(file, 1)
  return first.data
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null // which no schema takes
  }
}

function unreadable(file: string, line: number): Failure {
  const sentence = `${file} cannot be read: line ${line} is not what a snapshot holds.`
  return new Failure('invalid', file, sentence, 'It was written by another program, or changed: ask for it again.')
}
