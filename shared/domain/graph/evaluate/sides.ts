import type { Fact, ScopeState } from '../../model/fact.ts'
import type { TlsContext } from '../../model/envoy-facts.ts'
import type { CertificateView, HopSide, Known } from '../../model/graph.ts'
import type { HopActivityFact } from '../../model/log-facts.ts'
import { type EnvoyRecord, isCurrent, type Scoped } from '../instances/records.ts'
import { derived, known, notKnown, whyUnread } from '../known.ts'
import { acceptanceOf, matcherText } from '../peer-matching.ts'
import { reason } from '../reasons.ts'
import type { Naming } from '../stages.ts'
import { callerTls, chainsFor, type HopEvidence } from './hop-evidence.ts'

/** Where a side's TLS settings stand: the cluster of the caller, the filter chain of the callee. */
interface Setup {
  readonly envoy: EnvoyRecord
  readonly tls: TlsContext | null
  readonly fact: Fact
  readonly scope: ScopeState | undefined
}

export function clientSide(evidence: HopEvidence): HopSide {
  const [first] = evidence.callers
  const setup: Setup | null =
    first === undefined
      ? null
      : { envoy: first.envoy, tls: first.cluster.tls, fact: first.cluster, scope: first.envoy.parts.clusters }
  return side(evidence, evidence.from, evidence.to, evidence.callerEnvoys, setup, evidence.callerLog, 'clusters')
}

export function serverSide(evidence: HopEvidence): HopSide {
  const [first] = evidence.callees
  const chain = first === undefined ? undefined : chainsFor(first, callerTls(evidence))[0]
  const setup: Setup | null =
    first === undefined || chain === undefined
      ? null
      : { envoy: first.envoy, tls: chain.tls, fact: first.listener, scope: first.envoy.parts.listeners }
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
  return {
    workload: own.id,
    spiffeId: spiffeIdOf(own, envoys, evidence),
    requiresPeer: requiredPeers(setup, envoys, part),
    peerAsExpected: peerAsExpected(setup, other, envoys, part),
    certificate: certificateOf(own, envoys, evidence),
    trusts: trustsOf(setup, envoys, part),
    tlsVersions: versionsOf(setup, envoys, part),
    lastError: lastErrorOf(log),
  }
}

function spiffeIdOf(own: Naming, envoys: readonly EnvoyRecord[], evidence: HopEvidence): Known<string> {
  for (const { identity, parts } of envoys) {
    if (identity.spiffeId === null || identity.knownBy === null) continue
    const scope = scopeOfIdentity(identity.knownBy, parts)
    return known(identity.spiffeId, identity.knownBy, scope)
  }
  const seen = seenIn(own, evidence)
  if (own.spiffeId !== null && seen !== null) return known(own.spiffeId, seen.fact, seen.scope)
  return notKnown(reason('no-spiffe-id', { name: own.name }))
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
  let found: EnvoyRecord['identity']['leaf'] = null
  for (const { identity } of envoys) {
    if (identity.leaf === null) continue
    if (found === null || identity.leaf.certificate.notAfter < found.certificate.notAfter) found = identity.leaf
  }
  if (found === null) return null
  const { spiffeId, serial, notBefore, notAfter, issuer } = found.certificate
  return known({ spiffeId, serial, notBefore, notAfter, issuer }, found.fact, found.scope)
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

function requiredPeers(setup: Setup | null, envoys: readonly EnvoyRecord[], part: 'clusters' | 'listeners') {
  if (setup === null) return whyNoSetup(envoys, part)
  if (setup.tls === null) return notKnown(reason('not-applicable', {}))
  return known(setup.tls.peerMatchers?.map(matcherText) ?? null, setup.fact, setup.scope)
}

function peerAsExpected(
  setup: Setup | null,
  other: Naming,
  envoys: readonly EnvoyRecord[],
  part: 'clusters' | 'listeners',
): Known<boolean> {
  if (setup === null) return whyNoSetup(envoys, part)
  if (setup.tls === null) return notKnown(reason('not-applicable', {}))
  if (other.spiffeId === null) return notKnown(reason('no-spiffe-id', { name: other.name }))
  const acceptance = acceptanceOf(setup.tls.peerMatchers, other.spiffeId)
  if (acceptance === 'cannot-tell') return notKnown(reason('not-applicable', {}))
  return derived(acceptance === 'accepted', setup.fact, setup.scope)
}

function trustsOf(
  setup: Setup | null,
  envoys: readonly EnvoyRecord[],
  part: 'clusters' | 'listeners',
): Known<readonly string[]> {
  if (setup === null) return whyNoSetup(envoys, part)
  const name = setup.tls?.validationSecret ?? null
  if (name === null) return notKnown(reason('not-applicable', {}))
  const secret = setup.envoy.secrets.find((one) => one.name === name && one.trusted !== null)
  const trusted = secret?.trusted ?? null
  if (secret === undefined || trusted === null) {
    return whyUnread('envoy', setup.envoy.id, 'trust-bundle', setup.envoy.parts.secrets)
  }
  const domains = trusted.map((domain) => (domain.trustDomain === '' ? name : domain.trustDomain))
  return known(domains.toSorted(), secret, setup.envoy.parts.secrets)
}

function versionsOf(
  setup: Setup | null,
  envoys: readonly EnvoyRecord[],
  part: 'clusters' | 'listeners',
): Known<string> {
  if (setup === null) return whyNoSetup(envoys, part)
  if (setup.tls === null) return notKnown(reason('not-applicable', {}))
  return known(versionText(setup.tls), setup.fact, setup.scope)
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
  return text.replace(/^TLSv/, '').replace('_', '.')
}

function lastErrorOf(log: readonly Scoped<HopActivityFact>[]): HopSide['lastError'] {
  let found: Scoped<HopActivityFact> | null = null
  for (const one of log) {
    if (found === null || errorAt(one.fact) > errorAt(found.fact)) found = one
  }
  if (found === null) return notKnown(reason('not-seen-in-window', { what: 'last-error' }))
  const failure = found.fact.lastHandshakeFailure
  return known(failure === null ? null : { at: failure.at, text: failure.text }, found.fact, found.scope)
}

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
  if (facts.every(({ scope }) => isCurrent(scope))) return facts
  const current = facts.filter(({ scope }) => isCurrent(scope))
  return current.length > 0 ? current : facts
}
