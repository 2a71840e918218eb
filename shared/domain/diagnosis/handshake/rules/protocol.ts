import type { HandshakeCause } from '../../model.ts'
import { tellOfHandshake as tell } from '../../reasons.ts'
import { factOf, lackingOf, lacksSvid } from '../../rested-on.ts'
import { type End, type HandshakeView, other, said, seen, sideOf } from '../view.ts'
import { found, type HandshakeRule } from './rule.ts'

/** TLS-08: the callee wants a certificate of its caller, and there came none. */
export const clientCertificateMissing: HandshakeRule = {
  id: 'client-certificate-missing',
  cause: 'client-certificate-missing',
  wrongSide: 'client',
  faults: [],
  examine(view) {
    const told = view.refusals.filter(({ by, problem }) => by === 'server' && problem === 'no-certificate')
    const words = told.map((each) =>
      said(each, tell('says-of-peer', { owner: view.names[each.loggedBy], problem: each.problem })),
    )
    return found(tell('no-client-certificate', view.names), words)
  },
}

/** TLS-01, ID-01: one side has no SVID, so it cannot even begin. */
function withoutSvid(owner: End, cause: HandshakeCause, faults: HandshakeRule['faults']): HandshakeRule {
  return {
    id: cause,
    cause,
    wrongSide: owner,
    faults,
    examine(view) {
      const workload = view.workloads[owner]
      if (workload === null || !lacksSvid(workload)) return null
      // Who is told to speak plaintext asks for no SVID, and lacks none.
      if (isPlaintext(view, owner)) return null
      // Both ends proved who they are a moment ago: another instance than the one without an SVID serves.
      if (view.of.hop.transport.state === 'verified') return null
      const { code } = workload.state.reason
      // Of an address that calls, logs alone tell, and these not why.
      const lacking = lackingOf(workload)
      const fact = factOf(workload.state, view.of.facts)
      if (lacking === null || fact === null) return null
      const reason = tell('identity-absent', { owner: workload.name, code, ...lacking })
      return found(tell('no-svid-delivered', { owner: view.names[owner], other: view.names[other(owner)] }), [
        {
          // Without one no handshake of it succeeds; which instance a handshake was with is not known.
          class: lacking.affected < lacking.instances ? 'state-now' : 'contradiction',
          reason,
          literal: null,
          from: { kind: 'fact', fact },
        },
      ])
    },
  }
}
export const serverWithoutSvid = withoutSvid('server', 'server-has-no-svid', [
  'hop-without-identity',
  'unregistered-workload',
])
export const clientWithoutSvid = withoutSvid('client', 'client-has-no-svid', [])

/** Its listener, or its cluster for this call, is read and has no TLS. */
function isPlaintext(view: HandshakeView, end: End): boolean {
  const { tlsVersions } = sideOf(view, end)
  return !tlsVersions.known && tlsVersions.reason.code === 'not-applicable'
}

/** TLS-11, TLS-12: one side speaks TLS and the other does not. */
function plaintext(owner: End, cause: HandshakeCause, faults: HandshakeRule['faults']): HandshakeRule {
  return {
    id: cause,
    cause,
    wrongSide: owner,
    faults,
    examine(view) {
      const verifier = other(owner)
      const told = view.refusals.filter(({ by, problem }) => by === verifier && problem === 'plaintext-peer')
      const words = told.map((each) =>
        said(each, tell('says-of-peer', { owner: view.names[each.loggedBy], problem: each.problem })),
      )
      const { tlsVersions } = sideOf(view, verifier)
      const setting =
        isPlaintext(view, owner) && tlsVersions.known
          ? seen(
              tlsVersions,
              tell('tls-versions-are', { owner: view.names[verifier], versions: tlsVersions.value }),
              'contradiction',
            )
          : null
      const seenOf = [...words, setting]
      return found(tell(owner === 'client' ? 'plaintext-to-tls' : 'tls-to-plaintext', view.names), seenOf)
    },
  }
}
export const clientPlaintext = plaintext('client', 'client-speaks-plaintext', [])
export const serverPlaintext = plaintext('server', 'server-speaks-plaintext', ['one-sided-tls'])

/** TLS-14 */
export const noCommonVersion: HandshakeRule = {
  id: 'no-common-version',
  cause: 'no-common-version',
  wrongSide: 'both',
  faults: [],
  examine(view) {
    const told = view.refusals.filter(({ problem }) => problem === 'version')
    const words = told.map((each) =>
      said(each, tell('says-of-peer', { owner: view.names[each.loggedBy], problem: each.problem })),
    )
    const versions = (['client', 'server'] as const).map((end) => {
      const { tlsVersions } = sideOf(view, end)
      if (!tlsVersions.known) return null
      const reason = tell('tls-versions-are', { owner: view.names[end], versions: tlsVersions.value })
      return { class: 'configuration', reason, literal: null, from: { kind: 'fact', fact: tlsVersions.fact } } as const
    })
    return told.length === 0 ? null : found(tell('no-version-in-common', view.names), [...words, ...versions])
  },
}
