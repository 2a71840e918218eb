import { z } from 'zod'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { type DecisionError, decisionErrorOf } from './decision-error.ts'
import { parseAccessLine } from './envoy-access.ts'
import { masked } from './mask.ts'
import { isObject, jsonObject } from './record-parser.ts'
import { type SubjectClaims, subjectClaimsIn } from './subject-claims.ts'

/** What the columns of a store lack of an access log line; a diagnosis reads it of the few records it looks at. */
export interface AccessDetails {
  /** Milliseconds; null: the format does not say. */
  readonly durationMs: number | null
  readonly authorisationMs: number | null
}

/** The same of a decision. */
export interface DecisionDetails extends SubjectClaims {
  readonly error: DecisionError | null
  /** JSON pointers of what the policy's mask took out or replaced before it was logged. */
  readonly masked: readonly string[]
  /** `exp` of the token that Envoy's jwt_authn filter verified, as the input has it. */
  readonly tokenExpiresAt: EpochMs | null
}

const nothingOfAccess: AccessDetails = { durationMs: null, authorisationMs: null }
const notHeld = { state: 'unknown', why: 'no-input' } as const
const nothingOfDecision: DecisionDetails = {
  error: null,
  masked: [],
  tokenExpiresAt: null,
  user: notHeld,
  actor: notHeld,
}

const pointers = z.array(z.string()).catch([])
/** protojson of Envoy's CheckRequest has the first names; proto names are allowed in it too. */
const metadataPlaces = [
  ['metadataContext', 'filterMetadata'],
  ['metadata_context', 'filter_metadata'],
] as const
const mostPointers = 100

export function accessDetails(text: string): AccessDetails {
  const parsed = parseAccessLine(text)
  if (parsed.kind !== 'record' || parsed.record.request === null) return nothingOfAccess
  const { durationMs, authorisationMs } = parsed.record.request
  return { durationMs, authorisationMs }
}

export function decisionDetails(text: string): DecisionDetails {
  const object = jsonObject(text)
  if (object === null) return nothingOfDecision
  const taken = [...new Set([...pointers.parse(object['erased'] ?? []), ...pointers.parse(object['masked'] ?? [])])]
  return {
    error: decisionErrorOf(object['error']),
    masked: taken.slice(0, mostPointers).map((pointer) => masked(pointer, 300)),
    tokenExpiresAt: expiryIn(object),
    ...subjectClaimsIn(object, taken),
  }
}

/** The payload is kept under a name of the operator's choice, or right there. Seconds in the token (RFC 7519, 4.1.4). */
function expiryIn(object: unknown): EpochMs | null {
  const attributes = inside(inside(object, 'input'), 'attributes')
  for (const [context, filters] of metadataPlaces) {
    const verified = inside(inside(inside(attributes, context), filters), 'envoy.filters.http.jwt_authn')
    if (!isObject(verified)) continue
    for (const payload of [verified, ...Object.values(verified)]) {
      const expiry = inside(payload, 'exp')
      if (typeof expiry === 'number' && expiry > 0 && expiry < 1e11) return expiry * 1000
    }
  }
  return null
}

function inside(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined
}
