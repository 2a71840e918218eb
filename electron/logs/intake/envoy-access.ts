import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { type AccessLogField, fieldOf } from './access-log-keys.ts'
import { expectedText, readAccessText } from './access-text.ts'
import { claimIn, type IdentityClaim } from './identity-claim.ts'
import { masked, maskedPath, plainName } from './mask.ts'
import { isObject, jsonObject, type ParsedLine, refused } from './record-parser.ts'

/** One line of an Envoy's access log, HTTP or listener. Names and texts are masked already. */
export interface AccessRecord {
  readonly at: EpochMs
  /** Where the operator's format says so; null: only the TLS fields tell. */
  readonly direction: 'inbound' | 'outbound' | null
  /** null: the line of a connection (a listener's log), not of a request. */
  readonly request: RequestFields | null
  readonly downstream: DownstreamFields
  readonly upstream: UpstreamFields
  /** What the request says about who sent it; null: the format does not tell, or not who proved to be the sender. */
  readonly identityClaim: IdentityClaim | null
}

export interface RequestFields {
  readonly requestId: string | null
  readonly method: string | null
  readonly path: string | null
  /** 0: none was sent. */
  readonly status: number
  readonly details: string | null
  readonly flags: readonly string[]
  readonly decisionId: string | null
  /** ext_authz ran, also when it got no answer; false also where the format does not say. */
  readonly wasAsked: boolean
  /** Envoy's own word that it let the request pass without an answer. */
  readonly failureModeAllowed: boolean
  /** How long the request took, and how long ext_authz took of it. Milliseconds; null: the format does not say. */
  readonly durationMs: number | null
  readonly authorisationMs: number | null
}

/** What a format says about TLS: `unsaid` when it has no key for it, which proves nothing. */
export type TlsUse = 'mutual' | 'one-sided' | 'plaintext' | 'unsaid'

export interface DownstreamFields {
  readonly use: TlsUse
  readonly tlsVersion: string | null
  readonly cipher: string | null
  readonly peerSpiffeId: string | null
  readonly ownSpiffeId: string | null
  readonly peerSerial: string | null
  readonly peerNotAfter: EpochMs | null
  /** IP address without port. */
  readonly remoteAddress: string | null
  /** host:port. */
  readonly localAddress: string | null
  readonly failure: string | null
}

export interface UpstreamFields {
  readonly use: TlsUse
  readonly tlsVersion: string | null
  readonly cipher: string | null
  readonly peerSpiffeId: string | null
  readonly ownSpiffeId: string | null
  readonly peerNotAfter: EpochMs | null
  readonly cluster: string | null
  /** host:port. */
  readonly host: string | null
  readonly failure: string | null
}

/** Text of each field that a line has; `null` for Envoy's "there is none" (null, `-` or empty). */
type Fields = ReadonlyMap<AccessLogField, string | null>

export function parseAccessLine(line: string): ParsedLine<AccessRecord> {
  const value = accessValue(line)
  return value.kind === 'refused' ? value : parseAccess(value.fields)
}

/** The fields of a line by their keys, of JSON or of a text format that is known. */
export function accessValue(
  line: string,
): { readonly kind: 'fields'; readonly fields: Readonly<Record<string, unknown>> } | ReturnType<typeof refused> {
  const object = jsonObject(line)
  if (object !== null) return { kind: 'fields', fields: object }
  return line.startsWith('[') ? readAccessText(line) : refused(expectedText)
}

/** The same of a line that is parsed already. */
export function parseAccess(object: Readonly<Record<string, unknown>>): ParsedLine<AccessRecord> {
  const fields = fieldsOf(object)
  const time = fields.get('time')
  if (time === undefined || time === null)
    return refused('no time: no key of docs/formats/envoy-access-log.md holds %START_TIME%')
  const at = timeOf(time)
  if (at === null) return refused('its time is not in ISO 8601')
  const downstream = downstreamOf(fields)
  const record: AccessRecord = {
    at,
    direction: directionOf(fields.get('direction')),
    request: requestOf(fields),
    downstream,
    upstream: upstreamOf(fields),
    identityClaim: identityClaimOf(fields, downstream),
  }
  return { kind: 'record', record }
}

function fieldsOf(object: Readonly<Record<string, unknown>>): Fields {
  const fields = new Map<AccessLogField, string | null>()
  for (const key in object) {
    const field = fieldOf(key)
    if (field === undefined) {
      // The whole metadata of ext_authz may be logged as one object instead of by single keys.
      const inner = object[key]
      if (key === 'authz' && isObject(inner) && !fields.get('decisionId'))
        fields.set('decisionId', textOf(inner['decision_id']))
      continue
    }
    const text = textOf(object[key])
    if (text !== null || !fields.has(field)) fields.set(field, text)
  }
  return fields
}

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value === '' || value === '-' ? null : value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return null
}

function requestOf(fields: Fields): RequestFields | null {
  const method = fields.get('method') ?? null
  const status = numberOf(fields.get('status'))
  if (method === null && status === 0) return null
  const flags = fields.get('flags') ?? null
  return {
    requestId: name(fields, 'requestId', 200),
    method: method === null ? null : plainName(method, 40),
    path: mapped(fields.get('path'), (path) => maskedPath(path, 500)),
    status,
    details: mapped(fields.get('details'), (details) => masked(details, 400)),
    flags: flags === null ? [] : flags.slice(0, 200).split(','),
    decisionId: name(fields, 'decisionId', 200),
    wasAsked: isSaid(fields, 'authzLatency'),
    failureModeAllowed: fields.get('failureModeAllowed') === 'true',
    durationMs: mapped(fields.get('duration'), (text) => timeTaken(text, 1)),
    authorisationMs: mapped(fields.get('authzLatency'), (text) => timeTaken(text, 1000)),
  }
}

function downstreamOf(fields: Fields): DownstreamFields {
  const tlsVersion = name(fields, 'downstreamTls', 40)
  const peerSpiffeId = name(fields, 'downstreamPeer', 2048)
  const peerSerial = name(fields, 'downstreamPeerSerial', 200)
  const peerKnown = fields.has('downstreamPeer') || fields.has('downstreamPeerSerial')
  return {
    use: useOf(fields.has('downstreamTls'), tlsVersion, peerKnown, peerSpiffeId !== null || peerSerial !== null),
    tlsVersion,
    cipher: name(fields, 'downstreamCipher', 100),
    peerSpiffeId,
    ownSpiffeId: name(fields, 'downstreamOwn', 2048),
    peerSerial,
    peerNotAfter: mapped(fields.get('downstreamPeerNotAfter'), timeOf),
    remoteAddress: mapped(fields.get('downstreamRemote'), withoutPort),
    localAddress: name(fields, 'downstreamLocal', 300),
    failure: mapped(fields.get('downstreamFailure'), (text) => masked(text, 400)),
  }
}

/** Without a word on the peer's certificate there is nothing to hold a claim against. */
function identityClaimOf(fields: Fields, { use, peerSpiffeId }: DownstreamFields): IdentityClaim | null {
  const header = fields.get('clientCertificateHeader')
  const isPeerKnown = peerSpiffeId !== null || use === 'plaintext' || use === 'one-sided'
  return header === undefined || !isPeerKnown ? null : claimIn(header ?? '', peerSpiffeId)
}

function upstreamOf(fields: Fields): UpstreamFields {
  const tlsVersion = name(fields, 'upstreamTls', 40)
  const ownSpiffeId = name(fields, 'upstreamOwn', 2048)
  return {
    use: useOf(fields.has('upstreamTls'), tlsVersion, fields.has('upstreamOwn'), ownSpiffeId !== null),
    tlsVersion,
    cipher: name(fields, 'upstreamCipher', 100),
    peerSpiffeId: name(fields, 'upstreamPeer', 2048),
    ownSpiffeId,
    peerNotAfter: mapped(fields.get('upstreamPeerNotAfter'), timeOf),
    cluster: name(fields, 'cluster', 300),
    host: name(fields, 'upstreamHost', 300),
    failure: mapped(fields.get('upstreamFailure'), (text) => masked(text, 400)),
  }
}

/** The caller's certificate decides whether TLS was mutual: the called side always shows one. */
function useOf(versionSaid: boolean, version: string | null, callerSaid: boolean, caller: boolean): TlsUse {
  if (caller) return 'mutual'
  if (version !== null) return callerSaid ? 'one-sided' : 'unsaid'
  return versionSaid ? 'plaintext' : 'unsaid'
}

function directionOf(text: string | null | undefined): AccessRecord['direction'] {
  if (text === null || text === undefined) return null
  if (/inbound|ingress/i.test(text)) return 'inbound'
  return /outbound|egress/i.test(text) ? 'outbound' : null
}

const withZone = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)$/

/** ISO 8601 with a zone, or seconds since 1970 as `%START_TIME(%s.%3f)%` gives them. */
function timeOf(text: string): EpochMs | null {
  if (withZone.test(text)) {
    const time = Date.parse(text)
    return Number.isNaN(time) ? null : time
  }
  return /^\d{9,10}(?:\.\d+)?$/.test(text) ? Math.round(Number(text) * 1000) : null
}

function numberOf(text: string | null | undefined): number {
  const value = Number(text ?? 0)
  return Number.isInteger(value) && value >= 0 && value < 1000 ? value : 0
}

/** `perMs` of the unit are a millisecond; null for what is no number, such as the whole state of the filter. */
function timeTaken(text: string, perMs: number): number | null {
  return /^\d{1,12}(?:\.\d+)?$/.test(text) ? Number(text) / perMs : null
}

function withoutPort(address: string): string {
  const ipv6 = /^\[(.+)\](?::\d+)?$/.exec(address)
  if (ipv6?.[1] !== undefined) return plainName(ipv6[1], 100)
  const colon = address.lastIndexOf(':')
  const single = colon !== -1 && address.indexOf(':') === colon
  return plainName(single ? address.slice(0, colon) : address, 100)
}

function name(fields: Fields, field: AccessLogField, longest: number): string | null {
  const text = fields.get(field)
  return text === null || text === undefined ? null : plainName(text, longest)
}

function isSaid(fields: Fields, field: AccessLogField): boolean {
  return (fields.get(field) ?? null) !== null
}

function mapped<Value>(text: string | null | undefined, map: (text: string) => Value): Value | null {
  return text === null || text === undefined ? null : map(text)
}
