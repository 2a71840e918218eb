import type { DecisionActivityFact, LoggedDecision } from '../../../shared/domain/model/log-facts.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { DecisionRecord } from '../intake/opa-decision.ts'
import type { Contribution } from '../memory-window.ts'
import { type Activity, createSums, idPart } from './activity.ts'
import { createIdentityClaims, together } from './identity-claims.ts'

/** Evaluation times held for the percentile, per sum. Of more, the latest. */
const mostTimes = 1000

interface DecisionSum {
  records: number
  readonly opaInstanceId: string | null
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  readonly outcomes: Record<DecisionRecord['outcome'], number>
  /** Milliseconds, a ring. */
  readonly times: { readonly at: EpochMs; readonly ms: number }[]
  nextTime: number
  last: LoggedDecision
}

export function createDecisionActivity(): Activity<DecisionRecord> {
  const sums = createSums<DecisionSum>()
  const claims = createIdentityClaims(null)

  function claimOf(
    { identityClaim, requestId, ...ends }: DecisionRecord,
    at: EpochMs,
  ): Contribution | null | undefined {
    if (identityClaim === null) return undefined
    const { callerSpiffeId, calleeSpiffeId } = ends
    return claims.add({ callerSpiffeId, callerAddress: null, calleeSpiffeId, requestId, claim: identityClaim }, at)
  }

  function contribute(record: DecisionRecord, at: EpochMs): Contribution | null {
    const key = [record.opaInstanceId, record.callerSpiffeId, record.calleeSpiffeId].map(idPart).join('/')
    const sum = sums.get(key, () => freshSum(record, at))
    if (sum === null) return null
    const { outcome } = record
    sum.records += 1
    sum.outcomes[outcome] += 1
    if (at >= sum.last.at) sum.last = loggedDecision(record, at)
    if (record.evaluationNs !== null) {
      sum.times[sum.nextTime] = { at, ms: record.evaluationNs / 1e6 }
      sum.nextTime = (sum.nextTime + 1) % mostTimes
    }
    return {
      at,
      undo() {
        sum.outcomes[outcome] -= 1
        sums.release(key, sum)
      },
    }
  }

  return {
    add(record, at) {
      const contribution = together(contribute(record, at), claimOf(record, at))
      return contribution === null ? null : [contribution]
    },
    facts(window) {
      const { scope, from, windowFrom, windowTo } = window
      const decisions = [...sums.all()].map((sum): DecisionActivityFact => {
        const { opaInstanceId, callerSpiffeId, calleeSpiffeId, outcomes, last } = sum
        const times = sum.times.filter((time) => time.at > windowFrom).map((time) => time.ms)
        return {
          kind: 'decision-activity',
          id: `${scope}#decision-activity/${[opaInstanceId, callerSpiffeId, calleeSpiffeId].map(idPart).join('/')}`,
          from,
          opaInstanceId,
          callerSpiffeId,
          calleeSpiffeId,
          windowFrom,
          windowTo,
          allowed: outcomes.allow,
          denied: outcomes.deny,
          errors: outcomes.error,
          evaluationP99Ms: percentile99(times),
          last,
        }
      })
      return [...decisions, ...claims.facts(window)]
    },
  }
}

function freshSum(record: DecisionRecord, at: EpochMs): DecisionSum {
  const { opaInstanceId, callerSpiffeId, calleeSpiffeId } = record
  return {
    records: 0,
    opaInstanceId,
    callerSpiffeId,
    calleeSpiffeId,
    outcomes: { allow: 0, deny: 0, error: 0 },
    times: [],
    nextTime: 0,
    last: loggedDecision(record, at),
  }
}

function loggedDecision(record: DecisionRecord, at: EpochMs): LoggedDecision {
  const { decisionId, outcome, reasons, requestId, path, revision } = record
  return { at, decisionId, outcome, reasons, requestId, path, revision }
}

/** The value that 99 of 100 do not exceed (nearest rank); null of none. */
export function percentile99(values: readonly number[]): number | null {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? null
}
