import type { Provenance } from '../../../shared/domain/model/fact.ts'
import type { LogFact } from '../../../shared/domain/model/log-facts.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { VaultFact } from '../../../shared/domain/model/vault-facts.ts'
import type { Contribution } from '../memory-window.ts'

/** Sums of one source's records, kept up as records come and go. */
export interface Activity<Record> {
  /** Empty when the record says nothing about any hop; null when there is no room for another sum. */
  add(record: Record, at: EpochMs): readonly Contribution[] | null
  facts(window: FactWindow): readonly (LogFact | VaultFact)[]
  /** Told of every record before `add`, also of those that are older than the window. */
  remember?(record: Record): void
  /** Records before the next one may have been missed. */
  skipped?(): void
}

export interface FactWindow {
  readonly scope: string
  readonly from: Provenance
  readonly windowFrom: EpochMs
  readonly windowTo: EpochMs
  /** Lines of the log that were not understood; without it none. */
  readonly refusedLines?: number
}

/** Pairs of caller and called that are told apart, per source. A log cannot make us hold more. */
export const mostPairs = 5000

/** A keyed set of sums, each dropped when the last record in it has left the window. */
export interface Sums<Sum extends { records: number }> {
  /** null: there is no room for a new one. */
  get(key: string, fresh: () => Sum): Sum | null
  release(key: string, sum: Sum): void
  all(): IterableIterator<Sum>
}

export function createSums<Sum extends { records: number }>(): Sums<Sum> {
  const sums = new Map<string, Sum>()
  return {
    get(key, fresh) {
      const found = sums.get(key)
      if (found !== undefined) return found
      if (sums.size >= mostPairs) return null
      const sum = fresh()
      sums.set(key, sum)
      return sum
    },
    release(key, sum) {
      sum.records -= 1
      if (sum.records === 0 && sums.get(key) === sum) sums.delete(key)
    },
    all: () => sums.values(),
  }
}

/** `-` stands for what is not known, in ids that must not change between runs. */
export function idPart(text: string | null): string {
  return text ?? '-'
}
