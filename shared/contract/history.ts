import { type } from '@orpc/contract'
import { z } from 'zod'
import type { GraphDifference, HistoryEvent, WatchGap } from '../domain/history/model.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { environmentInput, pastMoment } from './environments.ts'
import { procedure } from './procedure.ts'

/** What is remembered of an environment. */
export interface HistoryRange {
  /** When the first was recorded; before `from`: what lies between them is not kept any more. null: nothing ever was. */
  readonly began: EpochMs | null
  /** null: nothing is recorded. */
  readonly from: EpochMs | null
  readonly to: EpochMs | null
  /** Facts are being recorded now. */
  readonly recording: boolean
  /** Why nothing is recorded, or not beyond this run: a code of shared/words/history.ts; null: it is. */
  readonly why: 'no-data-folder' | 'preview' | 'snapshot' | 'in-memory' | 'newer' | 'failing' | null
  /** Latest first, at most 1,000. */
  readonly gaps: readonly WatchGap[]
  readonly retention: { readonly maxAgeMs: number; readonly maxBytes: number }
  readonly bytes: number
}

/** One window of the scrubber. */
export interface Timeline {
  readonly from: EpochMs
  readonly to: EpochMs
  readonly bucketMs: number
  /** Refused requests by bucket; null: no log of that time is held. */
  readonly denials: readonly (number | null)[]
  /** Oldest first, at most 500; those left out are counted. */
  readonly events: readonly (
    | { readonly kind: 'change'; readonly event: HistoryEvent }
    | {
        readonly kind: 'action'
        readonly number: number
        readonly at: EpochMs
        readonly action: string
        readonly phase: string
        readonly actor: string
      }
  )[]
  readonly leftOut: number
  readonly gaps: readonly WatchGap[]
}

export const timelineInput = environmentInput
  .extend({
    from: z.number().int().min(0),
    to: z.number().int().min(1),
    buckets: z.number().int().min(1).max(500).default(96),
  })
  .refine(({ from, to }) => from < to, { message: 'a timeline ends after it begins', path: ['to'] })
export type TimelineInput = z.infer<typeof timelineInput>

/** null: now. */
export const differenceInput = environmentInput.extend({ from: pastMoment, to: pastMoment })
export type DifferenceInput = z.infer<typeof differenceInput>

export const history = {
  range: procedure.input(environmentInput).output(type<HistoryRange>()),
  timeline: procedure.input(timelineInput).output(type<Timeline>()),
  difference: procedure.input(differenceInput).output(type<GraphDifference>()),
  /** Writes what is known at `at` into one file, which opens without any connection. `conflict`: the file is there already. */
  saveSnapshot: procedure
    .input(environmentInput.extend({ at: pastMoment, file: z.string().min(1).max(4096) }))
    .output(type<{ readonly file: string; readonly bytes: number; readonly at: EpochMs }>()),
  /** Opens such a file as an environment that nothing is read for; the name that comes back is asked like any other. */
  openSnapshot: procedure
    .input(z.object({ file: z.string().min(1).max(4096) }))
    .output(type<{ readonly environment: string; readonly at: EpochMs; readonly of: string }>()),
}
