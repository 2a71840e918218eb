import type { Reason } from '../domain/model/graph.ts'
import { formatClock, formatDuration } from './durations.ts'

export type Params = Reason['params']

/** Stands where a param is missing: visible, and searched for by the tests. */
export const missingParam = '[?]'

/** A name or word as it is, also that it is empty; `[?]` when the reason does not carry it. */
export function word(params: Params, key: string): string {
  const value = params[key]
  if (value === undefined || value === null) return missingParam
  return value === '' ? 'without a name' : String(value)
}

/** Text from outside, literally, in quotes. */
export function quoted(params: Params, key: string): string {
  return `“${word(params, key)}”`
}

/** A number as written in English. */
export function figure(params: Params, key: string): string {
  const value = params[key]
  return typeof value === 'number' ? value.toLocaleString('en-GB') : missingParam
}

/** The number itself; 0 when it is missing. */
export function count(params: Params, key: string): number {
  const value = params[key]
  return typeof value === 'number' ? value : 0
}

/** HH:MM:SS in UTC. */
export function clock(params: Params, key: string): string {
  const value = params[key]
  return typeof value === 'number' ? formatClock(value) : missingParam
}

/** Whether the param is there and not null. */
export function has(params: Params, key: string): boolean {
  const value = params[key]
  return value !== undefined && value !== null
}

/** "the last 60 s", "the last 5 m 00 s"; "the counted window" when its length is not known. */
export function windowText(params: Params): string {
  const value = params['windowSeconds']
  return typeof value === 'number' ? `the last ${formatDuration(value * 1000)}` : 'the counted window'
}

/** "model-server", or "1 of 3 Envoys of model-server" when not all instances are meant. */
export function instancesOf(params: Params): string {
  const instances = count(params, 'instances')
  const affected = count(params, 'affected')
  const name = word(params, 'name')
  return instances > 1 ? `${affected} of ${instances} Envoys of ${name}` : name
}
