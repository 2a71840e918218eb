import type { Evidence, HandshakeCause } from '../../model.ts'
import { tellOfHandshake as tell } from '../../reasons.ts'
import { type End, type HandshakeView, other, said, seen, sideOf } from '../view.ts'
import { found, type HandshakeRule, ruledOut } from './rule.ts'

/** TLS-03, TLS-04: the certificate of one side has run out. */
function expired(owner: End, cause: HandshakeCause, faults: HandshakeRule['faults']): HandshakeRule {
  return {
    id: cause,
    cause,
    wrongSide: owner,
    faults,
    examine(view) {
      const names = { owner: view.names[owner], other: view.names[other(owner)] }
      const { certificate } = sideOf(view, owner)
      const notAfter = certificate.known ? certificate.value.notAfter : null
      const isOver = notAfter !== null && notAfter <= view.of.now
      // The alert for an expired certificate is sent for one that is not yet valid too: dates decide between them.
      const told = view.refusals.filter(({ by, problem }) => by === other(owner) && problem === 'expired')
      // Dates that were read before it was refused may be of the certificate before.
      const isOlder = certificate.known && told.some(({ at }) => certificate.fact.observedAt < at)
      const isContradicted = notAfter !== null && !isOver && !isOlder
      const words = told.map((each) =>
        said(each, tell('says-of-peer', { owner: view.names[each.loggedBy], problem: each.problem })),
      )
      const dates =
        notAfter === null || (isOlder && !isOver)
          ? null
          : seen(
              certificate,
              tell(isOver ? 'certificate-runs-out' : 'certificate-valid', { owner: names.owner, notAfter }),
              'contradiction',
            )
      if (told.length === 0 && !isOver) return isContradicted && dates !== null ? ruledOut(dates.reason, dates) : null
      if (told.length === 0 && view.of.hop.transport.state === 'verified') return null
      return found(tell('presents-expired', { ...names, notAfter }), isContradicted ? words : [...words, dates], {
        // It is valid now: it was replaced since, or the clock of who refused it is ahead.
        against: isContradicted ? [dates] : [],
      })
    },
  }
}
export const serverExpired = expired('server', 'server-certificate-expired', ['expired-svid'])
export const clientExpired = expired('client', 'client-certificate-expired', [])

/** CLK-01: who verifies thinks it is earlier than who issued. */
export const notYetValid: HandshakeRule = {
  id: 'certificate-not-yet-valid',
  cause: 'certificate-not-yet-valid',
  wrongSide: 'both',
  faults: ['clock-skew'],
  examine(view) {
    for (const owner of ['server', 'client'] as const) {
      const names = { owner: view.names[owner], other: view.names[other(owner)] }
      const { certificate } = sideOf(view, owner)
      const notBefore = certificate.known ? certificate.value.notBefore : null
      const told = view.refusals.filter(({ by, problem }) => by === other(owner) && problem === 'not-yet-valid')
      const isAhead = notBefore !== null && notBefore > view.of.now
      const behind = clockBehind(view, owner, notBefore)
      if (told.length === 0 && !isAhead && behind === null) continue
      const words = told.map((each) =>
        said(each, tell('says-of-peer', { owner: view.names[each.loggedBy], problem: each.problem })),
      )
      const dates =
        notBefore === null || !isAhead
          ? null
          : seen(certificate, tell('certificate-begins', { owner: names.owner, notBefore }), 'contradiction')
      return found(tell('presents-not-yet-valid', { ...names, notBefore }), [...words, dates, behind])
    }
    return null
  },
}

/** The clock of who verifies says that the certificate has not begun. An Envoy whose clock is behind logs too early to be found. */
function clockBehind(view: HandshakeView, owner: End, notBefore: number | null): Evidence | null {
  const { clock } = view.of.sights[other(owner)]
  if (!clock.known || notBefore === null || notBefore > view.of.now) return null
  // A date header has whole seconds.
  if (clock.value > -2000 || view.of.now + clock.value >= notBefore) return null
  if (view.of.hop.transport.state === 'verified') return null
  return seen(clock, tell('clock-is', { owner: view.names[other(owner)], offsetMs: clock.value }), 'contradiction')
}
