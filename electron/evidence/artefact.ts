import type { ArtefactPlan } from '../../shared/contract/evidence.ts'
import type { ArtefactId, ArtefactMeta, Period } from '../../shared/domain/evidence/model.ts'
import type { SealedHead } from '../../shared/domain/evidence/seals.ts'
import type { Environment } from '../../shared/domain/model/environment.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import type { HistoryReader } from '../core/history-store.ts'
import type { Journal } from '../core/journal.ts'
import type { LogStore, RecordKind, StoredRecord } from '../core/log-store.ts'
import type { SealedLine, SealedStream, Seals } from '../core/seals.ts'

/** What an artefact is made from: everything that is held of one environment. */
export interface EvidenceSources {
  readonly environment: string
  /** environment.yaml as it is now: who is expected to report. null: it cannot be read. */
  readonly configured: Environment | null
  readonly history: HistoryReader
  readonly logs: LogStore
  readonly seals: Seals
  readonly journal: Journal
  /** Heads that hold records of the period; their numbers, oldest first. */
  readonly heads: readonly number[]
  /** Heads that may hold some too, and whose leaves are held no more: of which is not known. */
  readonly leafless: readonly SealedHead[]
  /** There are heads after these: what came of the period so late is in none of `heads`, nor will it be in a later pack of it. */
  readonly areLater: boolean
  /** The trust graph at a time of the past; null: nothing was recorded then. */
  graphAt(at: number): Promise<TrustGraph | null>
  /** The bytes of a published bundle that are kept here; null: they are not. */
  bundle(digestOrRevision: { readonly bundle: string; readonly revision: string }): Promise<Uint8Array | null>
  /** The columns of a record, as the log store makes them of its text; null: it does not understand it. */
  understand(record: RecordKind, text: string): StoredRecord | null
}

/** Whether a sealed line goes in whole, or only its leaf. */
export interface TakenLine {
  readonly line: SealedLine
  readonly take: 'line' | 'leaf'
  readonly isException: boolean
}

/** A line of our own making: one JSON object. */
export interface OwnLine {
  readonly record: Readonly<Record<string, unknown>>
  readonly isException: boolean
}

/** Where an artefact puts what it holds. Nothing is in a pack until every artefact is whole. */
export interface ArtefactWriter {
  /** `file` without ending, such as `activations`. */
  lines(file: string, lines: readonly OwnLine[]): Promise<void>
  /**
   * Lines that were sealed, or only their leaves. Those of one stream come head by head, in order, each of a head exactly once. One
   * that is held no more, or is not what was sealed, can only be taken as its leaf.
   */
  sealed(stream: SealedStream, lines: readonly TakenLine[]): Promise<void>
  /** A file as it is, such as a bundle. */
  file(name: string, bytes: Uint8Array): Promise<void>
  /** A row of the population list `<file>.csv`; the first one says its columns. */
  row(file: string, cells: readonly (string | number | null)[]): Promise<void>
}

/** What is known of an artefact once it is written; the maker adds what it counted itself. */
export type Collected = Pick<ArtefactMeta, 'sources' | 'population' | 'result' | 'limitations'>

/** One artefact of a pack: one file each under artefacts/, in the list of artefacts/index.ts. */
export interface Artefact {
  readonly id: ArtefactId
  readonly governance: boolean
  /** What it would hold and lack, counted without writing anything. */
  plan(sources: EvidenceSources, period: Period, signal: AbortSignal): Promise<ArtefactPlan>
  collect(sources: EvidenceSources, period: Period, to: ArtefactWriter, signal: AbortSignal): Promise<Collected>
}
