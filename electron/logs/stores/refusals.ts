import type { RefusedRequest, StoredAccess, StoredDecision } from '../../core/log-store.ts'

/** A request is refused in one log, and decided in another that may have a slightly other time. Milliseconds. */
export const apart = 60_000

/** Refused requests of some records, the latest first: one for each request, whichever of its two logs is held. */
export function joinedRefusals(
  accesses: readonly StoredAccess[],
  decisions: readonly StoredDecision[],
): readonly RefusedRequest[] {
  const decisionById = new Map(decisions.map((decision) => [decision.decisionId, decision]))
  const logged = new Set(accesses.map((access) => access.decisionId))
  const fromAccess = accesses.flatMap((access) => {
    const decision = access.decisionId === null ? undefined : decisionById.get(access.decisionId)
    return refusedAccess(access, decision ?? null) ?? []
  })
  const fromDecisions = decisions.flatMap((decision) =>
    decision.outcome === 'allow' || logged.has(decision.decisionId) ? [] : [refusedDecision(decision)],
  )
  return [...fromAccess, ...fromDecisions].toSorted((left, right) => right.at - left.at)
}

/** null: authorisation did not refuse it. */
export function refusedAccess(access: StoredAccess, decision: StoredDecision | null): RefusedRequest | null {
  if (access.authorisation !== 'denied' && access.authorisation !== 'error') return null
  const { at, requestId, traceId, decisionId, callerSpiffeId, calleeSpiffeId, callerAddress } = access
  const { source, method, path, status, details } = access
  return {
    at,
    why: access.authorisation,
    requestId,
    traceId,
    decisionId,
    callerSpiffeId,
    calleeSpiffeId,
    callerAddress,
    access: { source, method, path, status, details },
    decision: decision === null ? null : decisionOf(decision),
  }
}

/** A decision whose access log line is not held. */
export function refusedDecision(decision: StoredDecision): RefusedRequest {
  const { at, requestId, traceId, decisionId, callerSpiffeId, calleeSpiffeId } = decision
  return {
    at,
    why: decision.outcome === 'error' ? 'error' : 'denied',
    requestId,
    traceId,
    decisionId,
    callerSpiffeId,
    calleeSpiffeId,
    callerAddress: null,
    access: null,
    decision: decisionOf(decision),
  }
}

function decisionOf(decision: StoredDecision): NonNullable<RefusedRequest['decision']> {
  const { outcome, reasons, path, revision, source, opaInstanceId } = decision
  return { outcome, reasons, path, revision, source, opaInstanceId }
}
