import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { RecordKind, TimeWindow } from './log-store.ts'

/**
 * What lines went through before they were kept. electron/logs/stores/masking-versions.json holds what each version makes of some
 * samples: another rule is another version.
 */
export const maskingVersion = 'mask-2'

/**
 * Where a line is in the order in which the records of one kind were kept; cursors compare as text. The same line has the same
 * cursor after a restart, after retention took others, and when columns are made again from the segments; only then, and with a
 * newer Everyhop that understands more, there may be lines between two that had none between them.
 */
export type LineCursor = string

/** One accepted record as it is held: masked at intake, and not again. */
export interface KeptLine {
  readonly cursor: LineCursor
  readonly source: string
  /** By its writer's clock. */
  readonly at: EpochMs
  readonly receivedAt: EpochMs
  /**
   * One line of JSON text, an object; docs/formats/log-records.md, "Lines", says how it is made of what came. null: it was imported
   * from a file that is gone or was changed since.
   */
  readonly text: string | null
}

export interface KeptLines {
  /**
   * Every accepted record of a kind that can be found now, after `after`, in the order in which they were kept, each once, in
   * batches of at most some thousand. Read in sequence: an upload is unpacked once. Rejects with the signal's reason.
   */
  lines(record: RecordKind, after: LineCursor | null, signal: AbortSignal): AsyncIterable<readonly KeptLine[]>
  /** The first and the last cursor of the records of a window, by their writers' clocks; others may lie between. null: there is none. */
  linesWindow(
    record: RecordKind,
    window: TimeWindow,
  ): Promise<{ readonly first: LineCursor; readonly last: LineCursor; readonly count: number } | null>
}
