import { isWorkloadId } from '../spiffe-id.ts'
import { workloadIdOf } from '../stages.ts'
import type { LinkingRelation } from './relation.ts'

/** Decision logs: OPA was asked about a call, so it was made. Only where it names both SPIFFE IDs. */
export const loggedDecisions: LinkingRelation = {
  name: 'logged-decisions',
  of: 'logs',
  link(instance) {
    if (instance.kind !== 'logs') return []
    return instance.decisions.flatMap(({ fact, scope }) => {
      const { callerSpiffeId, calleeSpiffeId } = fact
      if (callerSpiffeId === null || calleeSpiffeId === null || callerSpiffeId === calleeSpiffeId) return []
      if (!isWorkloadId(callerSpiffeId) || !isWorkloadId(calleeSpiffeId)) return []
      const from = workloadIdOf(callerSpiffeId)
      return [{ kind: 'decided', from, to: workloadIdOf(calleeSpiffeId), fact, scope } as const]
    })
  },
}
