import type { LineCursor } from '../../../core/log-lines.ts'
import type { LogStore, RecordKind } from '../../../core/log-store.ts'
import { isObject } from '../../intake/record-parser.ts'
import type { EmbeddedStoreOptions } from '../embedded/embedded-store.ts'

/** Between a store's thread and ours: both ends are this program, so that only the shape of a message is looked at. */
const methods = [
  'append',
  'settle',
  'find',
  'raw',
  'records',
  'hopActivity',
  'refusedRequests',
  'refusalSums',
  'linesWindow',
  'decisionCounts',
  'authorisationCounts',
  'denialsBy',
  'hopCoverage',
  'counts',
  'state',
  'retain',
  'importFile',
  'close',
] as const satisfies readonly (keyof LogStore)[]
export type Method = (typeof methods)[number]

export interface Call {
  readonly id: number
  readonly method: Method
  readonly parameters: readonly unknown[]
}

/**
 * Lines are asked for batch by batch: as many wait in memory as are worked on. `id` is one of an answer, `reading` that of the
 * reading, which ends with an answer of null, a failure, or `leave`.
 */
export type LinesCall =
  | {
      readonly id: number
      readonly lines: 'begin'
      readonly reading: number
      readonly record: RecordKind
      readonly after: LineCursor | null
    }
  | { readonly id: number; readonly lines: 'next' | 'leave'; readonly reading: number }

export function isLinesCall(message: unknown): message is LinesCall {
  return isObject(message) && typeof message['lines'] === 'string' && typeof message['reading'] === 'number'
}

/** `id` 0: the store is open. */
export type Answer =
  | { readonly id: number; readonly outcome: 'done'; readonly value: unknown }
  | { readonly id: number; readonly outcome: 'failed'; readonly words: string }

export function isCall(message: unknown): message is Call {
  return (
    isObject(message) && typeof message['id'] === 'number' && methods.some((method) => method === message['method'])
  )
}

export function isAnswer(message: unknown): message is Answer {
  return isObject(message) && typeof message['id'] === 'number' && typeof message['outcome'] === 'string'
}

export function isOptions(data: unknown): data is EmbeddedStoreOptions {
  return isObject(data) && typeof data['folder'] === 'string' && isObject(data['retention'])
}
