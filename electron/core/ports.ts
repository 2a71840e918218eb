import type { Duplex } from 'node:stream'
import type { SourceTest } from '../../shared/contract/environments.ts'
import type { HistorySource, KubernetesSource, LogSource } from '../../shared/domain/model/environment.ts'
import type { GapReason, Report, SourceKind } from '../../shared/domain/model/fact.ts'
import type { DurationMs, EpochMs } from '../../shared/domain/model/time.ts'

export * from './probe-ports.ts'
export * from './state-ports.ts'

import type { VaultAuditFact, VaultLeaseFact } from '../../shared/domain/model/vault-facts.ts'
import type { LogHistory } from './log-store.ts'

/** What the core needs from the outside world. electron/platform implements it; tests bring their own. */

export interface Clock {
  now(): EpochMs
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** Structured log of Everyhop itself. Never given secrets. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

export type DialTarget =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** Opens a byte stream to a target. Direct or over a unix socket; through a cluster once Kubernetes is there. */
export type Dial = (target: DialTarget, signal: AbortSignal) => Promise<Duplex>

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** How the server proved who it is; without it, it was asked in plain HTTP. */
  readonly tls?: HttpTls | null
}

export interface HttpTls {
  /** `TLSv1.3` */
  readonly protocol: string
  readonly subject: string
  readonly issuer: string
  readonly notAfter: EpochMs | null
}

export interface HttpGetOptions {
  readonly signal: AbortSignal
  /** For the whole answer. */
  readonly deadlineMs: number
  /** A longer body ends the request with `too-large`: nothing is read past it. */
  readonly maxBytes: number
  readonly headers?: Readonly<Record<string, string>>
  /** PEM of the CA to verify an https server with; the system's CAs otherwise. Verification cannot be switched off. */
  readonly ca?: string
}

/** GET and nothing else: this port cannot change a system. Throws `HttpFailure` only. */
export type HttpGet = (url: URL, options: HttpGetOptions) => Promise<HttpAnswer>

export type HttpMethod = 'GET' | 'POST' | 'PUT'

/**
 * Requests that carry something, for connectors that keep a list of their own of what they ask. Like `HttpGet` it follows no
 * redirect, uses no proxy and no environment variable, and throws `HttpFailure` only.
 */
export type HttpExchange = (
  method: HttpMethod,
  url: URL,
  options: HttpGetOptions & { readonly body?: string },
) => Promise<HttpAnswer>

export type HttpFailureKind = 'unreachable' | 'forbidden' | 'timed-out' | 'too-large' | 'tls' | 'broken' | 'cancelled'

/** `forbidden`: the way there is not permitted. `broken`: the server answered with something that is not HTTP, or hung up in the middle. */
export class HttpFailure extends Error {
  readonly kind: HttpFailureKind
  /** The server was not even tried: the cluster that leads to it cannot be reached. */
  readonly noWay: boolean
  constructor(kind: HttpFailureKind, message: string, noWay = false) {
    super(message)
    this.name = 'HttpFailure'
    this.kind = kind
    this.noWay = noWay
  }
}

/** Reads files that belong to the operator (SVIDs, intent, logs). */
export interface Files {
  /** UTF-8 text, at most `maxBytes` (default 1 MiB). Throws with code `not-found` | `forbidden` | `too-large` | `invalid`. */
  readText(path: string, maxBytes?: number): Promise<string>
  /** Calls back (coalesced) when the file's content may have changed, also when it was replaced by a rename. */
  watch(path: string, changed: () => void, signal: AbortSignal): void
}

/** When a source may be read again. The core paces all sources together by the request budget. */
export interface Pace {
  /** Resolves when it is this source's turn: at once the first time, then every 5 s while it is selected or failing, else once a sweep. */
  turn(instance: string, signal: AbortSignal): Promise<void>
  /** One token of the request budget, taken before each request to an admin endpoint. */
  request(signal: AbortSignal): Promise<void>
  /** It asked to be left alone: its next turn is as late as it says (null: it does not), and later each time that it says so. */
  holdOff(retryAfterMs: DurationMs | null): void
}

export interface ConnectorPorts {
  readonly clock: Clock
  readonly log: Log
  readonly dial: Dial
  readonly get: HttpGet
  readonly files: Files
  readonly pace: Pace
  /** Takes the lines of logs that are followed, for the log store. Without it lines are only summed. */
  readonly logSink?: LogSink
  /** What the operator gave us to keep. Without it nothing is kept here. */
  readonly secrets?: Secrets
  /** Identities of this machine's Workload API. Without it there are none. */
  readonly jwtSvids?: JwtSvids
  /** Tokens of service accounts, by the id of a cluster of environment.yaml. Without it there are none. */
  readonly serviceAccounts?: ServiceAccounts
  /** What the logs told of a Vault's leases until now. */
  readonly vaultLog?: VaultLog
  /**
   * For people, where `dial` leads whatever an address says: `vault in cluster main`. The way there is encrypted by itself.
   * Without it `dial` leads to the address.
   */
  readonly place?: string
}

/**
 * The way to one Vault with a token of our own, lent for one action. What is asked is the action's own closed list: the
 * connector's stays one of reading.
 */
export interface VaultLoan {
  /** `https://vault.example.org:8200`, without a slash at its end. */
  readonly address: string
  /** Where that leads, for people: the address, or `vault in cluster main`. */
  readonly place: string
  readonly token: string
  readonly namespace: string | null
  /** PEM of the CA to verify it with; null: the system's. */
  readonly ca: string | null
  readonly exchange: HttpExchange
}

export interface ServiceAccounts {
  /** A token by the TokenRequest API. Rejects with an error whose `reason` is a `GapReason`. */
  token(account: ServiceAccount, audience: string | null, signal: AbortSignal): Promise<string>
}

export interface ServiceAccount {
  readonly cluster: string
  readonly namespace: string
  readonly serviceAccount: string
}

export interface VaultLog {
  /** `vault` is the id of the source. */
  told(vault: string): readonly (VaultLeaseFact | VaultAuditFact)[]
  /** Literally why audit logs of it that are there to be read could not be; without it nobody asked. */
  readonly unread?: readonly string[]
}

/** Values that environment.yaml refers to by name. They go to the system that asks for them, and nowhere else. */
export interface Secrets {
  /** null: no secret has this name. Rejects with words without the value, such as when they are locked. */
  read(name: string): Promise<string | null>
}

export interface JwtSvids {
  /** A JWT-SVID for `audience` from the Workload API at `socket`. Rejects with an error whose `reason` is a `GapReason`. */
  fetch(socket: string, audience: string, signal?: AbortSignal): Promise<string>
}

/** What a followed log holds. */
export type FollowedRecord = LogSource['record']

export interface LogSink {
  /** Never waits and never throws; `lines` are without line breaks. */
  take(log: { readonly id: string; readonly record: FollowedRecord }, lines: readonly string[], at: EpochMs): void
}

/** A log that comes as a stream of bytes. */
export interface LogStream {
  /** Id of the log source, `logs/<id>/…`. */
  readonly id: string
  readonly record: FollowedRecord
  /** For people: `log of container envoy of pod edge/gateway`. */
  readonly place: string
  /** As in environment.yaml: the Envoy or OPA that writes it. */
  readonly writtenBy: string | null
  /** Of what was written before it begins with the newest lines, at most so many. */
  readonly newestLines: number
  /**
   * Starts to follow. What it rejects with may be a failure with a `reason` of `GapReason`; `told` hears of interruptions, and
   * null when the log is followed (again).
   */
  open(told: (problem: StreamProblem | null) => void, signal: AbortSignal): AsyncIterable<Uint8Array>
}

export interface StreamProblem {
  readonly reason: GapReason
  readonly message: string
}

/** Id of the source `logs/…` that what a receiver takes is read as. With its space no source of environment.yaml can be called so. */
export const receivedLogId = 'everyhop serve'

/** What the receiver of `everyhop serve` takes for one environment, read like a log that is followed. */
export interface ReceivedLog {
  /** Where it listens, for people. */
  readonly place: string
  observe(settings: ObserveSettings, signal: AbortSignal): AsyncIterable<Report>
  test(settings: ObserveSettings): SourceTest
}

/** Reads logs: files by their source, and streams of other places in the same way. */
export interface LogConnector extends Connector<LogSource> {
  observeStream(
    stream: LogStream,
    settings: ObserveSettings,
    ports: ConnectorPorts,
    signal: AbortSignal,
  ): AsyncIterable<Report>
}

/** Reads logs that are kept elsewhere: tells whether they answer, and looks for records when somebody asks. */
export interface HistoryConnector extends Connector<HistorySource> {
  history(source: HistorySource, settings: ObserveSettings, ports: ConnectorPorts): LogHistory
}

export interface PodLogRequest {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  /** Lines from this time on; null: the newest `tailLines`. */
  readonly sinceTime: EpochMs | null
  readonly tailLines: number
  /** Told when the log could not be followed for a while, and null when it is followed. */
  told(problem: StreamProblem | null): void
}

/** An open way into a cluster. What its members reject with has a `reason` of `GapReason`. */
export interface Cluster {
  dial(
    target: { readonly namespace: string; readonly pod: string; readonly port: number },
    signal: AbortSignal,
  ): Promise<Duplex>
  followPodLog(request: PodLogRequest, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** A short-lived token of a service account, by the TokenRequest API. */
  serviceAccountToken(
    account: Omit<ServiceAccount, 'cluster'>,
    audience: string | null,
    signal: AbortSignal,
  ): Promise<string>
  /** Aborted when it is of no more use, such as after its kubeconfig changed: open another one. */
  readonly outdated: AbortSignal
  close(): void
}

export type OpenCluster = (
  source: KubernetesSource,
  settings: ObserveSettings,
  ports: Pick<ConnectorPorts, 'clock' | 'files'>,
) => Promise<Cluster>

/**
 * Reads one kind of system. `observe` yields one report per scope and reading, for as long as the signal is not aborted;
 * it never throws because part could not be read: that is a report with gaps, and it tries again by itself.
 */
export interface Connector<Source> {
  readonly kind: SourceKind
  observe(source: Source, settings: ObserveSettings, ports: ConnectorPorts, signal: AbortSignal): AsyncIterable<Report>
  /** Asks once what can be read with the rights held: for `everyhop env test` and the connections screen. */
  test(source: Source, settings: ObserveSettings, ports: ConnectorPorts, signal: AbortSignal): Promise<SourceTest>
  /** Of OPAs: the policies that are loaded, with their text. A person asked; it is no fact. */
  modules?(
    source: Source,
    settings: ObserveSettings,
    ports: ConnectorPorts,
    signal: AbortSignal,
  ): Promise<readonly LoadedModule[]>
  /**
   * Of Vaults: signs in, lends that to `use`, and signs out. Rejects with what `use` rejects with, or with an error whose
   * `reason` is a `GapReason`.
   */
  lend?<Result>(
    source: Source,
    settings: ObserveSettings,
    ports: ConnectorPorts,
    use: (loan: VaultLoan) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result>
}

/** A Rego module as an OPA has it. */
export interface LoadedModule {
  readonly path: string
  readonly text: string
}

export interface ObserveSettings {
  /** Folder that relative paths of environment.yaml are relative to. */
  readonly baseDirectory: string
  readonly windowSeconds: number
}

/** Files of lines that are written once, whole, and read with care: they may come from anywhere. */
export interface LineFiles {
  /** Packs lines into a new file: all of them or no file, and never over another one. Rejects with a `LineFileFailure`. */
  write(path: string, lines: Iterable<string>): Promise<{ readonly bytes: number }>
  /**
   * Its lines, unpacked. Rejects with a `LineFileFailure` where they are not what was written, at the latest after the last:
   * what came before counts for nothing then.
   */
  read(path: string): AsyncGenerator<string, void>
}

export class LineFileFailure extends Error {
  readonly code: 'exists' | 'not-found' | 'forbidden' | 'full' | 'damaged' | 'too-large'
  constructor(code: LineFileFailure['code'], message: string) {
    super(message)
    this.name = 'LineFileFailure'
    this.code = code
  }
}
