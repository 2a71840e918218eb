import type { IncomingHttpHeaders } from 'node:http'
import { connectionLogFormat, type Direction, requestLogFormat } from './access-log.ts'
import { singleOf } from './exchange.ts'
import type { Peer } from './verify-peer.ts'

type Value = string | number | object | null
export type LogFields = Readonly<Record<string, Value>>

// Envoy sorts the keys of a JSON log.
const keys = {
  inbound: Object.keys(requestLogFormat('inbound')).toSorted(),
  outbound: Object.keys(requestLogFormat('outbound')).toSorted(),
  connection: Object.keys(connectionLogFormat()).toSorted(),
} as const

/** One line of a log. What is not among the fields has no value. Throws for a field that the format does not have. */
export function logLine(kind: Direction | 'connection', fields: LogFields): string {
  const unknown = Object.keys(fields).find((name) => !keys[kind].includes(name))
  if (unknown !== undefined) throw new Error(`the access log has no field ${unknown}`)
  return JSON.stringify(Object.fromEntries(keys[kind].map((key) => [key, fields[key] ?? null])))
}

export interface AnsweredRequest {
  readonly stage: string
  readonly direction: Direction
  /** When it came, by the sidecar's clock. */
  readonly at: number
  /** The same by `performance.now()`. */
  readonly begun: number
  readonly requestId: string
  readonly method: string | null
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Whoever asked did not wait for the answer. */
  readonly isGone: boolean
  readonly outcome: { readonly status: number; readonly details: string; readonly flags: string }
  readonly received: number
  readonly sent: number
}

/** What the lines of both directions say of a request and its answer. */
export function requestFields(of: AnsweredRequest): LogFields {
  const { headers, outcome, isGone } = of
  return {
    ts: timeOf(of.at),
    hop: of.stage,
    direction: of.direction,
    request_id: of.requestId,
    traceparent: singleOf(headers['traceparent']),
    method: of.method,
    path: of.path,
    classification: singleOf(headers['x-data-classification']),
    client_cert_header: singleOf(headers['x-forwarded-client-cert']),
    code: isGone ? 0 : outcome.status,
    code_details: isGone ? 'downstream_remote_disconnect' : outcome.details,
    flags: isGone ? 'DC' : outcome.flags,
    duration_ms: Math.round(performance.now() - of.begun),
    bytes_received: of.received,
    bytes_sent: of.sent,
  }
}

/** The downstream side of a connection, as far as it got. */
export interface DownstreamTls {
  readonly version: string
  readonly cipher: string | null
  readonly localSpiffeId: string | null
  readonly peer: Peer | null
}

export function downstreamFields(tls: DownstreamTls | null): LogFields {
  if (tls === null) return {}
  return {
    down_tls: tls.version,
    down_cipher: tls.cipher,
    down_local_uri_san: tls.localSpiffeId,
    ...(tls.peer === null
      ? {}
      : {
          down_peer_uri_san: tls.peer.spiffeId,
          down_peer_serial: tls.peer.serial,
          down_peer_not_before: timeOf(tls.peer.notBefore),
          down_peer_not_after: timeOf(tls.peer.notAfter),
          down_fp: tls.peer.fingerprint,
        }),
  }
}

export function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
