import type { RefusedAnswer, RefusedInput, RefusedLine } from '../../shared/contract/logs.ts'
import { minute } from './fixture-parts.ts'

const domain = 'spiffe://pipeline.example/ns'

/** Invented refusals: denied with and without the decision, no decision, a caller without an identity. */
export function refusedAnswer(situation: string, now: number, input: RefusedInput): RefusedAnswer {
  const { minutes, limit, why, callerSpiffeId, calleeSpiffeId } = input
  const from = now - minutes * minute
  const nothing = { from, to: now, notAsked: [], lost: 0, requests: [], complete: true }
  if (situation !== 'troubled') return { ...nothing, heldSince: situation === 'lab' ? now - 90 * minute : null }
  const all = Array.from({ length: 60 }, (_, index) => refused(now - index * 41_000, index))
  const matching = all.filter(
    (line) =>
      line.at >= from &&
      (why === undefined || line.why === why) &&
      (callerSpiffeId === undefined || line.callerSpiffeId === callerSpiffeId) &&
      (calleeSpiffeId === undefined || line.calleeSpiffeId === calleeSpiffeId),
  )
  return {
    from,
    to: now,
    heldSince: now - 35 * minute,
    notAsked: [],
    lost: 3,
    requests: matching.slice(0, limit),
    complete: matching.length <= limit,
  }
}

function refused(at: number, index: number): RefusedLine {
  const isError = index % 5 === 3
  const isStranger = index % 7 === 6
  const isUndecided = index % 4 === 1
  const decisionId = isError ? null : `4ca636c1-55e4-417a-b1d8-4aceb679${(1000 + index).toString()}`
  return {
    at,
    why: isError ? 'error' : 'denied',
    requestId: `7f1c0c52-9d0e-4c1d-8f3e-aa01b2c3${(1000 + index).toString()}`,
    traceId: null,
    decisionId,
    callerSpiffeId: isStranger ? null : isError ? `${domain}/ai/sa/orchestrator` : `${domain}/ai/sa/input-sanitiser`,
    calleeSpiffeId: isError ? `${domain}/data/sa/vector-store` : `${domain}/ai/sa/orchestrator`,
    callerAddress: '127.1.0.20',
    access: {
      source: 'orchestrator-access',
      method: 'POST',
      path: '/v1/chat/completions',
      status: 403,
      details: isError ? 'ext_authz_error' : 'ext_authz_denied',
    },
    decision:
      isError || isUndecided
        ? null
        : {
            source: 'opa-decisions',
            opaInstanceId: 'opa-shared',
            outcome: 'deny',
            reasons: index % 3 === 0 ? ['claim team is missing', 'caller may not call this stage'] : ['data class pii'],
            path: 'pipeline/authz/allow',
            revision: 'r42',
          },
  }
}
