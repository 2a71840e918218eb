import type { Known, Reason } from '../../model/graph.ts'
import type { HandshakeRow, HandshakeSide } from '../model.ts'
import { tellOfHandshake as tell } from '../reasons.ts'
import { leafInPlaces } from './leaf.ts'
import { type End, type HandshakeView, other, seen, sideOf } from './view.ts'

/** What one side has and sees, row by row: wrong where it contradicts the other side or the time, unknown where nothing tells. */
export function sideRows(view: HandshakeView, end: End): HandshakeSide {
  const side = sideOf(view, end)
  const across = sideOf(view, other(end))
  const owner = view.names[end]
  const { now } = view.of
  const row = (
    name: HandshakeRow['row'],
    known: Known<unknown>,
    reason: Reason | null,
    isWrong = false,
  ): HandshakeRow => {
    if (!known.known || reason === null) {
      const code = known.known ? 'not-told' : known.reason.code
      return { row: name, state: 'unknown', reason: tell('not-known-of', { owner, code }), evidence: [] }
    }
    const proof = seen(known, reason, 'contradiction')
    return { row: name, state: isWrong ? 'wrong' : 'fine', reason, evidence: proof === null ? [] : [proof] }
  }
  const { spiffeId, requiresPeer, certificate, tlsVersions } = side
  const presented = spiffeId.known ? spiffeId.value : null
  const required = requiresPeer.known ? requiresPeer.value : undefined
  const peerId = across.spiffeId.known ? across.spiffeId.value : null
  const refusesPeer = required !== undefined && required !== null && peerId !== null && !required.includes(peerId)
  const { trusted } = view.of.keys[end]
  const signedBy = view.of.keys[other(end)].issuer
  const issuer = signedBy.known ? signedBy.value : null
  const trustsIssuer = issuer === null || !trusted.known ? null : trusted.value.includes(issuer)
  const last = side.lastError.known ? side.lastError.value : null
  return {
    workload: view.workloads[end]?.id ?? (end === 'client' ? view.of.hop.from : view.of.hop.to),
    name: owner,
    rows: [
      row(
        'spiffe-id',
        spiffeId,
        presented === null ? null : tell('identity-presented', { owner, spiffeId: presented }),
      ),
      row(
        'requires-peer',
        requiresPeer,
        required === undefined
          ? null
          : required === null
            ? tell('any-identity-accepted', { owner })
            : tell('identity-required', { owner, spiffeIds: required.join(', ') }),
        refusesPeer,
      ),
      validity('own-certificate', owner, certificate),
      validity('peer-certificate', view.names[other(end)], across.certificate),
      row(
        'peer-issuer',
        signedBy.known ? trusted : signedBy,
        trustsIssuer === null || issuer === null
          ? null
          : trustsIssuer
            ? tell('issuer-trusted', { owner, issuer })
            : tell('issuer-missing', { owner, issuer, trusted: trusted.known ? trusted.value.length : 0 }),
        trustsIssuer === false,
      ),
      row('trusts', trusted, trusted.known ? tell('roots-trusted', { owner, count: trusted.value.length }) : null),
      row(
        'tls-versions',
        tlsVersions,
        tlsVersions.known ? tell('tls-versions-are', { owner, versions: tlsVersions.value }) : null,
      ),
      clockRow(),
    ],
    leaf: leafInPlaces(owner, view.of.sights[end]),
    says:
      last === null
        ? null
        : { literal: last.text, decoded: tell('says-of-peer', { owner, problem: problemOf(view, end) }), at: last.at },
  }

  /** Wrong only where it makes the other side's certificate look too young or too old, which it is not by ours. */
  function clockRow(): HandshakeRow {
    const { clock } = view.of.sights[end]
    if (!clock.known) return { row: 'clock', state: 'unknown', reason: tell('no-clock-known', { owner }), evidence: [] }
    const there = now + clock.value
    const { notBefore, notAfter } = across.certificate.known ? across.certificate.value : unsaid
    const isValid = (at: number): boolean => (notBefore ?? at) <= at && at < (notAfter ?? Infinity)
    return row('clock', clock, tell('clock-is', { owner, offsetMs: clock.value }), isValid(now) && !isValid(there))
  }

  function validity(name: 'own-certificate' | 'peer-certificate', of: string, known: typeof certificate): HandshakeRow {
    const { notAfter, notBefore } = known.known ? known.value : { notAfter: null, notBefore: null }
    if (notAfter !== null && notAfter <= now)
      return row(name, known, tell('certificate-runs-out', { owner: of, notAfter }), true)
    if (notBefore !== null && notBefore > now)
      return row(name, known, tell('certificate-begins', { owner: of, notBefore }), true)
    return row(name, known, notAfter === null ? null : tell('certificate-valid', { owner: of, notAfter }))
  }
}

const unsaid = { notBefore: null, notAfter: null }

function problemOf(view: HandshakeView, end: End): string {
  return view.refusals.find(({ loggedBy }) => loggedBy === end)?.problem ?? 'other'
}
