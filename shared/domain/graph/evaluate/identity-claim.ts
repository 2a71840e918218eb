import type { Judgement } from '../../model/graph.ts'
import type { ClaimState } from '../../model/hop-state.ts'
import type { IdentityClaimsFact } from '../../model/log-facts.ts'
import { isCurrent, type Scoped } from '../instances/records.ts'
import { judged, missing } from '../known.ts'
import { reason } from '../reasons.ts'
import type { HopEvidence } from './hop-evidence.ts'

/**
 * The worst that requests of the window say about their sender. Access logs and decisions may tell of the same requests: the
 * number is of the source that tells of most. Only what is current proves anything; without it the answer is unknown.
 */
export function judgeClaims({ claims, ends, calleeEnvoys }: HopEvidence): Judgement<ClaimState> {
  if (claims.length === 0) return unlogged(ends, calleeEnvoys)
  const current = claims.filter(({ scope }) => isCurrent(scope))
  for (const state of ['contradicted', 'forwarded', 'consistent', 'unclaimed'] as const) {
    const telling = current.filter(({ fact }) => fact[state] > 0)
    const most = telling.reduce<IdentityClaimsFact | null>(
      (found, { fact }) => (found === null || fact[state] > found[state] ? fact : found),
      null,
    )
    if (most === null) continue
    const params = { ...ends, requests: most[state], windowSeconds: secondsOf(most) }
    const claimed = latestOf(telling)?.claimed ?? ''
    const why =
      state === 'contradicted'
        ? reason('claims-contradicted', { ...params, claimed, proved: most.callerSpiffeId })
        : state === 'forwarded'
          ? reason('claims-forwarded', { ...params, claimed })
          : reason(state === 'consistent' ? 'claims-consistent' : 'claims-none', params)
    return judged(
      state,
      why,
      telling.map(({ fact }) => fact.id),
    )
  }
  return unlogged(ends, calleeEnvoys)
}

function unlogged(ends: HopEvidence['ends'], calleeEnvoys: HopEvidence['calleeEnvoys']): Judgement<ClaimState> {
  const envoy = calleeEnvoys[0]
  return judged('unknown', reason('claims-unlogged', ends), [], {
    missing: [missing('logs', envoy?.id ?? null, 'identity-claims')],
  })
}

/** A current false claim in calls to a workload; null: none is known. Of several the one that most requests make. */
export function claimTrouble(
  claims: readonly { readonly caller: string; readonly told: Scoped<IdentityClaimsFact> }[],
): {
  readonly params: Readonly<Record<'caller' | 'claimed' | 'proved' | 'requests', string | number | null>>
  readonly restsOn: readonly string[]
} | null {
  const [worst] = claims
    .filter(({ told }) => isCurrent(told.scope) && told.fact.contradicted > 0)
    .toSorted((one, other) => other.told.fact.contradicted - one.told.fact.contradicted)
  if (worst === undefined) return null
  const { id, callerSpiffeId, contradicted, last } = worst.told.fact
  return {
    params: { caller: worst.caller, claimed: last?.claimed ?? '', proved: callerSpiffeId, requests: contradicted },
    restsOn: [id],
  }
}

function latestOf(telling: readonly Scoped<IdentityClaimsFact>[]): IdentityClaimsFact['last'] {
  let latest: IdentityClaimsFact['last'] = null
  for (const { fact } of telling) if (fact.last !== null && fact.last.at > (latest?.at ?? 0)) latest = fact.last
  return latest
}

function secondsOf({ windowFrom, windowTo }: IdentityClaimsFact): number {
  return Math.max(1, Math.round((windowTo - windowFrom) / 1000))
}
