import type { Evidence, HandshakeDiagnosis, NextStep, OpenQuestion } from '../model.ts'
import { tell, tellOfHandshake } from '../reasons.ts'
import { identityStep, runbookSteps } from '../runbooks.ts'
import { besideDefects, confidenceOf, weigh } from '../weigh.ts'
import { sideRows } from './rows.ts'
import { handshakeRules } from './rules/index.ts'
import { type HandshakeCase, type HandshakeView, viewOfHandshake } from './view.ts'

/** Which side of a handshake is wrong, from what both sides have, require, trust and say. Pure. */
export function diagnoseHandshake(of: HandshakeCase): HandshakeDiagnosis {
  const view = viewOfHandshake(of)
  const { hop } = of
  const weighed = weigh(handshakeRules, view)
  const { best, ruledOut } = weighed
  const sides = { client: sideRows(view, 'client'), server: sideRows(view, 'server') }
  const activity = hop.activity.known ? hop.activity.value : null
  const common = {
    from: hop.from,
    to: hop.to,
    ...sides,
    failingSince: hop.transport.state === 'failing' ? hop.transport.since : null,
    attempts: activity?.handshakeFailures ?? null,
    ruledOut,
    open: openOf(view),
  }
  if (best === null) {
    const verdict = without(view)
    const { word, because, open } = besideDefects(weighed, { word: verdict.confidence, because: verdict.because })
    return {
      ...common,
      wrongSide: null,
      verdict: { ...verdict, confidence: word, because },
      open: [...common.open, ...open],
      next: nextOf(view, null),
    }
  }
  const { word, because, open } = besideDefects(weighed, confidenceOf(best))
  const silent = (['client', 'server'] as const).filter((end) =>
    sides[end].rows.every(({ row, state }) => state === 'unknown' || row === 'peer-certificate'),
  )
  const [dark] = silent
  // What the readable side logs of its own doing decides; of the side that cannot be read nothing more than that follows.
  return {
    ...common,
    wrongSide: best.rule.wrongSide,
    verdict: {
      cause: best.rule.cause,
      reason: best.finding.reason,
      confidence: word,
      because:
        dark === undefined
          ? because
          : tell('only-one-side', { side: view.names[dark === 'client' ? 'server' : 'client'] }),
      wouldRaise: word === 'high' ? [] : silent.map((end) => tell('read-source', { source: view.names[end] })),
      restsOn: best.finding.evidence,
    },
    open: [...common.open, ...best.finding.open, ...open],
    next: nextOf(view, best.rule.cause),
  }
}

function without(view: HandshakeView): HandshakeDiagnosis['verdict'] {
  const { transport } = view.of.hop
  const isFine = transport.state === 'verified'
  const reason = tellOfHandshake('transport-judged', { state: transport.state, code: transport.reason.code })
  const { activity, client, server } = view.of.hop
  // Counters are read now and then, and one end may not know that the other refuses it: both ends and the logs of both have to tell.
  const isTold =
    [client, server].every((end) => end.certificate.known && end.tlsVersions.known && end.lastError.known) &&
    activity.known &&
    activity.value.countedBy === 'log' &&
    activity.value.handshakeFailures === 0
  const proof: Evidence | null = activity.known
    ? { class: 'contradiction', reason, literal: null, from: { kind: 'fact', fact: activity.fact } }
    : null
  return {
    cause: isFine ? 'not-failing' : 'unknown',
    reason: tellOfHandshake(isFine ? 'handshake-verified' : 'cause-of-handshake-not-told', view.names),
    confidence: !isFine ? 'low' : isTold ? 'high' : 'medium',
    because: isFine ? reason : tell('nothing-decisive', {}),
    wouldRaise: isFine && isTold ? [] : transport.missing.map(({ source }) => tell('read-source', { source })),
    restsOn: isFine && proof !== null ? [proof] : [],
  }
}

function openOf(view: HandshakeView): readonly OpenQuestion[] {
  return view.of.hop.transport.missing.map(({ source }) => ({
    reason: tell('nothing-tells', { source }),
    couldChangeVerdict: true,
  }))
}

function nextOf(view: HandshakeView, cause: HandshakeDiagnosis['verdict']['cause'] | null): readonly NextStep[] {
  const { hop } = view.of
  const { client, server } = view.names
  const workload = (end: 'client' | 'server'): NextStep['open'] => {
    const found = view.workloads[end]
    return found === null ? null : { kind: 'workload', workload: found.id }
  }
  const next: NextStep[] = []
  if (cause === 'server-certificate-expired' || cause === 'client-certificate-expired') {
    const end = cause.startsWith('server') ? 'server' : 'client'
    next.push({
      reason: tellOfHandshake('renew-identity-of', { owner: view.names[end] }),
      command: null,
      open: workload(end),
    })
  }
  if (cause === 'server-has-no-svid' || cause === 'client-has-no-svid') {
    const end = cause.startsWith('server') ? 'server' : 'client'
    next.push({
      reason: tellOfHandshake('look-at-registration-of', { owner: view.names[end] }),
      command: null,
      open: workload(end),
    })
    const without = view.workloads[end]
    if (without !== null) next.push(identityStep(without))
  }
  if (cause === 'server-identity-unexpected') {
    next.push({
      reason: tellOfHandshake('correct-required-identity', { owner: client, other: server }),
      command: null,
      open: workload('client'),
    })
  }
  if (cause === 'client-identity-unexpected') {
    next.push({
      reason: tellOfHandshake('correct-required-identity', { owner: server, other: client }),
      command: null,
      open: workload('server'),
    })
  }
  if (cause === 'server-issuer-not-trusted' || cause === 'client-issuer-not-trusted') {
    const end = cause.startsWith('server') ? 'client' : 'server'
    next.push({
      reason: tellOfHandshake('update-bundle-of', { owner: view.names[end] }),
      command: null,
      open: workload(end),
    })
  }
  next.push({
    reason: tell('look-at-hop', { caller: client, callee: server }),
    command: null,
    open: { kind: 'hop', hop: hop.id },
  })
  return cause === null ? next : [...next, ...runbookSteps(cause)]
}
