import type { IntegrityActivityFact } from '../../../shared/domain/model/log-facts.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { IntegrityRecord } from '../intake/integrity-event.ts'
import { type Activity, createSums } from './activity.ts'

interface IntegritySum {
  records: number
  readonly stage: string
  readonly callerStage: string
  readonly signature: { verified: number; failed: number; missing: number }
  readonly userIdentity: { verified: number; exchanged: number; lost: number; failed: number }
  failures: number
  lastFailure: { readonly at: EpochMs; readonly reason: string } | null
}

const good: ReadonlySet<IntegrityRecord['result']['outcome']> = new Set(['verified', 'exchanged'])

export function createIntegrityActivity(): Activity<IntegrityRecord> {
  const sums = createSums<IntegritySum>()
  return {
    add(record, at) {
      const key = `${record.callerStage}/${record.stage}`
      const sum = sums.get(key, () => freshSum(record))
      if (sum === null) return null
      const { result } = record
      const failed = !good.has(result.outcome)
      sum.records += 1
      count(sum, result, 1)
      if (failed) {
        sum.failures += 1
        if (at >= (sum.lastFailure?.at ?? at)) sum.lastFailure = { at, reason: record.reason ?? result.outcome }
      }
      return [
        {
          at,
          undo() {
            count(sum, result, -1)
            if (failed) sum.failures -= 1
            if (sum.failures === 0) sum.lastFailure = null
            sums.release(key, sum)
          },
        },
      ]
    },
    facts({ scope, from, windowFrom, windowTo }) {
      return [...sums.all()].map(
        (sum): IntegrityActivityFact => ({
          kind: 'integrity-activity',
          id: `${scope}#integrity-activity/${sum.callerStage}/${sum.stage}`,
          from,
          stage: sum.stage,
          callerStage: sum.callerStage,
          windowFrom,
          windowTo,
          signature: { ...sum.signature },
          userIdentity: { ...sum.userIdentity },
          lastFailure: sum.lastFailure,
        }),
      )
    },
  }
}

function count(sum: IntegritySum, result: IntegrityRecord['result'], step: 1 | -1): void {
  if (result.type === 'stage-signature') sum.signature[result.outcome] += step
  else sum.userIdentity[result.outcome] += step
}

function freshSum({ stage, callerStage }: IntegrityRecord): IntegritySum {
  return {
    records: 0,
    stage,
    callerStage,
    signature: { verified: 0, failed: 0, missing: 0 },
    userIdentity: { verified: 0, exchanged: 0, lost: 0, failed: 0 },
    failures: 0,
    lastFailure: null,
  }
}
