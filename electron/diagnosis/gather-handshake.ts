import type { FailingHandshake } from '../../shared/contract/diagnosis.ts'
import { noSights, type SideSights } from '../../shared/domain/diagnosis/handshake/leaf.ts'
import type { End, HandshakeCase, SideKeys } from '../../shared/domain/diagnosis/handshake/view.ts'
import { restedOn } from '../../shared/domain/diagnosis/rested-on.ts'
import { referenceTo } from '../../shared/domain/graph/known.ts'
import { trustDomainOf } from '../../shared/domain/graph/spiffe-id.ts'
import type { Fact } from '../../shared/domain/model/fact.ts'
import type { Hop, HopSide, Known, TrustGraph, Workload } from '../../shared/domain/model/graph.ts'
import { Failure } from '../core/failure.ts'
import type { Reading } from './parts.ts'

/** Both sides of a hop. Ends are graph ids, SPIFFE IDs, stages or names. Rejects with a `Failure`: `not-found`, `invalid`. */
export function gatherHandshake(
  { graph, facts }: Pick<Reading, 'graph' | 'facts'>,
  from: string,
  to: string,
  now: number,
): HandshakeCase {
  const hop = hopBetween(graph, from, to)
  const byId = new Map(facts.map((fact) => [fact.id, fact]))
  const keys = {
    client: keysOf(hop.client, hop.server, byId),
    server: keysOf(hop.server, hop.client, byId),
  }
  return {
    graph,
    hop,
    now,
    keys: { client: comparable(keys, 'client'), server: comparable(keys, 'server') },
    sights: {
      client: sightsOf(graph, hop, 'client', facts, byId),
      server: sightsOf(graph, hop, 'server', facts, byId),
    },
    facts: restedOn(graph, facts),
  }
}

/** Hops whose handshakes fail now, those first that fail the longest. */
export function failingHandshakesIn({ hops, workloads }: TrustGraph): readonly FailingHandshake[] {
  const nameOf = (id: string): string => workloads.find((each) => each.id === id)?.name ?? id
  return hops
    .filter(({ transport }) => transport.state === 'failing')
    .map(({ id, from, to, transport, activity }) => ({
      hop: id,
      from: { workload: from, name: nameOf(from) },
      to: { workload: to, name: nameOf(to) },
      attempts: activity.known ? activity.value.handshakeFailures : null,
      since: transport.since,
      summary: transport.reason,
    }))
    .toSorted((one, other) => (one.since ?? Infinity) - (other.since ?? Infinity) || (one.hop < other.hop ? -1 : 1))
}

function hopBetween(graph: TrustGraph, from: string, to: string): Hop {
  const [callers, callees] = [workloadsOf(graph, from), workloadsOf(graph, to)]
  const hops = graph.hops.filter((hop) => callers.has(hop.from) && callees.has(hop.to))
  // Of a stage with several workloads the hop that fails is meant.
  const failing = hops.filter(({ transport }) => transport.state === 'failing')
  const [hop, ...others] = failing.length > 0 ? failing : hops
  if (hop === undefined) {
    throw new Failure(
      'not-found',
      `${from} → ${to}`,
      `The graph has no hop from ${from} to ${to}.`,
      'It lists hops in the direction of the call; "everyhop graph show" shows them.',
    )
  }
  if (others.length > 0) {
    throw new Failure(
      'invalid',
      `${from} → ${to}`,
      `There are ${others.length + 1} hops from ${from} to ${to}.`,
      'Say which by the SPIFFE IDs of both workloads.',
    )
  }
  return hop
}

function workloadsOf(graph: TrustGraph, asked: string): ReadonlySet<string> {
  const among = (matches: (workload: Workload) => boolean): readonly string[] =>
    graph.workloads.filter(matches).map(({ id }) => id)
  const exact = among(({ id, spiffeId }) => id === asked || (spiffeId.known && spiffeId.value === asked))
  if (exact.length > 0) return new Set(exact)
  const found = among(({ name, stage }) => stage.id === asked || name === asked)
  if (found.length > 0) return new Set(found)
  throw new Failure(
    'not-found',
    asked,
    `The graph has no workload ${asked}.`,
    'Name it by its SPIFFE ID, its stage or as it is drawn; "everyhop graph show" lists them.',
  )
}

const unsaid = { known: false, reason: { code: 'nothing-tells', params: { source: 'envoy' } } } as const

/** Of the very facts that the graph shows of this side. */
function keysOf(own: HopSide, peer: HopSide, facts: ReadonlyMap<string, Fact>): SideKeys {
  const certificate = factOf(own.certificate, facts)
  const hasCertificate = certificate?.kind === 'envoy-secret' || certificate?.kind === 'envoy-certificate'
  const issuer = hasCertificate ? (certificate.certificate?.authorityKeyId ?? null) : null
  return {
    issuer: issuer === null || !own.certificate.known ? unsaid : { ...own.certificate, value: issuer },
    trusted: trustedOf(own, peer, facts),
  }
}

function trustedOf(own: HopSide, peer: HopSide, facts: ReadonlyMap<string, Fact>): Known<readonly string[]> {
  const secret = factOf(own.trusts, facts)
  if (!own.trusts.known || secret?.kind !== 'envoy-secret' || secret.trusted === null) return unsaid
  const domain = peer.spiffeId.known ? trustDomainOf(peer.spiffeId.value) : null
  const authorities = secret.trusted
    .filter(({ trustDomain }) => trustDomain === '' || domain === null || trustDomain === domain)
    .flatMap((each) => each.authorities)
  const identifiers = authorities.map(({ subjectKeyId }) => subjectKeyId)
  // One root without an identifier may be the one.
  return identifiers.every((identifier) => identifier !== null) ? { ...own.trusts, value: identifiers } : unsaid
}

/**
 * A leaf that an intermediate signed names the intermediate, which is in no bundle. Only where the side's own bundle has what its
 * leaf names is that a root, and its absence across means something.
 */
function comparable(keys: Readonly<Record<End, SideKeys>>, end: End): SideKeys {
  const { issuer, trusted } = keys[end]
  const across = keys[end === 'client' ? 'server' : 'client'].trusted
  const isRoot =
    issuer.known &&
    ((trusted.known && trusted.value.includes(issuer.value)) || (across.known && across.value.includes(issuer.value)))
  return isRoot || !issuer.known ? keys[end] : { issuer: unsaid, trusted }
}

/** What is known of one side's leaf and clock, of the facts of its own Envoys and of what the other side logged. */
function sightsOf(
  graph: TrustGraph,
  hop: Hop,
  end: End,
  facts: readonly Fact[],
  byId: ReadonlyMap<string, Fact>,
): SideSights {
  const workload = graph.workloads.find(({ id }) => id === (end === 'client' ? hop.from : hop.to))
  if (workload === undefined) return noSights
  const { loaded, presented } = workload.svid
  const own = new Set(workload.envoys.map(({ envoy }) => envoy))
  const isSame = (spiffeId: string | null): boolean => loaded.known && spiffeId === loaded.value.spiffeId
  const inUse = facts
    .filter((fact) => fact.kind === 'envoy-certificate')
    .filter(({ envoy, certificate }) => own.has(envoy) && isSame(certificate.spiffeId))
  const [first] = inUse
  const proxy = facts.filter((fact) => fact.kind === 'envoy-proxy').find(({ envoy }) => own.has(envoy))
  const skew = proxy?.clockSkewMs ?? null
  return {
    loaded,
    presented: end === 'client' ? presented : presentedByServer(hop, byId),
    // With several Envoys each has a leaf of its own.
    inUse:
      first === undefined || own.size !== 1
        ? unsaid
        : {
            known: true,
            value: inUse.map(({ certificate }) => certificate.serial),
            fact: referenceTo(first),
            stale: isOlder(first, loaded),
          },
    registration: workload.registration,
    clock:
      proxy === undefined || skew === null || own.size !== 1
        ? unsaid
        : // Secrets are read in the same turn: where these are only last known, so is the clock.
          { known: true, value: skew, fact: referenceTo(proxy), stale: loaded.known && loaded.stale },
  }
}

/** Both are read in one turn, the secrets last: what is much older was not read this time. */
function isOlder(fact: Fact, loaded: Known<unknown>): boolean {
  return loaded.known && loaded.fact.observedAt - fact.from.observedAt > sameTurnMs
}
const sameTurnMs = 5000

/** What the callee showed, as the caller's Envoy logged it. */
function presentedByServer(hop: Hop, byId: ReadonlyMap<string, Fact>): SideSights['presented'] {
  for (const id of hop.relationFacts.observed ?? []) {
    const fact = byId.get(id)
    if (fact?.kind !== 'hop-activity' || fact.side !== 'caller') continue
    const { calleeSpiffeId: spiffeId, peerSerial: serial, peerNotAfter: notAfter } = fact
    if (serial === null && notAfter === null) continue
    const value = { spiffeId, serial, notBefore: null, notAfter, issuer: null }
    return { known: true, value, fact: referenceTo(fact), stale: hop.activity.known && hop.activity.stale }
  }
  return unsaid
}

function factOf(known: Known<unknown>, facts: ReadonlyMap<string, Fact>): Fact | undefined {
  return known.known ? facts.get(known.fact.factId) : undefined
}
