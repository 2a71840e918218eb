import { z } from 'zod'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { plainName } from './mask.ts'
import { jsonObject, type ParsedLine, refused } from './record-parser.ts'

/** One integrity event, docs/formats/integrity-event.md version 1, turned to the hop it is about. */
export interface IntegrityRecord {
  readonly at: EpochMs
  /** The called stage of the hop. */
  readonly stage: string
  readonly callerStage: string
  readonly result:
    | { readonly type: 'stage-signature'; readonly outcome: 'verified' | 'failed' | 'missing' }
    | { readonly type: 'user-identity'; readonly outcome: 'verified' | 'exchanged' | 'lost' | 'failed' }
  readonly reason: string | null
}

const common = {
  version: z.literal(1),
  time: z.iso.datetime({ offset: true }),
  stage: z.string().min(1).max(100),
  caller_stage: z.string().min(1).max(100),
  direction: z.enum(['request', 'response']).default('request'),
  reason: z.string().nullish(),
}

const event = z.discriminatedUnion('type', [
  z.object({ ...common, type: z.literal('stage-signature'), outcome: z.enum(['verified', 'failed', 'missing']) }),
  z.object({
    ...common,
    type: z.literal('user-identity'),
    outcome: z.enum(['verified', 'exchanged', 'lost', 'failed']),
  }),
])

export function parseIntegrityLine(line: string): ParsedLine<IntegrityRecord> {
  const object = jsonObject(line)
  return object === null ? refused('not a JSON object') : parseIntegrity(object)
}

/** The same of an event that is parsed already. */
export function parseIntegrity(object: Readonly<Record<string, unknown>>): ParsedLine<IntegrityRecord> {
  const parsed = event.safeParse(object)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return refused(issue === undefined ? 'not an integrity event' : `${issue.path.join('.')}: ${issue.message}`)
  }
  const found = parsed.data
  const writer = plainName(found.stage, 100)
  const other = plainName(found.caller_stage, 100)
  // Of a response the writer is the one that called: it verified what the called stage replied.
  const [callerStage, stage] = found.direction === 'request' ? [other, writer] : [writer, other]
  return {
    kind: 'record',
    record: {
      at: Date.parse(found.time),
      stage,
      callerStage,
      result:
        found.type === 'stage-signature'
          ? { type: found.type, outcome: found.outcome }
          : { type: found.type, outcome: found.outcome },
      reason: found.reason === null || found.reason === undefined ? null : plainName(found.reason, 100),
    },
  }
}
