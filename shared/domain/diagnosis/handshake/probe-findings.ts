import type { Known } from '../../model/graph.ts'
import { tellOfHandshake as tell } from '../reasons.ts'
import type { HandshakeProbe, ProbedCertificate, ProbeExpectations } from './probe.ts'

type Found = HandshakeProbe['findings'][number]

/** What a probe's chain and versions mean for the hop: held against the time, and what the client requires and trusts. */
export function probeFindings(
  of: ProbeExpectations,
  chain: HandshakeProbe['chain'],
  versions: HandshakeProbe['versions'],
): HandshakeProbe['findings'] {
  const [leaf] = chain
  const found = [
    ...(leaf === undefined ? [] : [validity(of, leaf), identity(of, leaf), issuer(of, chain), sameLeaf(of, leaf)]),
    ...spoken(of, versions),
  ]
  const order = ['wrong', 'unknown', 'fine']
  return found.toSorted((one, other) => order.indexOf(one.state) - order.indexOf(other.state))
}

function validity({ now, server: owner }: ProbeExpectations, { notBefore, notAfter }: ProbedCertificate): Found {
  const row = 'own-certificate'
  if (notAfter !== null && notAfter <= now)
    return { row, state: 'wrong', reason: tell('certificate-runs-out', { owner, notAfter }) }
  if (notBefore !== null && notBefore > now)
    return { row, state: 'wrong', reason: tell('certificate-begins', { owner, notBefore }) }
  if (notAfter === null) return unknown(row, owner, 'not-told')
  return { row, state: 'fine', reason: tell('certificate-valid', { owner, notAfter }) }
}

function identity({ required, client, server }: ProbeExpectations, { spiffeId }: ProbedCertificate): Found {
  const row = 'spiffe-id'
  if (!isNow(required)) return unknown(row, client, why(required))
  if (required.value === null) return { row, state: 'fine', reason: tell('any-identity-accepted', { owner: client }) }
  if (spiffeId !== null && required.value.includes(spiffeId)) {
    return { row, state: 'fine', reason: tell('identity-as-required', { owner: client, spiffeId }) }
  }
  return {
    row,
    state: 'wrong',
    reason: tell('other-identity-presented', {
      owner: client,
      other: server,
      presented: spiffeId,
      required: required.value.join(', '),
    }),
  }
}

/** By key identifiers, of every certificate that was sent: an intermediate may stand between leaf and root. */
function issuer({ trusted, client }: ProbeExpectations, chain: readonly ProbedCertificate[]): Found {
  const row = 'peer-issuer'
  const key = chain.at(-1)?.authorityKeyId ?? null
  if (!isNow(trusted)) return unknown(row, client, why(trusted))
  const named = chain.flatMap(({ authorityKeyId, subjectKeyId }) => [authorityKeyId, subjectKeyId])
  const by = named.find((each) => each !== null && trusted.value.includes(each)) ?? null
  if (by !== null) return { row, state: 'fine', reason: tell('issuer-trusted', { owner: client, issuer: by }) }
  if (key === null) return unknown(row, client, 'not-told')
  return {
    row,
    state: 'wrong',
    reason: tell('issuer-missing', { owner: client, issuer: key, trusted: trusted.value.length }),
  }
}

/** An older one than the Envoy says it has is wrong; a newer one came since that was read. */
function sameLeaf({ loaded, server: owner }: ProbeExpectations, { serial, notAfter }: ProbedCertificate): Found {
  const row = 'leaf'
  if (!isNow(loaded) || loaded.value.serial === null || serial === null) return unknown(row, owner, why(loaded))
  if (loaded.value.serial === serial)
    return { row, state: 'fine', reason: tell('presented-is-loaded', { owner, serial }) }
  const isOlder = notAfter !== null && loaded.value.notAfter !== null && notAfter < loaded.value.notAfter
  return isOlder
    ? { row, state: 'wrong', reason: tell('delivered-not-served', { owner, serial: loaded.value.serial }) }
    : { row, state: 'unknown', reason: tell('probe-leaf-newer', { owner, serial }) }
}

function spoken({ server: owner }: ProbeExpectations, versions: HandshakeProbe['versions']): readonly Found[] {
  const all = versions.filter(({ isSpoken }) => isSpoken === true).map(({ version }) => version.replace('TLSv', ''))
  if (all.length === 0) return []
  return [{ row: 'tls-versions', state: 'fine', reason: tell('tls-versions-are', { owner, versions: all.join(', ') }) }]
}

function unknown(row: Found['row'], owner: string, code: string): Found {
  return { row, state: 'unknown', reason: tell('not-known-of', { owner, code }) }
}

function isNow<Value>(known: Known<Value>): known is Extract<Known<Value>, { readonly known: true }> {
  return known.known && !known.stale
}

function why(known: Known<unknown>): string {
  return known.known ? 'stale' : known.reason.code
}
