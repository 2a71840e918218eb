import { canonicalJson } from '../../../shared/lib/canonical-json.ts'
import type { HistoryReader } from '../../core/history-store.ts'
import { type Journal, sealedAction } from '../../core/journal.ts'
import type { KeptLine } from '../../core/log-lines.ts'
import { type LogStore, recordKinds } from '../../core/log-store.ts'
import type { SealedStream } from '../../core/seals.ts'

/** Something whose lines are sealed, in an order that stays. */
export interface SealStream {
  readonly stream: SealedStream
  /** Lines after a cursor; cursors compare as text. */
  read(after: string | null, signal: AbortSignal): AsyncIterable<readonly KeptLine[]>
  /** That a head was written is no reason for another one. */
  isOurs(line: KeptLine): boolean
}

export interface StreamSources {
  readonly environment: string
  readonly logs: Pick<LogStore, 'lines'>
  /** null: nothing is remembered. */
  readonly history: Pick<HistoryReader, 'eventsAfter'> | null
  readonly journal: Pick<Journal, 'lines'>
}

const eventsOfBatch = 1000
const noneIsOurs = (): boolean => false

/** Everything that is sealed of an environment, in the order in which it is. */
export function streamsOf({ environment, logs, history, journal }: StreamSources): readonly SealStream[] {
  return [
    ...recordKinds.map((record) => ({
      stream: record,
      read: (after: string | null, signal: AbortSignal) => logs.lines(record, after, signal),
      isOurs: noneIsOurs,
    })),
    {
      stream: 'history-events',
      async *read(after, signal) {
        for (let last = numberOf(after); history !== null; ) {
          signal.throwIfAborted()
          const events = history.eventsAfter(last, eventsOfBatch)
          const latest = events.at(-1)
          if (latest === undefined) return
          yield events.map((event) => ({
            cursor: cursorOf(event.number),
            source: 'history',
            at: event.at,
            receivedAt: event.learntAt,
            text: canonicalJson(event),
          }))
          last = latest.number
        }
      },
      isOurs: noneIsOurs,
    },
    {
      stream: 'journal',
      async *read(after) {
        const lines = await journal.lines(environment, numberOf(after))
        yield lines.map(({ number, at, text }) => ({
          cursor: cursorOf(number),
          source: 'journal',
          at,
          receivedAt: at,
          text,
        }))
      },
      // It was read as an entry before; here only its word is wanted.
      isOurs: ({ text }) => text !== null && actionIn(text) === sealedAction,
    },
  ]
}

/** Of a fixed length, so that they compare as text. */
function cursorOf(number: number): string {
  return String(number).padStart(16, '0')
}

function numberOf(cursor: string | null): number {
  return cursor === null ? 0 : Number(cursor)
}

function actionIn(text: string): unknown {
  const entry: unknown = JSON.parse(text)
  return typeof entry === 'object' && entry !== null ? Reflect.get(entry, 'action') : undefined
}
