import type { SealedHead } from '../../shared/domain/evidence/seals.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { RecordKind } from './log-store.ts'

/** What is sealed, each with a Merkle tree of its own: log records, facts and events of the history, the action journal. */
export type SealedStream = RecordKind | 'history-events' | 'journal'

/** One line of a stream, where its leaf is in a head. */
export interface SealedLine {
  /** Number of the head. */
  readonly head: number
  /** Index of the leaf in the head's tree of this stream. */
  readonly index: number
  /** SHA-256(0x00 ‖ line), hexadecimal, as it was sealed. */
  readonly leaf: string
  /** The line as it is held now, without a line break; null: retention took it. */
  readonly line: string | null
  /** The line is not the one that was sealed. */
  readonly changed: boolean
  readonly source: string
  /** When it happened, by its writer. */
  readonly at: EpochMs
  readonly receivedAt: EpochMs
}

/**
 * Heads of one environment. They outlive what they seal. Rejects with a `Failure`: `exhausted` when the disk is full (what came
 * stays to be sealed later), `invalid` when leaves are not those that were sealed, `locked` when the device key cannot be used.
 */
export interface Seals {
  /**
   * Seals what came since the last head, at once; null: nothing came. Events and entries of the journal are sealed with it; that
   * something was sealed is itself an entry, and alone no reason for a head.
   */
  seal(now: EpochMs, signal?: AbortSignal): Promise<SealedHead | null>
  /** Oldest first: from the first that ends after the window begins to the newest, since records may come late. */
  heads(window: { readonly from: EpochMs; readonly to: EpochMs }): Promise<readonly SealedHead[]>
  /** Those of these heads whose leaves are held no more, so that `lines` gives none of them: retention took them. */
  leafless(heads: readonly number[]): Promise<readonly number[]>
  /**
   * Every line of a stream in these heads, in the order in which it was sealed, each head whole; some hundreds at a time, never of
   * two heads together: a promise for each of a million lines costs more than the lines.
   */
  lines(stream: SealedStream, heads: readonly number[], signal: AbortSignal): AsyncIterable<readonly SealedLine[]>
  /** Follows the chain of heads and its signatures; `problem` names the first that does not fit. */
  verify(): Promise<{
    readonly heads: number
    readonly problem: { readonly number: number; readonly message: string } | null
  }>
  /** SPKI in PEM of the key of this installation that signs heads. Earlier heads may have been signed by one that is lost. */
  readonly deviceKey: string
  /** file: the key and the heads are in the data folder, readable by this user. memory: they end with this run. */
  readonly assurance: 'file' | 'memory'
  close(): Promise<void>
}
