import type { IdentityClaimsFact } from '../../../shared/domain/model/log-facts.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { IdentityClaim } from '../intake/identity-claim.ts'
import type { Contribution } from '../memory-window.ts'
import { createSums, type FactWindow, idPart } from './activity.ts'
import { type Latest, letGo, nothing, takeLatest } from './latest.ts'

/** One request with what it says about its sender, and what its sender proved. */
export interface ClaimObservation {
  readonly callerSpiffeId: string | null
  readonly callerAddress: string | null
  readonly calleeSpiffeId: string | null
  readonly requestId: string | null
  readonly claim: IdentityClaim
}

type Told = NonNullable<IdentityClaimsFact['last']>

interface ClaimSum {
  records: number
  readonly callerSpiffeId: string | null
  readonly callerAddress: string | null
  readonly calleeSpiffeId: string | null
  readonly counts: Record<IdentityClaim['state'], number>
  readonly contradicted: Latest<Told>
  readonly forwarded: Latest<Told>
}

/** Sums of what requests say about their senders, for each sender and callee. `envoy`: whose access log; null: of decisions. */
export interface IdentityClaims {
  /** null: there is no room for another sum. */
  add(observation: ClaimObservation, at: EpochMs): Contribution | null
  facts(window: FactWindow): readonly IdentityClaimsFact[]
}

/**
 * Two contributions of one record as one, so that it counts as one in the window; undefined: the record has no claim. null, and
 * neither stays, where there was no room for one of them.
 */
export function together(main: Contribution | null, claim: Contribution | null | undefined): Contribution | null {
  if (claim === undefined) return main
  if (main !== null && claim !== null) {
    return {
      at: main.at,
      undo() {
        main.undo()
        claim.undo()
      },
    }
  }
  main?.undo()
  claim?.undo()
  return null
}

export function createIdentityClaims(envoy: string | null): IdentityClaims {
  const sums = createSums<ClaimSum>()
  return {
    add({ callerSpiffeId, callerAddress, calleeSpiffeId, requestId, claim }, at) {
      const key = [callerSpiffeId, callerAddress, calleeSpiffeId].map(idPart).join(' ')
      const sum = sums.get(key, () => ({
        records: 0,
        callerSpiffeId,
        callerAddress,
        calleeSpiffeId,
        counts: { unclaimed: 0, consistent: 0, forwarded: 0, contradicted: 0 },
        contradicted: nothing(),
        forwarded: nothing(),
      }))
      if (sum === null) return null
      const { state, claimed } = claim
      sum.records += 1
      sum.counts[state] += 1
      const held = state === 'contradicted' ? sum.contradicted : state === 'forwarded' ? sum.forwarded : null
      if (held !== null && claimed !== null) takeLatest(held, { at, claimed, requestId }, at)
      return {
        at,
        undo() {
          sum.counts[state] -= 1
          if (held !== null && claimed !== null) letGo(held)
          sums.release(key, sum)
        },
      }
    },
    facts({ scope, from, windowFrom, windowTo }) {
      return [...sums.all()].map(
        ({ callerSpiffeId, callerAddress, calleeSpiffeId, counts, contradicted, forwarded }): IdentityClaimsFact => ({
          kind: 'identity-claims',
          id: `${scope}#identity-claims/${[callerSpiffeId, callerAddress, calleeSpiffeId].map(idPart).join('/')}`,
          from,
          envoy,
          callerSpiffeId,
          callerAddress,
          calleeSpiffeId,
          windowFrom,
          windowTo,
          ...counts,
          last: contradicted.value ?? forwarded.value,
        }),
      )
    },
  }
}
