import { z } from 'zod'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { decisionErrorOf } from './decision-error.ts'
import { claimIn, type IdentityClaim } from './identity-claim.ts'
import { masked, maskedPath, plainName } from './mask.ts'
import { jsonObject, type ParsedLine, refused } from './record-parser.ts'

/** One decision of an OPA's decision log. Shape of the event: EventV1 of OPA 1.15 to 1.19, unknown keys allowed. */
export interface DecisionRecord {
  readonly at: EpochMs
  readonly decisionId: string
  readonly opaInstanceId: string | null
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  readonly outcome: 'allow' | 'deny' | 'error'
  readonly reasons: readonly string[]
  readonly requestId: string | null
  readonly path: string
  readonly revision: string | null
  /** What the request's x-forwarded-client-cert says about who sent it; null: OPA was not shown it, or it is masked. */
  readonly identityClaim: IdentityClaim | null
  /** Nanoseconds. */
  readonly evaluationNs: number | null
}

const principal = z.object({ principal: z.string().optional() }).optional()

const event = z.object({
  decision_id: z.string().min(1),
  timestamp: z.string(),
  path: z.string().default(''),
  labels: z.object({ id: z.string().optional() }).optional(),
  bundles: z.record(z.string(), z.object({ revision: z.string().optional() })).optional(),
  revision: z.string().optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
  metrics: z.object({ timer_rego_query_eval_ns: z.number().nonnegative().optional() }).optional(),
  // A policy may take the input out of the log, in whole or in part.
  input: z
    .object({
      source_principal: z.string().optional(),
      attributes: z
        .object({
          source: principal,
          destination: principal,
          request: z
            .object({ http: z.object({ headers: z.record(z.string(), z.unknown()).optional() }).optional() })
            .optional(),
        })
        .optional(),
    })
    .optional()
    .catch(undefined),
})

const decisionObject = z.object({
  allowed: z.boolean(),
  reasons: z.array(z.unknown()).optional().catch(undefined),
  dynamic_metadata: z
    .object({ reasons: z.array(z.unknown()).optional().catch(undefined) })
    .optional()
    .catch(undefined),
})

export function parseDecisionLine(line: string): ParsedLine<DecisionRecord> {
  const object = jsonObject(line)
  return object === null ? refused('not a JSON object') : parseDecision(object)
}

/** The same of an event that is parsed already, as in an upload of OPA's decision log. */
export function parseDecision(object: Readonly<Record<string, unknown>>): ParsedLine<DecisionRecord> {
  // OPA's own log goes to the same stream as its console decision log.
  if (object['decision_id'] === undefined && object['level'] !== undefined) return { kind: 'passed-over' }
  const parsed = event.safeParse(object)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return refused(issue === undefined ? 'not a decision event' : `${issue.path.join('.')}: ${issue.message}`)
  }
  const found = parsed.data
  const at = Date.parse(found.timestamp)
  if (Number.isNaN(at)) return refused('timestamp is not in ISO 8601')
  const judged = outcomeOf(found.result, found.error)
  if (judged === null) return refused('its result says neither allow nor deny')
  const attributes = found.input?.attributes
  const headers = attributes?.request?.http?.headers
  const requestId = headers?.['x-request-id']
  const callerSpiffeId = spiffeId(attributes?.source?.principal ?? found.input?.source_principal)
  return {
    kind: 'record',
    record: {
      at,
      decisionId: plainName(found.decision_id, 200),
      opaInstanceId: named(found.labels?.id, 200),
      callerSpiffeId,
      calleeSpiffeId: spiffeId(attributes?.destination?.principal),
      ...judged,
      requestId: typeof requestId === 'string' ? plainName(requestId, 200) : null,
      path: maskedPath(found.path, 300),
      revision: named(revisionOf(found.bundles, found.revision), 200),
      identityClaim: claimOf(headers?.['x-forwarded-client-cert'], callerSpiffeId),
      evaluationNs: found.metrics?.timer_rego_query_eval_ns ?? null,
    },
  }
}

/** Envoy may show OPA only some headers, and a mask may cut them: that none is there does not say that none was sent. */
function claimOf(header: unknown, caller: string | null): IdentityClaim | null {
  if (typeof header !== 'string' || caller === null) return null
  const claim = claimIn(header, caller)
  return claim?.state === 'unclaimed' ? null : claim
}

function outcomeOf(result: unknown, error: unknown): Pick<DecisionRecord, 'outcome' | 'reasons'> | null {
  const failed = decisionErrorOf(error)
  if (failed !== null) {
    const words = [failed.code, failed.message].filter((part) => part !== null)
    return { outcome: 'error', reasons: [masked(words.join(': ') || 'an error without words', 300)] }
  }
  // opa-envoy refuses the request when the decision is undefined.
  if (result === undefined) return { outcome: 'error', reasons: ['the decision is undefined'] }
  if (typeof result === 'boolean') return { outcome: result ? 'allow' : 'deny', reasons: [] }
  const decision = decisionObject.safeParse(result)
  if (!decision.success) return null
  const reasons = decision.data.dynamic_metadata?.reasons ?? decision.data.reasons ?? []
  return {
    outcome: decision.data.allowed ? 'allow' : 'deny',
    reasons: reasons
      .filter((reason) => typeof reason === 'string')
      .slice(0, 10)
      .map((reason) => masked(reason, 300)),
  }
}

/** The revision of the only bundle; of several, all with their names. */
function revisionOf(
  bundles: Readonly<Record<string, { readonly revision?: string | undefined }>> | undefined,
  deprecated: string | undefined,
): string | undefined {
  const revisions = Object.entries(bundles ?? {}).filter(([, bundle]) => bundle.revision !== undefined)
  if (revisions.length === 0) return deprecated
  if (revisions.length === 1) return revisions[0]?.[1].revision
  return revisions.map(([name, bundle]) => `${name}=${bundle.revision}`).join(' ')
}

/** A principal may also be a DNS name or a subject: only a SPIFFE ID is taken for one. */
function spiffeId(text: string | undefined): string | null {
  return text?.startsWith('spiffe://') === true ? plainName(text, 2048) : null
}

function named(text: string | undefined, longest: number): string | null {
  return text === undefined || text === '' ? null : plainName(text, longest)
}
