import type { FilterChain } from '../../../model/envoy-facts.ts'
import type { Judgement } from '../../../model/graph.ts'
import type { AuthorisationState } from '../../../model/hop-state.ts'
import type { HopEvidence } from '../../evaluate/hop-evidence.ts'
import { isCurrent, type OpaRecord } from '../../instances/records.ts'
import { judged } from '../../known.ts'
import type { Moment } from '../../moment.ts'
import { reason } from '../../reasons.ts'
import { type HopNeed, hasForHop, missingForHop } from '../hop-needs.ts'
import { firstJudgement, type StateRule } from '../rule.ts'
import { configurationIds, currentCallers, logIds, usedChains } from '../transport/tls-setup.ts'
import { authorisationCounters, seenRequests, usedHttpFilters } from './requests.ts'

type Rule = StateRule<AuthorisationState, HopNeed, HopEvidence>

/** Denials below this share of the window's requests are not a state of the hop. */
const denyingShare = 0.001

const aroundEnvoy: Rule = {
  name: 'around-envoy',
  yields: 'unguarded',
  needs: ['caller-clusters'],
  judge(evidence) {
    if (evidence.bypass === null) return null
    const params = { ...evidence.ends, address: evidence.bypass }
    const restsOn = currentCallers(evidence).map(({ cluster }) => cluster.id)
    return judged('unguarded', reason('bypasses-authorisation', params), restsOn)
  },
}

const nobodyAsked: Rule = {
  name: 'nobody-asked',
  yields: 'unguarded',
  needs: ['callee-listeners'],
  judge(evidence) {
    for (const { part, chain } of usedChains(evidence)) {
      const code = whyUnasked(chain)
      if (code === null) continue
      return judged('unguarded', reason(code, evidence.ends), [part.listener.id], { basis: 'measured' })
    }
    return null
  },
}

function whyUnasked({ http }: FilterChain): 'no-http-filter' | 'no-ext-authz' | 'ext-authz-partly' | null {
  if (http.length === 0) return 'no-http-filter'
  let isPartly = false
  for (const { extAuthz, awaitsExtAuthz } of http) {
    if (awaitsExtAuthz === true) continue
    if (extAuthz === null) return 'no-ext-authz'
    if (!extAuthz.alwaysEnabled) isPartly = true
  }
  return isPartly ? 'ext-authz-partly' : null
}

/** OPA is asked and answers OK to everything: what it decided is logged and does not count. */
const notEnforced: Rule = {
  name: 'not-enforced',
  yields: 'unguarded',
  needs: ['callee-listeners'],
  judge(evidence) {
    for (const { part, chain } of usedChains(evidence)) {
      for (const { extAuthz } of chain.http) {
        if (extAuthz === null) continue
        const dry = evidence.opasAsked(part.envoy, extAuthz).find(isDryRun)?.instance?.fact
        if (dry === undefined) continue
        const why = reason('decision-not-enforced', { ...evidence.ends, opa: dry.opa })
        return judged('unguarded', why, [part.listener.id, dry.id], { basis: 'measured' })
      }
    }
    return null
  },
}

/** As it was last read: an OPA that cannot be read now is not taken to enforce since. */
function isDryRun({ instance }: OpaRecord): boolean {
  return instance?.fact.extAuthz?.dryRun === true
}

/** failure_mode_allow: says whether requests were seen to pass that way, or only could. */
const passesOnError: Rule = {
  name: 'passes-on-error',
  yields: 'failing-open',
  needs: ['callee-listeners'],
  judge(evidence) {
    if (!canPassOnError(evidence)) return null
    const open = usedHttpFilters(evidence).filter(({ filters }) => filters.extAuthz?.failureModeAllow === true)
    const seen = seenRequests(evidence)
    const counters = authorisationCounters(evidence).filter((fact) => (fact.failureModeAllowed.delta ?? 0) > 0)
    const counted = counters.reduce((total, fact) => total + (fact.failureModeAllowed.delta ?? 0), 0)
    const passed = seen !== null && seen.failedOpen > 0 ? seen.failedOpen : counted
    const restsOn = [...open.map(({ factId }) => factId), ...(seen?.factIds ?? []), ...counters.map((fact) => fact.id)]
    if (passed === 0)
      return judged('failing-open', reason('open-on-error', evidence.ends), restsOn, { basis: 'measured' })
    const params = { ...evidence.ends, passed, windowSeconds: evidence.windowSeconds }
    return judged('failing-open', reason('passed-undecided', params), restsOn, { basis: 'measured' })
  },
}

function canPassOnError(evidence: HopEvidence): boolean {
  for (const { chain } of usedChains(evidence)) {
    for (const { extAuthz } of chain.http) if (extAuthz?.failureModeAllow === true) return true
  }
  return false
}

/** Passed without a decision though the configuration is not readable: the log alone is proof enough of that. */
const loggedPassing: Rule = {
  name: 'logged-passing',
  yields: 'failing-open',
  needs: ['a-log'],
  judge(evidence) {
    const seen = seenRequests(evidence)
    if (seen === null || seen.failedOpen === 0 || hasForHop('callee-listeners', evidence)) return null
    const params = { ...evidence.ends, passed: seen.failedOpen, windowSeconds: evidence.windowSeconds }
    return judged('failing-open', reason('passed-undecided', params), seen.factIds, { basis: seen.basis })
  },
}

/** Refused because no decision came. */
const noAnswer: Rule = {
  name: 'no-answer',
  yields: 'erroring',
  needs: [],
  judge(evidence) {
    const seen = seenRequests(evidence)
    if (seen === null || seen.errors === 0) return null
    const { errors, requests } = seen
    const params = { ...evidence.ends, errors, requests, windowSeconds: evidence.windowSeconds }
    return judged(
      'erroring',
      reason('authorisation-errors', params),
      [...seen.factIds, ...configurationIds(evidence)],
      {
        basis: seen.basis,
      },
    )
  },
}

const policyDenies: Rule = {
  name: 'policy-denies',
  yields: 'denying',
  needs: [],
  judge(evidence) {
    const seen = seenRequests(evidence)
    if (seen === null || seen.denied === 0 || seen.denied / Math.max(1, seen.requests) < denyingShare) return null
    const { denied, requests } = seen
    const params = { ...evidence.ends, denied, requests, windowSeconds: evidence.windowSeconds }
    return judged('denying', reason('requests-denied', params), [...seen.factIds, ...configurationIds(evidence)], {
      basis: seen.basis,
    })
  },
}

/** Every way in asks, nothing passes undecided, and decisions were seen to allow. */
const decidedAndAllowed: Rule = {
  name: 'decided-and-allowed',
  yields: 'allowing',
  needs: ['callee-listeners', 'a-log-or-counters'],
  judge(evidence) {
    const filters = usedHttpFilters(evidence)
    const seen = seenRequests(evidence)
    if (filters.length === 0 || seen === null || seen.decided === 0 || seen.allowed === 0) return null
    if (filters.some(({ filters: { awaitsExtAuthz } }) => awaitsExtAuthz === true)) return null
    const { allowed, requests, factIds, basis } = seen
    const routes = filters.reduce((total, one) => total + (one.filters.extAuthz?.disabledRoutes.length ?? 0), 0)
    const params = { ...evidence.ends, allowed, requests, windowSeconds: evidence.windowSeconds }
    const why =
      routes === 0
        ? reason('requests-allowed', params)
        : reason('requests-allowed-except-routes', { ...params, routes })
    const restsOn = factIds.slice()
    for (const { factId } of filters) restsOn.push(factId)
    return judged('allowing', why, restsOn, { basis })
  },
}

/** Who is asked on some way in was announced and not delivered: neither asked nor unasked is known. */
function isAwaited(evidence: HopEvidence): boolean {
  return usedHttpFilters(evidence).some(({ filters }) => filters.awaitsExtAuthz === true)
}

export const authorisationRules: readonly Rule[] = [
  aroundEnvoy,
  nobodyAsked,
  notEnforced,
  passesOnError,
  loggedPassing,
  noAnswer,
  policyDenies,
  decidedAndAllowed,
]

export function judgeAuthorisation(evidence: HopEvidence, moment: Moment): Judgement<AuthorisationState> {
  return firstJudgement(authorisationRules, hasForHop, evidence, moment) ?? authorisationUnknown(evidence)
}

function authorisationUnknown(evidence: HopEvidence): Judgement<AuthorisationState> {
  const { ends } = evidence
  const needs: readonly HopNeed[] = ['callee-listeners', 'a-log-or-counters']
  const missing = needs.flatMap((need) => missingForHop(need, evidence))
  const restsOn = [...configurationIds(evidence), ...logIds(evidence)]
  const code =
    evidence.calleeEnvoys.length === 0
      ? 'authorisation-callee-without-envoy'
      : evidence.calleeEnvoys.some(({ parts }) => !isCurrent(parts.listeners)) || evidence.callees.length === 0
        ? 'authorisation-unread'
        : isAwaited(evidence)
          ? 'ext-authz-awaited'
          : seenRequests(evidence) !== null
            ? 'no-decision-seen'
            : hasForHop('a-log-or-counters', evidence)
              ? 'no-requests-in-window'
              : 'no-request-source'
  return judged('unknown', reason(code, ends), restsOn, { missing })
}
