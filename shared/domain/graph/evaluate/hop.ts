import type { ExtAuthz } from '../../model/envoy-facts.ts'
import type { DecisionView, GuardView, Hop, HopActivityView, HopSide, Known } from '../../model/graph.ts'
import type { HopActivityFact } from '../../model/log-facts.ts'
import type { ClusterSight } from '../cluster/sight.ts'
import { isCurrent, type Scoped } from '../instances/records.ts'
import { judged, known, notKnown, whyUnread } from '../known.ts'
import type { Moment } from '../moment.ts'
import { reason } from '../reasons.ts'
import { judgeAuthorisation } from '../states/authorisation/index.ts'
import { usedHttpFilters } from '../states/authorisation/requests.ts'
import { deviationOf, relationsOf } from '../states/relations.ts'
import { judgeTransport } from '../states/transport/index.ts'
import { leasesOfHop } from '../vault/hop-leases.ts'
import { type Defect, type HopNode, messageOf, type Weave } from '../weave/weave.ts'
import {
  type CalleePart,
  callerTls,
  chainsFor,
  clusterTls,
  clusterTraffic,
  gatherHop,
  type HopEvidence,
  knownIn,
} from './hop-evidence.ts'
import { judgeClaims } from './identity-claim.ts'
import { integrityOf } from './integrity.ts'
import { networkOf } from './network.ts'
import { clientSide, currentFirst, serverSide } from './sides.ts'
import { opaOf } from './workload-evidence.ts'

/** One hop with everything that is known of it. A rule that fails gives unknown and a defect, and the rest stands. */
export function evaluateHop(
  weave: Weave,
  node: HopNode,
  sight: ClusterSight,
  windowSeconds: number,
  moment: Moment,
  defects: Defect[],
): Hop {
  const evidence = gatherHop(weave, node, windowSeconds)
  try {
    return wholeHop(evidence, node, weave, sight, moment)
  } catch {
    return hopInParts(evidence, node, weave, sight, moment, defects)
  }
}

function wholeHop(evidence: HopEvidence, node: HopNode, weave: Weave, sight: ClusterSight, moment: Moment): Hop {
  const { id, from, to } = node
  const { relations, relationFacts } = relationsOf(evidence, weave.stages)
  return {
    id,
    from,
    to,
    transport: judgeTransport(evidence, moment),
    authorisation: judgeAuthorisation(evidence, moment),
    identityClaim: judgeClaims(evidence),
    relations,
    relationFacts,
    client: clientSide(evidence),
    server: serverSide(evidence),
    tls: tlsOf(evidence),
    activity: activityOf(evidence),
    decision: decisionOf(evidence),
    guard: guardOf(evidence, weave),
    network: networkOf(evidence, sight),
    integrity: integrityOf(sight.integrity.byHop.get(id) ?? []),
    leases: leasesOfHop(node, sight.vault, weave.stages, moment),
    deviation: deviationOf(evidence, relations),
  }
}

/** The same part by part, once something has failed: what failed is unknown and a defect, the rest stands. */
function hopInParts(
  evidence: HopEvidence,
  node: HopNode,
  weave: Weave,
  sight: ClusterSight,
  moment: Moment,
  defects: Defect[],
): Hop {
  const { id, from, to } = node
  function attempt<Value>(rule: string, work: () => Value, otherwise: Value): Value {
    try {
      return work()
    } catch (thrown) {
      defects.push({ rule, subject: id, message: messageOf(thrown) })
      return otherwise
    }
  }
  const unjudged = (rule: string) => judged<'unknown'>('unknown', reason('judgement-failed', { rule }), [])
  const unshown = (rule: string) => notKnown(reason('judgement-failed', { rule }))
  return {
    id,
    from,
    to,
    transport: attempt<Hop['transport']>('transport', () => judgeTransport(evidence, moment), unjudged('transport')),
    authorisation: attempt<Hop['authorisation']>(
      'authorisation',
      () => judgeAuthorisation(evidence, moment),
      unjudged('authorisation'),
    ),
    identityClaim: attempt<Hop['identityClaim']>(
      'identity-claim',
      () => judgeClaims(evidence),
      unjudged('identity-claim'),
    ),
    ...attempt('relations', () => relationsOf(evidence, weave.stages), { relations: [], relationFacts: {} }),
    client: attempt('client', () => clientSide(evidence), emptySide(from)),
    server: attempt('server', () => serverSide(evidence), emptySide(to)),
    tls: attempt<Hop['tls']>('tls', () => tlsOf(evidence), { version: unshown('tls'), cipher: unshown('tls') }),
    activity: attempt<Hop['activity']>('activity', () => activityOf(evidence), unshown('activity')),
    decision: attempt<Hop['decision']>('decision', () => decisionOf(evidence), unshown('decision')),
    guard: attempt<Hop['guard']>('guard', () => guardOf(evidence, weave), unshown('guard')),
    network: attempt<Hop['network']>('network', () => networkOf(evidence, sight), unshown('network')),
    integrity: attempt<Hop['integrity']>(
      'integrity',
      () => integrityOf(sight.integrity.byHop.get(id) ?? []),
      unshown('integrity'),
    ),
    leases: attempt('leases', () => leasesOfHop(node, sight.vault, weave.stages, moment), []),
    deviation: attempt('deviation', () => deviationOf(evidence, relationsOf(evidence, weave.stages).relations), null),
  }
}

/** A side that could not be worked out: nothing of it is known. */
function emptySide(workload: string): HopSide {
  const unshown = notKnown(reason('judgement-failed', { rule: 'side' }))
  return {
    workload,
    spiffeId: unshown,
    requiresPeer: unshown,
    peerAsExpected: unshown,
    certificate: unshown,
    trusts: unshown,
    tlsVersions: unshown,
    lastError: unshown,
  }
}

function tlsOf(evidence: HopEvidence): Hop['tls'] {
  return sessionOf(evidence, evidence.calleeLog) ?? sessionOf(evidence, evidence.callerLog) ?? unseenSession
}

function sessionOf(evidence: HopEvidence, log: readonly Scoped<HopActivityFact>[]): Hop['tls'] | null {
  for (const { fact, scope } of currentFirst(log)) {
    if (fact.tlsVersion === null) continue
    return {
      version: knownIn(evidence, fact.tlsVersion, fact, scope),
      cipher:
        fact.tlsCipher === null
          ? notKnown(reason('not-in-answer', { source: 'logs', instance: fact.from.instance, what: 'tls-session' }))
          : knownIn(evidence, fact.tlsCipher, fact, scope),
    }
  }
  return null
}

const notSeen = notKnown(reason('not-seen-in-window', { what: 'tls-session' }))
const unseenSession: Hop['tls'] = { version: notSeen, cipher: notSeen }

/** The callee's log where it has requests of this hop, else the caller's, else the counters of the caller's cluster. */
function activityOf(evidence: HopEvidence): Known<HopActivityView> {
  const callee = currentFirst(evidence.calleeLog)
  const caller = currentFirst(evidence.callerLog)
  const isCalleeTelling = caller.length === 0 || hasRequests(callee)
  const chosen = isCalleeTelling && callee.length > 0 ? callee : caller
  const [first] = chosen
  if (first === undefined) return countedActivity(evidence)
  let requests = 0
  let denied = 0
  let authorisationErrors = 0
  let lastRequestAt: number | null = null
  for (const { fact } of chosen) {
    requests += fact.requests
    denied += fact.denied
    authorisationErrors += fact.authorisationErrors
    if (fact.lastRequestAt !== null && (lastRequestAt === null || fact.lastRequestAt > lastRequestAt)) {
      lastRequestAt = fact.lastRequestAt
    }
  }
  const view: HopActivityView = {
    windowSeconds: Math.max(1, Math.round((first.fact.windowTo - first.fact.windowFrom) / 1000)),
    requests,
    denied,
    authorisationErrors,
    handshakeFailures: Math.max(failuresIn(callee), failuresIn(caller)),
    lastRequestAt,
    countedBy: 'log',
  }
  return knownIn(evidence, view, first.fact, first.scope)
}

function hasRequests(log: readonly Scoped<HopActivityFact>[]): boolean {
  for (const { fact } of log) if (fact.requests > 0) return true
  return false
}

function failuresIn(log: readonly Scoped<HopActivityFact>[]): number {
  let failures = 0
  for (const { fact } of log) failures += fact.handshakeFailures
  return failures
}

function countedActivity(evidence: HopEvidence): Known<HopActivityView> {
  const traffic = clusterTraffic(evidence).filter((fact) => fact.requests.delta !== null)
  const [first] = traffic
  if (first === undefined) return noRequestsSeen
  const scope = evidence.callers.find(({ envoy }) => envoy.id === first.envoy)?.envoy.parts.counters
  const failures = clusterTls(evidence).reduce(
    (total, fact) =>
      total + (fact.connectionError.delta ?? 0) + (fact.failVerifyError.delta ?? 0) + (fact.failVerifySan.delta ?? 0),
    0,
  )
  const view: HopActivityView = {
    windowSeconds:
      first.windowFrom === null
        ? evidence.windowSeconds
        : Math.max(1, Math.round((first.from.observedAt - first.windowFrom) / 1000)),
    requests: traffic.reduce((total, fact) => total + (fact.requests.delta ?? 0), 0),
    denied: 0,
    authorisationErrors: 0,
    handshakeFailures: failures,
    lastRequestAt: null,
    countedBy: 'counters',
  }
  return known(view, first, scope)
}

const noRequestsSeen = notKnown(reason('not-seen-in-window', { what: 'requests' }))
const noDecisionsSeen = notKnown(reason('not-seen-in-window', { what: 'decisions' }))

function decisionOf(evidence: HopEvidence): Known<DecisionView> {
  if (evidence.decisions.length === 0) return noDecisionsSeen
  const facts = currentFirst(evidence.decisions)
  const latest = facts.reduce<(typeof facts)[number] | null>(
    (found, one) => (found === null || one.fact.last.at > found.fact.last.at ? one : found),
    null,
  )
  if (latest === null) return noDecisionsSeen
  const { at, outcome, decisionId, reasons, path, revision, requestId } = latest.fact.last
  const { evaluationP99Ms } = latest.fact
  return known(
    { at, outcome, decisionId, reasons, path, revision, requestId, evaluationP99Ms },
    latest.fact,
    latest.scope,
  )
}

/** The first ext_authz on the way in; worst first, so that one that fails open is never hidden behind one that does not. */
function guardOf(evidence: HopEvidence, weave: Weave): Known<GuardView> {
  const chosen = guardingOf(evidence)
  if (chosen === null) {
    const unread = evidence.calleeEnvoys.find(({ parts }) => !isCurrent(parts.listeners))
    if (unread !== undefined) return whyUnread('envoy', unread.id, 'listeners', unread.parts.listeners)
    if (evidence.calleeEnvoys.length === 0) return notKnown(reason('source-not-configured', { source: 'Envoy' }))
    const isAwaited = usedHttpFilters(evidence).some(({ filters }) => filters.awaitsExtAuthz === true)
    return notKnown(
      isAwaited
        ? reason('ext-authz-awaited', evidence.ends)
        : reason('no-authorisation-asked', { name: evidence.to.name }),
    )
  }
  const { part, extAuthz } = chosen
  const { guards } = part.envoy.answers
  const shown = guards.get(extAuthz)
  // What it shows of the OPA can change with every update.
  if (shown?.turn === weave.turn && shown.listener === part.listener) return shown.view
  const guard = weave.guards.get(`envoy/${part.envoy.id}`)?.find((one) => one.cluster === extAuthz.cluster)
  const only = guard !== undefined && guard.opas.length === 1 ? guard.opas[0] : undefined
  const bundle = only === undefined ? undefined : opaOf(weave, only)?.bundles[0]?.fact
  const view: GuardView = {
    opa: only ?? null,
    cluster: extAuthz.cluster ?? extAuthz.targetUri,
    failureModeAllow: extAuthz.failureModeAllow,
    timeoutMs: extAuthz.timeoutMs,
    revision: bundle?.activeRevision ?? null,
    bundleFetchedAt: bundle?.lastSuccessfulRequestAt ?? null,
  }
  const shownNow = known(view, part.listener, part.envoy.parts.listeners)
  guards.set(extAuthz, { turn: weave.turn, listener: part.listener, view: shownNow })
  return shownNow
}

/** The first ext_authz on the way in that lets pass on an error, else the first. */
function guardingOf(evidence: HopEvidence): { readonly part: CalleePart; readonly extAuthz: ExtAuthz } | null {
  const uses = callerTls(evidence)
  let found: { readonly part: CalleePart; readonly extAuthz: ExtAuthz } | null = null
  for (const part of evidence.callees) {
    for (const chain of chainsFor(part, uses)) {
      for (const { extAuthz } of chain.http) {
        if (extAuthz === null) continue
        if (extAuthz.failureModeAllow) return { part, extAuthz }
        found ??= { part, extAuthz }
      }
    }
  }
  return found
}
