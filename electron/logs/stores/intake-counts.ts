import type { IntakeCounts, RecordKind } from '../../core/log-store.ts'
import type { ReadUpload } from './read-upload.ts'

/** Counts of what came, by record kind and source, kept in memory. */
export interface IntakeTally {
  /** Gives the share of this upload alone. */
  add(of: { readonly record: RecordKind; readonly source: string }, read: ReadUpload, repeated: number): IntakeCounts
  all(): readonly IntakeCounts[]
  /** Counts from before, as when a store is opened again. */
  load(counts: readonly IntakeCounts[]): void
}

export function createIntakeCounts(): IntakeTally {
  const tally = new Map<string, IntakeCounts>()
  const keyOf = (of: { readonly record: RecordKind; readonly source: string }): string => `${of.record}/${of.source}`
  return {
    add({ record, source }, read, repeated) {
      const share = shareOf({ record, source }, read, repeated)
      const before = tally.get(keyOf(share))
      tally.set(keyOf(share), before === undefined ? share : summed(before, share))
      return share
    },
    all: () => [...tally.values()],
    load(counts) {
      for (const count of counts) tally.set(keyOf(count), count)
    },
  }
}

function shareOf(
  of: { readonly record: RecordKind; readonly source: string },
  read: ReadUpload,
  repeated: number,
): IntakeCounts {
  const lastRecordAt = read.records.reduce<number | null>(
    (latest, { stored }) => Math.max(latest ?? stored.at, stored.at),
    null,
  )
  const { refused, passedOver, sampleRefused } = read
  return { ...of, accepted: read.records.length - repeated, refused, repeated, passedOver, sampleRefused, lastRecordAt }
}

export function summed(before: IntakeCounts, share: IntakeCounts): IntakeCounts {
  return {
    record: before.record,
    source: before.source,
    accepted: before.accepted + share.accepted,
    refused: before.refused + share.refused,
    repeated: before.repeated + share.repeated,
    passedOver: before.passedOver + share.passedOver,
    sampleRefused: share.sampleRefused ?? before.sampleRefused,
    lastRecordAt: latest(before.lastRecordAt, share.lastRecordAt),
  }
}

function latest(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right
  return Math.max(left, right)
}
