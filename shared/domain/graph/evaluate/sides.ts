import type { FilterChain, TlsContext } from '../../model/envoy-facts.ts'
import type { Fact, ScopeState } from '../../model/fact.ts'
import type { CertificateView, FactReference, HopSide, Known } from '../../model/graph.ts'
import type { HopActivityFact } from '../../model/log-facts.ts'
import { type EnvoyRecord, isCurrent, type Scoped } from '../instances/records.ts'
import { known, notKnown, referenceTo, whyUnread } from '../known.ts'
import { acceptanceOf, matcherText } from '../peer-matching.ts'
import { reason } from '../reasons.ts'
import type { Naming } from '../stages.ts'
import { peersUnread } from '../states/transport/tls-setup.ts'
import { type CalleePart, callerTls, chainsFor, type HopEvidence, knownIn } from './hop-evidence.ts'

/** What the TLS settings of one side say: of the cluster of the caller, of the filter chain of the callee. */
export interface Setup {
  readonly from: Fact
  /** null: plaintext. */
  readonly tls: TlsContext | null
  readonly requiresPeer: HopSide['requiresPeer']
  readonly trusts: HopSide['trusts']
  readonly tlsVersions: HopSide['tlsVersions']
  readonly isStale: boolean
  /** The fact, as what is concluded from it names it. */
  readonly conclusion: FactReference
}

export function clientSide(evidence: HopEvidence): HopSide {
  const first = evidence.callers[0]
  const setup =
    first === undefined ? null : setupOf(first.envoy, first.cluster.tls, first.cluster, first.envoy.parts.clusters)
  return side(evidence, evidence.from, evidence.to, evidence.callerEnvoys, setup, evidence.callerLog, 'clusters')
}

export function serverSide(evidence: HopEvidence): HopSide {
  const first = evidence.callees[0]
  const chain = first === undefined ? undefined : chainsFor(first, callerTls(evidence))[0]
  const setup = first === undefined || chain === undefined ? null : setupOfChain(first, chain)
  return side(evidence, evidence.to, evidence.from, evidence.calleeEnvoys, setup, evidence.calleeLog, 'listeners')
}

function side(
  evidence: HopEvidence,
  own: Naming,
  other: Naming,
  envoys: readonly EnvoyRecord[],
  setup: Setup | null,
  log: readonly Scoped<HopActivityFact>[],
  part: 'clusters' | 'listeners',
): HopSide {
  const unset = setup === null ? whyNoSetup(envoys, part) : null
  return {
    workload: own.id,
    spiffeId: spiffeIdOf(own, envoys, evidence),
    requiresPeer: unset ?? setup?.requiresPeer ?? notApplicable,
    peerAsExpected: unset ?? (setup === null ? notApplicable : peerAsExpected(setup, other)),
    certificate: certificateOf(own, envoys, evidence),
    trusts: unset ?? setup?.trusts ?? notApplicable,
    tlsVersions: unset ?? setup?.tlsVersions ?? notApplicable,
    lastError: lastErrorOf(evidence, log),
  }
}

const notApplicable = notKnown(reason('not-applicable', {}))

/** Every hop that arrives at a chain shares what the chain says. */
function setupOfChain({ envoy, listener }: CalleePart, chain: FilterChain): Setup {
  const { setups } = envoy.answers
  const known = setups.get(chain)
  if (known !== undefined && known.from === listener) return known
  const setup = setupOf(envoy, chain.tls, listener, envoy.parts.listeners)
  setups.set(chain, setup)
  return setup
}

function setupOf(envoy: EnvoyRecord, tls: TlsContext | null, fact: Fact, scope: ScopeState | undefined): Setup {
  const reference = referenceTo(fact)
  const isStale = !isCurrent(scope)
  const conclusion: FactReference = { ...reference, basis: 'derived' }
  if (tls === null) {
    return {
      from: fact,
      tls,
      requiresPeer: notApplicable,
      trusts: notApplicable,
      tlsVersions: notApplicable,
      isStale,
      conclusion,
    }
  }
  const peers = tls.peerMatchers === null ? null : tls.peerMatchers.map(matcherText)
  return {
    from: fact,
    tls,
    requiresPeer: peersUnread(envoy, tls)
      ? whyUnread('envoy', envoy.id, 'tls-context', envoy.parts.secrets)
      : { known: true, value: peers, fact: reference, stale: isStale },
    trusts: trustsOf(envoy, tls.validationSecret),
    tlsVersions: { known: true, value: versionText(tls), fact: reference, stale: isStale },
    isStale,
    conclusion,
  }
}

function spiffeIdOf(own: Naming, envoys: readonly EnvoyRecord[], evidence: HopEvidence): Known<string> {
  for (const envoy of envoys) {
    const found = ownIdOf(envoy)
    if (found !== null) return found
  }
  const seen = seenIn(own, evidence)
  if (own.spiffeId !== null && seen !== null) return known(own.spiffeId, seen.fact, seen.scope)
  return notKnown(reason('no-spiffe-id', { name: own.name }))
}

function ownIdOf({ identity, parts, answers }: EnvoyRecord): Known<string> | null {
  if (identity.spiffeId === null || identity.knownBy === null) return null
  answers.spiffeId ??= known(identity.spiffeId, identity.knownBy, scopeOfIdentity(identity.knownBy, parts))
  return answers.spiffeId
}

function certificateOf(own: Naming, envoys: readonly EnvoyRecord[], evidence: HopEvidence): Known<CertificateView> {
  const leaf = earliestLeaf(envoys)
  if (leaf !== null) return leaf
  const seen = own.id === evidence.from.id ? presentedOf(evidence.calleeLog) : null
  if (seen !== null) return seen
  const [first] = envoys
  if (first === undefined) return notKnown(reason('source-not-configured', { source: 'Envoy' }))
  return whyUnread('envoy', first.id, 'leaf', first.parts.secrets)
}

/** The loaded leaf that expires first among the instances. */
export function earliestLeaf(envoys: readonly EnvoyRecord[]): Known<CertificateView> | null {
  let found: EnvoyRecord | null = null
  let notAfter = Number.POSITIVE_INFINITY
  for (const envoy of envoys) {
    const { leaf } = envoy.identity
    if (leaf === null || (found !== null && leaf.certificate.notAfter >= notAfter)) continue
    found = envoy
    notAfter = leaf.certificate.notAfter
  }
  return found === null ? null : leafOf(found)
}

function leafOf({ identity, answers }: EnvoyRecord): Known<CertificateView> | null {
  if (identity.leaf === null) return null
  const { certificate, fact, scope } = identity.leaf
  const { spiffeId, serial, notBefore, notAfter, issuer } = certificate
  answers.leaf ??= known({ spiffeId, serial, notBefore, notAfter, issuer }, fact, scope)
  return answers.leaf
}

/** What callees logged that this caller presented: the latest. */
export function presentedOf(log: readonly Scoped<HopActivityFact>[]): Known<CertificateView> | null {
  let found: Scoped<HopActivityFact> | null = null
  for (const one of log) {
    if (one.fact.peerSerial === null && one.fact.peerNotAfter === null) continue
    if (found === null || (one.fact.lastRequestAt ?? 0) > (found.fact.lastRequestAt ?? 0)) found = one
  }
  if (found === null) return null
  const { callerSpiffeId: spiffeId, peerSerial: serial, peerNotAfter: notAfter } = found.fact
  return known({ spiffeId, serial, notBefore: null, notAfter, issuer: null }, found.fact, found.scope)
}

function peerAsExpected({ tls, requiresPeer, conclusion, isStale }: Setup, other: Naming): Known<boolean> {
  if (tls === null) return notApplicable
  if (!requiresPeer.known) return requiresPeer
  if (other.spiffeId === null) return notKnown(reason('no-spiffe-id', { name: other.name }))
  const acceptance = acceptanceOf(tls.peerMatchers, other.spiffeId)
  if (acceptance === 'cannot-tell') return notApplicable
  return { known: true, value: acceptance === 'accepted', fact: conclusion, stale: isStale }
}

function trustsOf(envoy: EnvoyRecord, name: string | null): HopSide['trusts'] {
  if (name === null) return notApplicable
  const { trusts } = envoy.answers
  const known = trusts.get(name)
  if (known !== undefined) return known
  const found = readTrusts(envoy, name)
  trusts.set(name, found)
  return found
}

function readTrusts({ id, secrets, parts }: EnvoyRecord, name: string): HopSide['trusts'] {
  const secret = secrets.find((one) => one.name === name && one.trusted !== null)
  const trusted = secret?.trusted ?? null
  if (secret === undefined || trusted === null) return whyUnread('envoy', id, 'trust-bundle', parts.secrets)
  const domains = trusted.map((domain) => (domain.trustDomain === '' ? name : domain.trustDomain))
  return known(domains.toSorted(), secret, parts.secrets)
}

/**
 * "1.3", "1.2 to 1.3". Where the configuration is silent Envoy's own defaults hold: at least 1.2, and at most 1.3 as a
 * server but 1.2 as a client (envoy.extensions.transport_sockets.tls.v3.TlsParameters).
 */
export function versionText(tls: TlsContext): string {
  const least = bareVersion(tls.minimumVersion) ?? '1.2'
  const most = bareVersion(tls.maximumVersion) ?? (tls.side === 'downstream' ? '1.3' : '1.2')
  return least === most ? least : `${least} to ${most}`
}

function bareVersion(text: string | null): string | null {
  if (text === null || text === 'TLS_AUTO') return null
  // What nearly all say.
  if (text === 'TLSv1_2') return '1.2'
  if (text === 'TLSv1_3') return '1.3'
  return text.replace(/^TLSv/, '').replace('_', '.')
}

function lastErrorOf(evidence: HopEvidence, log: readonly Scoped<HopActivityFact>[]): HopSide['lastError'] {
  let found: Scoped<HopActivityFact> | null = null
  for (const one of log) {
    if (found === null || errorAt(one.fact) > errorAt(found.fact)) found = one
  }
  if (found === null) return noErrorSeen
  const failure = found.fact.lastHandshakeFailure
  const value = failure === null ? null : { at: failure.at, text: failure.text }
  return knownIn(evidence, value, found.fact, found.scope)
}

const noErrorSeen = notKnown(reason('not-seen-in-window', { what: 'last-error' }))

function errorAt(fact: HopActivityFact): number {
  return fact.lastHandshakeFailure?.at ?? 0
}

function whyNoSetup(envoys: readonly EnvoyRecord[], part: 'clusters' | 'listeners') {
  const [first] = envoys
  if (first === undefined) return notKnown(reason('source-not-configured', { source: 'Envoy' }))
  return whyUnread('envoy', first.id, 'tls-context', first.parts[part])
}

function seenIn(own: Naming, evidence: HopEvidence): Scoped<HopActivityFact> | null {
  const isCaller = own.id === evidence.from.id
  for (const one of isCaller ? evidence.calleeLog : evidence.callerLog) {
    const id = isCaller ? one.fact.callerSpiffeId : one.fact.calleeSpiffeId
    if (id !== null && id === own.spiffeId) return one
  }
  return null
}

function scopeOfIdentity(fact: Fact, parts: EnvoyRecord['parts']): ScopeState | undefined {
  switch (fact.kind) {
    case 'envoy-secret':
      return parts.secrets
    case 'envoy-certificate':
      return parts.certificates
    case 'envoy-listener':
      return parts.listeners
    default:
      return parts.clusters
  }
}

/** Current facts first, then the rest: what is shown is the newest that is known. */
export function currentFirst<F extends Fact>(facts: readonly Scoped<F>[]): readonly Scoped<F>[] {
  if (areCurrent(facts)) return facts
  const current = facts.filter(({ scope }) => isCurrent(scope))
  return current.length > 0 ? current : facts
}

function areCurrent(facts: readonly Scoped<Fact>[]): boolean {
  for (const { scope } of facts) if (!isCurrent(scope)) return false
  return true
}
