import type { EpochMs } from '../../../shared/domain/model/time.ts'

/** The latest of values that come and go with records; null when all records that had one have gone. */
export interface Latest<Value> {
  value: Value | null
  at: EpochMs
  /** How many records in the window have such a value. */
  holders: number
}

export function nothing<Value>(): Latest<Value> {
  return { value: null, at: Number.NEGATIVE_INFINITY, holders: 0 }
}

export function takeLatest<Value>(latest: Latest<Value>, value: Value, at: EpochMs): void {
  latest.holders += 1
  if (at < latest.at) return
  latest.value = value
  latest.at = at
}

export function letGo(latest: Latest<unknown>): void {
  latest.holders -= 1
  if (latest.holders > 0) return
  latest.value = null
  latest.at = Number.NEGATIVE_INFINITY
}
