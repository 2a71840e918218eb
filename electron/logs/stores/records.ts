import { hash } from 'node:crypto'
import type { RecordKind, RecordLocator, StoredAccess, StoredRecord } from '../../core/log-store.ts'
import { authorisationOf, type HopObservation, observationsOf } from '../activity/hop-sum.ts'
import { type AccessRecord, accessValue, parseAccess } from '../intake/envoy-access.ts'
import { parseIntegrity } from '../intake/integrity-event.ts'
import { parseKubernetesAudit } from '../intake/kubernetes-audit.ts'
import { plainName } from '../intake/mask.ts'
import { parseDecision } from '../intake/opa-decision.ts'
import { isObject, type ParsedLine, refused } from '../intake/record-parser.ts'
import { parseSpireAudit } from '../intake/spire-audit.ts'
import { parseVaultAudit } from '../intake/vault-audit.ts'

/** What every kind has, from outside of the record itself. */
export interface Arrival {
  readonly record: RecordKind
  readonly source: string
  readonly receivedAt: number
}

/** A record with what the store needs of it besides. */
export interface Understood {
  readonly stored: StoredRecord
  /** Of an access log line: the sides of hops it is about. */
  readonly sides: readonly HopObservation[]
  /**
   * A UUID that two deliveries of one record share, and no two records. null where nothing tells two records apart for
   * sure, such as two connections in one millisecond: then each counts.
   */
  readonly identity: string | null
  /** The line of the access log, for the sums. */
  readonly access: AccessRecord | null
}

type Json = Readonly<Record<string, unknown>>
type WithoutArrival<Kind> = Kind extends StoredRecord ? Omit<Kind, 'receivedAt' | 'source' | 'locator'> : never

/** What a line of a file holds, for `understand`: JSON, or of an Envoy's access log one of its default text formats. */
export function lineValue(
  record: RecordKind,
  line: string,
): { readonly kind: 'value'; readonly value: unknown } | ReturnType<typeof refused> {
  try {
    return { kind: 'value', value: JSON.parse(line) as unknown }
  } catch {
    if (record !== 'envoy-access') return refused('not JSON')
    const read = accessValue(line)
    return read.kind === 'refused' ? read : { kind: 'value', value: read.fields }
  }
}

/** `text` is asked for only when the record's own ids do not tell it apart. */
export function understand(
  value: unknown,
  text: () => string,
  arrival: Arrival,
  locator: RecordLocator,
): ParsedLine<Understood> {
  if (!isObject(value)) return { kind: 'refused', why: 'not a JSON object' }
  try {
    const parsed = recordOf(arrival.record, value)
    if (parsed.kind !== 'record') return parsed
    const { own, access } = parsed.record
    const { receivedAt, source } = arrival
    return {
      kind: 'record',
      record: {
        stored: { ...own, receivedAt, source, locator },
        sides: access === null ? [] : observationsOf(access),
        identity: identityOf(own, text),
        access,
      },
    }
  } catch {
    return { kind: 'refused', why: 'it could not be read' }
  }
}

interface Own {
  readonly own: WithoutArrival<StoredRecord>
  readonly access: AccessRecord | null
}

function recordOf(kind: RecordKind, object: Json): ParsedLine<Own> {
  switch (kind) {
    case 'opa-decisions':
      return mapped(parseDecision(object), (record) => ({ record: kind, ...record, traceId: traceOfDecision(object) }))
    case 'envoy-access': {
      const parsed = parseAccess(object)
      if (parsed.kind !== 'record') return parsed
      const own = accessOf(parsed.record, traceIn(object['trace_id']) ?? traceIn(object['traceparent']))
      return { kind: 'record', record: { own, access: parsed.record } }
    }
    case 'integrity-events':
      return mapped(parseIntegrity(object), ({ at, stage, callerStage, result, reason }) => ({
        record: kind,
        at,
        stage,
        callerStage,
        ...result,
        reason,
        requestId: textOf(object['request_id']),
        traceId: traceIn(object['trace_id']),
        decisionId: null,
      }))
    case 'spire-audit':
      return mapped(parseSpireAudit(object), (record) => ({ record: kind, ...record, traceId: null, decisionId: null }))
    case 'vault-audit':
      return mapped(parseVaultAudit(object), ({ effect: _effect, token: _token, ...record }) => ({
        record: kind,
        ...record,
        traceId: null,
        decisionId: null,
      }))
    case 'kubernetes-audit':
      return mapped(parseKubernetesAudit(object), (record) => ({
        record: kind,
        ...record,
        requestId: null,
        traceId: null,
        decisionId: null,
      }))
  }
}

function mapped<Parsed>(
  parsed: ParsedLine<Parsed>,
  map: (record: Parsed) => WithoutArrival<StoredRecord>,
): ParsedLine<Own> {
  return parsed.kind === 'record' ? { kind: 'record', record: { own: map(parsed.record), access: null } } : parsed
}

function accessOf(record: AccessRecord, traceId: string | null): WithoutArrival<StoredAccess> {
  const { request, downstream, upstream } = record
  const side = observationsOf(record)[0]
  return {
    record: 'envoy-access',
    at: record.at,
    requestId: request?.requestId ?? null,
    traceId,
    decisionId: request?.decisionId ?? null,
    direction: record.direction,
    method: request?.method ?? null,
    path: request?.path ?? null,
    status: request?.status ?? null,
    details: request?.details ?? null,
    flags: request?.flags ?? [],
    authorisation: request === null ? null : authorisationOf(request),
    callerSpiffeId: side?.callerSpiffeId ?? null,
    calleeSpiffeId: side?.calleeSpiffeId ?? null,
    callerAddress: side?.callerAddress ?? downstream.remoteAddress,
    calleeAddress: side?.calleeAddress ?? null,
    upstreamCluster: upstream.cluster,
    upstreamHost: upstream.host,
    failure: downstream.failure ?? upstream.failure,
  }
}

/** OPA's own trace id where it traces, else that of the request it was asked about. */
function traceOfDecision(object: Json): string | null {
  const own = traceIn(object['trace_id'])
  if (own !== null) return own
  let value: unknown = object['input']
  for (const key of ['attributes', 'request', 'http', 'headers', 'traceparent']) {
    value = isObject(value) ? value[key] : undefined
  }
  return traceIn(value)
}

/** The trace id of a `traceparent` (W3C Trace Context), or a bare one of 32 hex digits. */
function traceIn(value: unknown): string | null {
  if (typeof value !== 'string') return null
  if (value.length === 32) return /^[0-9a-f]{32}$/.test(value) ? value : null
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(value)?.[1] ?? null
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? plainName(value, 200) : null
}

export const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

function identityOf(own: WithoutArrival<StoredRecord>, text: () => string): string | null {
  switch (own.record) {
    case 'opa-decisions':
      return own.decisionId !== null && uuidShape.test(own.decisionId) ? own.decisionId : digest(own.decisionId ?? '')
    case 'kubernetes-audit':
      return digest(`${own.auditId}/${own.stage}`)
    case 'vault-audit':
      return own.requestId === null ? null : digest(`${own.requestId}/${own.type}`)
    case 'envoy-access':
    case 'integrity-events':
    case 'spire-audit':
      return own.requestId === null ? null : digest(text())
  }
}

/** The first 128 bits of SHA-256, written as a UUID. */
function digest(text: string): string {
  const hex = hash('sha256', text, 'hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}
