import type { Reason } from '../../model/graph.ts'
import type { EpochMs } from '../../model/time.ts'

/** Every reason that a forecast gives; `shared/words/diagnosis-forecast.ts` has the sentences. A code never changes its meaning. */
export interface ForecastReasonParams {
  // rotation of one SVID
  'svid-on-course': { owner: string; renewsBy: EpochMs; notAfter: EpochMs }
  'svid-valid-renewal-unknown': { owner: string; notAfter: EpochMs }
  'svid-overdue': { owner: string; renewsBy: EpochMs; notAfter: EpochMs }
  'svid-ended': { owner: string; notAfter: EpochMs }
  'svid-will-end-entry-gone': { owner: string; notAfter: EpochMs }
  'svid-will-end-agent': { owner: string; notAfter: EpochMs; agent: string; state: string }
  'svid-not-known': { owner: string }
  'svid-last-known': { owner: string; readAt: EpochMs }
  'svid-perhaps-renewed': { owner: string; readAt: EpochMs; notAfter: EpochMs }
  // causes
  'agent-renews-nothing': { agent: string; workloads: number; lastIssued: EpochMs | null }
  'agent-cannot-renew': { agent: string; workloads: number; state: string }
  'entry-is-gone': { owner: string }
  'only-this-not-renewed': { owner: string; agent: string | null }
  'authority-unknown-to-some': { authority: string; state: string; missing: number; of: number }
  // failures
  'hop-ends-with-svid': { owner: string; other: string; notAfter: EpochMs }
  'hop-ended-with-svid': { owner: string; other: string; notAfter: EpochMs }
  'hop-refuses-authority': { owner: string; other: string; authority: string }
  'hop-will-refuse-authority': { owner: string; other: string; authority: string; activatesAt: EpochMs }
  // authorities
  'authority-readiness': { authority: string; state: string; trustedBy: number; of: number; unknown: number }
  'authority-still-trusted': { authority: string; state: string; trusting: number; signed: number; unknown: number }
  'authority-not-prepared': { authority: string; notAfter: EpochMs; expectedBy: EpochMs }
  // open
  'spire-not-connected': Record<never, never>
  'spire-tells-nothing': { instance: string }
  'spire-part-unread': { instance: string; part: string }
  'svids-not-known': { count: number; first: string }
  'trust-not-known': { count: number; first: string }
}

export function tellOfForecast<Code extends keyof ForecastReasonParams>(
  code: Code,
  params: ForecastReasonParams[Code],
): Reason {
  return { code, params: { ...params } }
}
