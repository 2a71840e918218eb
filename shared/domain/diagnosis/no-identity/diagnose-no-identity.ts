import type { NextStep, OpenQuestion, Verdict } from '../model.ts'
import { runbookSteps } from '../runbooks.ts'
import { besideDefects, weigh } from '../weigh.ts'
import type { Candidate } from './candidates.ts'
import type { IdentityCase } from './case.ts'
import { correctionOf } from './correction.ts'
import type { IdentityCandidate, IdentityCause, IdentityCorrection, NoIdentityDiagnosis } from './model.ts'
import { tellOfIdentity as tell } from './reasons.ts'
import { identityRules } from './rules/index.ts'
import { heldAgainst, type IdentityView, identityViewOf, unmet } from './view.ts'

const mostCandidates = 6

type Best = NonNullable<ReturnType<typeof weigh<IdentityView, IdentityCause, (typeof identityRules)[number]>>['best']>

/** Why a workload is given no identity, from what declares, registers and delivers it. Pure. */
export function diagnoseNoIdentity(of: IdentityCase): NoIdentityDiagnosis {
  const view = identityViewOf(of)
  const weighed = weigh(identityRules, view)
  const { best, ruledOut } = weighed
  const found = verdictOf(view, best)
  const { word, because, open } = besideDefects(weighed, { word: found.confidence, because: found.because })
  const verdict = { ...found, confidence: word, because }
  const correction = correctionOf(view, verdict.cause)
  return {
    subject: subjectOf(view),
    verdict,
    candidates: nearest(view, verdict),
    agent: agentShown(view),
    correction,
    ruledOut,
    open: [...openOf(view, best, verdict), ...open],
    next: nextOf(view, verdict.cause, correction),
  }
}

function verdictOf(view: IdentityView, best: Best | null): Verdict<IdentityCause> {
  const { held, owner, of } = view
  const isHint = best === null || best.finding.against.length > 0 || best.weight < 0.85
  if (held !== null && held.value.notAfter !== null && isHint) {
    const spiffeId = held.value.spiffeId ?? of.spiffeId ?? ''
    return {
      cause: 'has-identity',
      reason: tell('identity-is-there', { owner, spiffeId, until: held.value.notAfter }),
      confidence: 'high',
      because: tell('whole-lists-tell-it', {}),
      wouldRaise: [],
      restsOn: heldAgainst(view),
    }
  }
  if (best === null) {
    return {
      cause: 'unknown',
      reason: tell('identity-not-told', { owner }),
      confidence: 'low',
      because: tell('only-a-hint', {}),
      wouldRaise: unread(view),
      restsOn: [],
    }
  }
  const [confidence, code] =
    best.finding.against.length > 0
      ? (['low', 'identity-held-against'] as const)
      : best.weight >= 1
        ? (['high', 'whole-lists-tell-it'] as const)
        : best.weight >= 0.85
          ? (['medium', 'read-in-part'] as const)
          : (['low', 'only-a-hint'] as const)
  const isByConvention = confidence === 'high' && of.podsBy === 'account' && of.pods.length > 0
  return {
    cause: best.rule.cause,
    reason: best.finding.reason,
    confidence: isByConvention ? 'medium' : confidence,
    because: tell(isByConvention ? 'pod-by-account' : code, {}),
    wouldRaise: confidence === 'high' ? [] : unread(view),
    restsOn: best.finding.evidence,
  }
}

/** Sources that were not read and would tell more. */
function unread({ knowsEntries, knowsObjects, agent }: IdentityView): readonly ReturnType<typeof tell>[] {
  return [
    ...(knowsEntries ? [] : [tell('source-not-read', { source: 'spire', what: 'entries' })]),
    ...(knowsObjects === true ? [] : [tell('source-not-read', { source: 'kubernetes', what: 'objects' })]),
    ...(agent.attested === 'unknown' ? [tell('source-not-read', { source: 'spire', what: 'agents' })] : []),
  ]
}

function subjectOf({ of, place, owner }: IdentityView): NoIdentityDiagnosis['subject'] {
  return {
    asked: of.asked,
    workload: of.workload?.id ?? null,
    name: owner,
    spiffeId: of.spiffeId,
    pod:
      place === null
        ? null
        : {
            cluster: place.cluster.id,
            namespace: place.pod.namespace,
            name: place.pod.name,
            serviceAccount: place.pod.serviceAccount,
            machine: place.pod.nodeName,
          },
    pods: of.pods.length,
    holds: of.workload?.svid.loaded ?? { known: false, reason: tell('identity-not-told', { owner }) },
  }
}

/** What the verdict rests on first, then by how little is missing; what has nothing in common with the workload is left out. */
function nearest(
  { objects, entries }: IdentityView,
  { restsOn }: Verdict<IdentityCause>,
): readonly IdentityCandidate[] {
  const rested = new Set(restsOn.flatMap(({ from }) => (from.kind === 'fact' ? [from.fact.factId] : [])))
  const met = ({ criteria }: Candidate): number =>
    criteria.filter(({ state, part }) => state === 'met' && part !== 'parent').length
  const score = (each: Candidate): number =>
    unmet(each).length * 4 -
    (rested.has(each.fact.factId) && each.criteria.length > 0 && unmet(each).length <= 2 ? 20 : 0) -
    (each.isExpected === true ? 6 : 0) -
    Math.min(3, met(each))
  const isNear = (each: Candidate): boolean => {
    if (each.isExpected === true || each.fits === true) return true
    // Objects that select pods are few; of entries and static entries there is one for each workload.
    if (each.kind === 'ClusterSPIFFEID') return unmet(each).length <= 2
    return each.isExpected === null && met(each) > 0 && unmet(each).length <= 1
  }
  return [...objects, ...entries]
    .filter(isNear)
    .toSorted((one, other) => score(one) - score(other) || (one.name < other.name ? -1 : 1))
    .slice(0, mostCandidates)
    .map(({ kind, name, spiffeId, fits, isExpected, criteria, notes, fact, stale }) => {
      return { kind, name, spiffeId, fits, isExpected, criteria, notes, fact, stale }
    })
}

function agentShown({ agent }: IdentityView): NoIdentityDiagnosis['agent'] {
  const { machine, spiffeId, attested, inSync, svidNotAfter, reason, fact } = agent
  return { machine, spiffeId, attested, inSync, svidNotAfter, reason, fact }
}

function openOf(view: IdentityView, best: Best | null, verdict: Verdict<IdentityCause>): readonly OpenQuestion[] {
  const { owner, place, own, knowsEntries, knowsObjects, agent } = view
  const open: OpenQuestion[] = []
  const isSure = verdict.confidence === 'high'
  const ask = (reason: OpenQuestion['reason'], couldChangeVerdict = !isSure): void => {
    open.push({ reason, couldChangeVerdict })
  }
  const others = best === null ? [] : identityRules.filter((rule) => rule !== best.rule)
  const second = verdict.cause === best?.rule.cause ? weigh(others, view).best : best
  if (second !== null && second !== undefined && second.rule.cause !== verdict.cause) {
    ask(tell('also-found', { cause: second.rule.cause }))
  }
  if (!knowsEntries) ask(tell('source-not-read', { source: 'spire', what: 'entries' }))
  if (knowsObjects === false) ask(tell('source-not-read', { source: 'kubernetes', what: 'objects' }))
  if (place === null) ask(tell('pod-not-known', { owner }))
  else if (view.of.podsBy === 'account') ask(tell('pod-by-account', {}))
  for (const each of own) {
    const unknown = each.criteria.filter(({ part, state }) => part === 'selector' && state === 'unknown')
    if (unknown.length === 0) continue
    ask(tell('selector-not-comparable', { of: each.name, selectors: unknown.map(({ want }) => want).join(', ') }))
  }
  if (agent.inSync === 'unknown' && verdict.cause !== 'has-identity') ask(tell('sync-not-told', { owner }))
  return open
}

const ofController: ReadonlySet<IdentityCause> = new Set([
  'namespace-excluded',
  'class-without-manager',
  'template-fails',
  'entry-missing',
])
const ofAgent: ReadonlySet<IdentityCause> = new Set([
  'agent-not-attested',
  'agent-banned',
  'agent-not-in-sync',
  'socket-not-mounted',
])

function nextOf(
  { owner, of, agent }: IdentityView,
  cause: IdentityCause,
  correction: IdentityCorrection | null,
): readonly NextStep[] {
  const next: NextStep[] = []
  if (correction !== null) {
    next.push({
      reason: correction.reason,
      command: correction.kind === 'command' ? correction.text : null,
      open: null,
    })
  }
  if (ofController.has(cause)) next.push({ reason: tell('look-at-controller', {}), command: null, open: null })
  if (ofAgent.has(cause) || cause === 'unknown') {
    next.push({ reason: tell('look-at-agent', { machine: agent.machine }), command: null, open: null })
  }
  next.push(...runbookSteps(cause))
  if (of.workload !== null) {
    const open = { kind: 'workload', workload: of.workload.id } as const
    next.push({ reason: tell('watch-workload', { owner }), command: null, open })
  }
  return next
}
