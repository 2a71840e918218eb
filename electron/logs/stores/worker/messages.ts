import type { LogStore } from '../../../core/log-store.ts'
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
