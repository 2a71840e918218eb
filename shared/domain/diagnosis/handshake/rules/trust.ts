import type { HandshakeCause } from '../../model.ts'
import { tellOfHandshake as tell } from '../../reasons.ts'
import { type End, other, said, seen, sideOf } from '../view.ts'
import { found, type HandshakeRule, ruledOut } from './rule.ts'

/** TLS-05, TLS-20: who verifies does not trust the issuer. `owner` presents the certificate; the bundle across lacks its root. */
function issuer(owner: End, cause: HandshakeCause, faults: HandshakeRule['faults']): HandshakeRule {
  const verifier = other(owner)
  return {
    id: cause,
    cause,
    wrongSide: verifier,
    faults,
    examine(view) {
      const names = { owner: view.names[verifier], other: view.names[owner] }
      const { issuer: signedBy } = view.of.keys[owner]
      const { trusted } = view.of.keys[verifier]
      const presented = signedBy.known ? signedBy.value : null
      const isMissing = presented !== null && trusted.known && !trusted.value.includes(presented)
      const isThere = presented !== null && trusted.known && !isMissing
      const told = view.refusals.filter(({ by, problem }) => by === verifier && problem === 'issuer-unknown')
      const words = told.map((each) =>
        said(each, tell('says-of-peer', { owner: view.names[each.loggedBy], problem: each.problem })),
      )
      const bundle =
        presented === null || !trusted.known
          ? null
          : seen(
              trusted,
              isThere
                ? tell('issuer-trusted', { owner: names.owner, issuer: presented })
                : tell('issuer-missing', { owner: names.owner, issuer: presented, trusted: trusted.value.length }),
              'contradiction',
            )
      if (told.length === 0 && !isMissing) return isThere && bundle !== null ? ruledOut(bundle.reason, bundle) : null
      if (told.length === 0 && view.of.hop.transport.state === 'verified') return null
      return found(
        tell('issuer-not-in-bundle', { ...names, issuer: presented }),
        isThere ? words : [...words, bundle],
        {
          against: isThere ? [bundle] : [],
        },
      )
    },
  }
}
export const serverIssuer = issuer('server', 'server-issuer-not-trusted', [])
export const clientIssuer = issuer('client', 'client-issuer-not-trusted', ['untrusted-bundle-after-rotation'])

/** TLS-06: the certificate verifies, and its SPIFFE ID is not the one that is required. */
function identity(owner: End, cause: HandshakeCause, faults: HandshakeRule['faults']): HandshakeRule {
  const requirer = other(owner)
  return {
    id: cause,
    cause,
    // Who requires another identity than the one that is issued: the setting is wrong, not the certificate.
    wrongSide: requirer,
    faults,
    examine(view) {
      const names = { owner: view.names[requirer], other: view.names[owner] }
      const { spiffeId } = sideOf(view, owner)
      const { requiresPeer } = sideOf(view, requirer)
      const presented = spiffeId.known ? spiffeId.value : null
      const required = requiresPeer.known ? requiresPeer.value : null
      const isOther = presented !== null && required !== null && required.length > 0 && !required.includes(presented)
      const isSame = presented !== null && required !== null && required.includes(presented)
      const told = view.refusals.filter(
        ({ by, problem }) =>
          by === requirer && (problem === 'identity-mismatch' || (problem === 'certificate-unknown' && isOther)),
      )
      const words = told.map((each) =>
        said(each, tell('says-of-peer', { owner: view.names[each.loggedBy], problem: each.problem })),
      )
      const setting =
        required === null
          ? null
          : seen(
              requiresPeer,
              isSame && presented !== null
                ? tell('identity-as-required', { owner: names.owner, spiffeId: presented })
                : tell('identity-required', { owner: names.owner, spiffeIds: required.join(', ') }),
              'contradiction',
            )
      if (told.length === 0 && !isOther) return isSame && setting !== null ? ruledOut(setting.reason, setting) : null
      if (told.length === 0 && view.of.hop.transport.state === 'verified') return null
      return found(
        tell('other-identity-presented', { ...names, presented, required: required?.join(', ') ?? null }),
        isSame ? words : [...words, setting],
        { against: isSame ? [setting] : [] },
      )
    },
  }
}
export const serverIdentity = identity('server', 'server-identity-unexpected', ['wrong-spiffe-id-required'])
export const clientIdentity = identity('client', 'client-identity-unexpected', [])
