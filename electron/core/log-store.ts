import type { LatestRefusal } from '../../shared/domain/diagnosis/refusals/model.ts'
import type { HopActivityFact, LoggedDecision } from '../../shared/domain/model/log-facts.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import type { KeptLines } from './log-lines.ts'
import type { LogStatistics } from './log-statistics.ts'

/** The records that are kept. What each holds and what is masked: docs/formats/log-records.md. */
export const recordKinds = [
  'opa-decisions',
  'envoy-access',
  'integrity-events',
  'spire-audit',
  'kubernetes-audit',
  'vault-audit',
] as const
export type RecordKind = (typeof recordKinds)[number]

/** Some records as they came: a POST of OPA's decision log, lines of a followed file, a Kubernetes EventList. */
export interface Upload {
  readonly record: RecordKind
  /** Id of the source: `logs.<id>` of environment.yaml, or what the receiver calls its sender. */
  readonly source: string
  readonly receivedAt: EpochMs
  /** array: one JSON array; lines: one record a line; event-list: `{"items": […]}` of audit.k8s.io/v1. */
  readonly form: 'array' | 'lines' | 'event-list'
  readonly encoding: 'identity' | 'gzip'
  readonly bytes: Uint8Array
}

export type AppendResult =
  | { readonly outcome: 'stored' }
  /** The upload cannot be kept as it is: not gzip, or larger than the limits once unpacked. `why` has no content of it. */
  | { readonly outcome: 'refused'; readonly why: string }
  /** Nothing was kept: reading is behind, or the disk is full. The sender should come again. */
  | { readonly outcome: 'exhausted'; readonly why: string }

/** From and up to, both included. */
export interface TimeWindow {
  readonly from: EpochMs
  readonly to: EpochMs
}

/**
 * Where the record as received is: a place in a segment; an imported file, found there again by id; logs that are kept elsewhere,
 * where an entry is known by its time there, in nanoseconds, and the hash of its line.
 */
export type RecordLocator =
  | { readonly in: 'history'; readonly history: string; readonly entry: string; readonly hash: string }
  | { readonly in: 'segment'; readonly segment: number; readonly offset: number; readonly item: number }
  | { readonly in: 'import'; readonly file: string }

interface StoredBase<Kind extends RecordKind> {
  readonly record: Kind
  readonly source: string
  readonly at: EpochMs
  readonly receivedAt: EpochMs
  readonly locator: RecordLocator
  readonly requestId: string | null
  readonly traceId: string | null
  readonly decisionId: string | null
}

export interface StoredDecision extends StoredBase<'opa-decisions'> {
  readonly opaInstanceId: string | null
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  readonly outcome: 'allow' | 'deny' | 'error'
  readonly reasons: readonly string[]
  readonly path: string
  readonly revision: string | null
  /** Nanoseconds. */
  readonly evaluationNs: number | null
}

/** How the authorisation of a logged request ended, unsaid where the format does not tell; null for the line of a connection. */
export type LoggedAuthorisation = 'passed' | 'unsaid' | 'denied' | 'error' | 'failed-open' | null

export interface StoredAccess extends StoredBase<'envoy-access'> {
  readonly direction: 'inbound' | 'outbound' | null
  readonly method: string | null
  readonly path: string | null
  /** null for the line of a connection. */
  readonly status: number | null
  readonly details: string | null
  readonly flags: readonly string[]
  readonly authorisation: LoggedAuthorisation
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  readonly callerAddress: string | null
  readonly calleeAddress: string | null
  readonly upstreamCluster: string | null
  readonly upstreamHost: string | null
  /** TLS failure towards the caller, or towards the upstream. */
  readonly failure: string | null
}

export interface StoredIntegrity extends StoredBase<'integrity-events'> {
  readonly stage: string
  readonly callerStage: string
  readonly type: 'stage-signature' | 'user-identity'
  readonly outcome: string
  readonly reason: string | null
}

/** One call of a SPIRE server's API. */
export interface StoredSpireAudit extends StoredBase<'spire-audit'> {
  readonly callerSpiffeId: string | null
  readonly callerAddress: string | null
  readonly authorisedAs: string | null
  readonly authorisedVia: string | null
  readonly service: string
  readonly method: string
  readonly status: string
  /** The SPIFFE ID that the call was about. */
  readonly subjectSpiffeId: string | null
  readonly detail: string | null
}

export interface StoredKubernetesAudit extends StoredBase<'kubernetes-audit'> {
  readonly auditId: string
  readonly stage: string
  readonly verb: string
  readonly user: string | null
  readonly userAgent: string | null
  readonly sourceAddress: string | null
  readonly apiGroup: string | null
  readonly resource: string | null
  readonly subresource: string | null
  readonly namespace: string | null
  readonly name: string | null
  /** Path of the request, without its query. */
  readonly path: string | null
  readonly status: number | null
  readonly authorisation: string | null
  readonly reason: string | null
  /**
   * What admission did to it. deny: it was refused. failed-open: who should have been asked did not answer. warn, audit: it would have
   * been refused. The first that holds stands for all; null: none, as far as the event tells, which tells no mere warning.
   */
  readonly admission: {
    readonly kind: 'policy' | 'webhook' | 'image-policy' | 'pod-security'
    readonly policy: string | null
    readonly binding: string | null
    readonly action: 'deny' | 'failed-open' | 'warn' | 'audit'
    readonly message: string
  } | null
  /** Of what was to run; none where the audit policy's level is Metadata. */
  readonly images: readonly string[]
}

/** A request to Vault, or the answer to it. */
export interface StoredVaultAudit extends StoredBase<'vault-audit'> {
  readonly type: 'request' | 'response'
  readonly operation: string
  readonly path: string
  readonly namespace: string | null
  readonly mount: string | null
  readonly mountType: string | null
  readonly displayName: string | null
  readonly subject: string | null
  readonly entityId: string | null
  readonly role: string | null
  readonly remoteAddress: string | null
  readonly outcome: 'done' | 'denied' | 'failed'
  readonly error: string | null
  readonly leaseId: string | null
}

export type StoredRecord =
  | StoredDecision
  | StoredAccess
  | StoredIntegrity
  | StoredSpireAudit
  | StoredKubernetesAudit
  | StoredVaultAudit

export type RecordId =
  | { readonly by: 'request'; readonly id: string }
  | { readonly by: 'trace'; readonly id: string }
  | { readonly by: 'decision'; readonly id: string }

/** Records of one kind in a window, whatever ids they have. */
export interface RecordsQuery {
  readonly record: RecordKind
  readonly window: TimeWindow
  /** Only those with this text in one of their own columns, in whatever case; null: all. */
  readonly text: string | null
  readonly limit: number
}

/** Records found, oldest first. `complete` is false when there are more than were asked for. */
export interface FoundRecords {
  readonly records: readonly StoredRecord[]
  readonly complete: boolean
}

export type RawRecord =
  /** JSON text of the record; what looks like a secret is `***`. `masked`: something was taken out after it was received. */
  | { readonly outcome: 'found'; readonly text: string; readonly masked: boolean }
  /** Retention took it, or the imported file is gone. */
  | { readonly outcome: 'gone'; readonly why: string }

/** A request that authorisation refused: by the access log, by the decision, or by both joined by decision id. */
export interface RefusedRequest {
  readonly at: EpochMs
  readonly why: 'denied' | 'error'
  readonly requestId: string | null
  readonly traceId: string | null
  readonly decisionId: string | null
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  readonly callerAddress: string | null
  /** null: no access log of this request is held. */
  readonly access: {
    readonly source: string
    readonly method: string | null
    readonly path: string | null
    readonly status: number | null
    readonly details: string | null
  } | null
  /** null: no decision of this id is held: the log is not read, or there was none. */
  readonly decision:
    | (Pick<LoggedDecision, 'outcome' | 'reasons' | 'path' | 'revision'> & {
        readonly source: string
        readonly opaInstanceId: string | null
      })
    | null
}

export interface RefusedQuery {
  readonly window: TimeWindow
  readonly limit: number
  readonly why?: RefusedRequest['why']
  readonly callerSpiffeId?: string
  readonly calleeSpiffeId?: string
}

export interface RefusedRequests {
  /** The latest first. */
  readonly requests: readonly RefusedRequest[]
  readonly complete: boolean
}

/**
 * Refused requests of which the logs say the same but for time and ids. `application`: the called side's Envoy handed on what the
 * service answered. `unknown`: only the caller's side is held, or the format has no details.
 */
export interface RefusalSum {
  readonly kind: 'policy' | 'no-decision' | 'filter' | 'application' | 'vault' | 'unknown'
  /** Of the log: the access log where one is held. */
  readonly source: string
  readonly direction: StoredAccess['direction']
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  readonly callerAddress: string | null
  readonly calleeAddress: string | null
  readonly upstreamCluster: string | null
  readonly status: number | null
  /** Of a Vault: its error. */
  readonly details: string | null
  /** The first of the decision. */
  readonly reason: string | null
  readonly revision: string | null
  /** Requests, not lines. */
  readonly count: number
  readonly first: EpochMs
  readonly latest: LatestRefusal
}

/** Statuses by which a request counts as refused, also where it was not authorisation that refused it. */
export const refusedStatuses: readonly number[] = [401, 403, 429]

export interface RefusalSumQuery {
  readonly window: TimeWindow
  /** Sums. */
  readonly limit: number
}

export interface RefusalSums {
  /** Those first whose latest request is the latest. */
  readonly sums: readonly RefusalSum[]
  /** Requests of all sums, also of those that are left out. */
  readonly total: number
  readonly complete: boolean
}

/** What came of one source and record kind since the store was made: nothing is dropped without a count. */
export interface IntakeCounts {
  readonly record: RecordKind
  readonly source: string
  readonly accepted: number
  /** Not understood. */
  readonly refused: number
  /** Delivered before: the same id at the same time. */
  readonly repeated: number
  /** Of another kind in the same file, such as OPA's own log lines. */
  readonly passedOver: number
  /** The latest refused record, masked and cut to 200 characters, and why. */
  readonly sampleRefused: { readonly text: string; readonly why: string } | null
  readonly lastRecordAt: EpochMs | null
}

export interface Retention {
  /** Uploads received longer ago than this are deleted, with their records. Milliseconds. */
  readonly maxAgeMs: number
  /** Uploads and columns together. Bytes; the oldest uploads go first. */
  readonly maxBytes: number
}

export interface StoreState {
  readonly retention: Retention
  /** Time of the oldest record held; null when none is. Before it nothing is known. */
  readonly heldSince: EpochMs | null
  readonly records: Readonly<Record<RecordKind, number>>
  readonly bytes: number
  /** Uploads that are kept and not yet to be found. */
  readonly waiting: number
}

export interface ImportResult {
  readonly accepted: number
  readonly refused: number
  readonly repeated: number
  readonly passedOver: number
}

/** Looks for records. Text that comes out is masked; ids are compared exactly. */
export interface LogReader {
  /** Without a window everything is searched, which takes longer the more is held. */
  find(id: RecordId, window: TimeWindow | null, limit: number): Promise<FoundRecords>
  raw(record: StoredRecord): Promise<RawRecord>
}

/**
 * Logs that are kept elsewhere, such as in a Loki: they are read, and nothing is ever written there. Every implementation passes
 * test/conformance/log-reader-suite.ts. Rejects with an error in words that a person can use when it does not answer, or with the
 * signal's reason: whoever asks decides how long an answer is waited for.
 */
export interface LogHistory {
  /** Id of the source. */
  readonly id: string
  /** Where it looks when it is asked for `window`; without one only so far back as environment.yaml says. */
  searched(window: TimeWindow | null): TimeWindow
  /** As of `LogReader`. */
  find(id: RecordId, window: TimeWindow | null, limit: number, signal: AbortSignal): Promise<FoundRecords>
  raw(record: StoredRecord, signal: AbortSignal): Promise<RawRecord>
}

/**
 * Keeps log records of one environment. Every implementation passes test/conformance/log-store-suite.ts.
 */
export interface LogStore extends LogReader, KeptLines, LogStatistics {
  /** Resolves with `stored` once the upload is on the disk: it is then found again after a crash. */
  append(upload: Upload): Promise<AppendResult>
  /** Resolves when everything stored before can be found. */
  settle(): Promise<void>
  /** The latest of a kind, up to the limit. */
  records(query: RecordsQuery): Promise<FoundRecords>
  /** Sums of the access logs, as facts with the ids that `observe` gives them. */
  hopActivity(window: TimeWindow): Promise<readonly HopActivityFact[]>
  refusedRequests(query: RefusedQuery): Promise<RefusedRequests>
  /**
   * What was refused, summed. Of the lines that only hand on a refusal, each request has at most one, that of the hop that began
   * last; and none where another line or a decision of the same request says who refused it. Nor does a decision count for which
   * Envoy did not wait.
   */
  refusalSums(query: RefusalSumQuery): Promise<RefusalSums>
  counts(): Promise<readonly IntakeCounts[]>
  state(): Promise<StoreState>
  /** Deletes what retention no longer keeps. */
  retain(now: EpochMs): Promise<void>
  /** The file stays where it is and is not copied. Throws when it cannot be read. */
  importFile(file: string, record: RecordKind, source: string, now: EpochMs): Promise<ImportResult>
  close(): Promise<void>
}
