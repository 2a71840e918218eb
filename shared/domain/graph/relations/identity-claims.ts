import type { IdentityClaimsFact } from '../../model/log-facts.ts'
import { isWorkloadId } from '../spiffe-id.ts'
import { workloadIdOf, workloadIdOfAddress, workloadIdOfEnvoy } from '../stages.ts'
import { workloadOfHost, workloadOfSource } from './find-workload.ts'
import type { LinkingRelation, Look } from './relation.ts'

/** What requests say about their sender belongs to the hop that they came by: of who proved to send them, never of who is claimed. */
export const identityClaims: LinkingRelation = {
  name: 'identity-claims',
  of: 'logs',
  link(instance, look) {
    if (instance.kind !== 'logs') return []
    return instance.claims.flatMap(({ fact, scope }) => {
      const from = senderOf(fact, look)
      const to = calleeOf(fact, look)
      if (from === null || to === null || from === to) return []
      return [{ kind: 'claimed', from, to, fact, scope } as const]
    })
  },
}

function senderOf({ callerSpiffeId, callerAddress }: IdentityClaimsFact, look: Look): string | null {
  if (callerSpiffeId !== null && isWorkloadId(callerSpiffeId)) return workloadIdOf(callerSpiffeId)
  if (callerAddress === null) return null
  return workloadOfHost(callerAddress, look) ?? workloadIdOfAddress(callerAddress)
}

function calleeOf({ envoy, calleeSpiffeId }: IdentityClaimsFact, look: Look): string | null {
  const own = envoy === null ? null : workloadOfSource(envoy, look)
  if (own !== null) return own
  if (calleeSpiffeId !== null && isWorkloadId(calleeSpiffeId)) return workloadIdOf(calleeSpiffeId)
  return envoy === null ? null : workloadIdOfEnvoy(envoy)
}
