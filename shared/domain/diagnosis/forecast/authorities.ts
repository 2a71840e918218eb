import type { Fact } from '../../model/fact.ts'
import type { Workload } from '../../model/graph.ts'
import type { AuthorityFact, BundleAuthority, TrustBundleFact } from '../../model/spire-facts.ts'
import type { DurationMs, EpochMs } from '../../model/time.ts'
import type { ForecastAuthority } from './model.ts'
import { tellOfForecast as tell } from './reasons.ts'
import type { Rotating } from './rotation.ts'
import { type AuthorityName, bundlesOf, isFor, trustOf } from './trust.ts'
import { domainOf, type ForecastView, holders, reference, type SpireOf, spiffeIdOf, spireFor } from './view.ts'

const day: DurationMs = 86_400_000

/**
 * When SPIRE prepares the next X.509 authority and when it begins to sign with it: half and five sixths of the lifetime of the active
 * one, at most 30 and 7 days before its end (pkg/server/ca/manager of SPIRE 1.15). With an authority above, that decides.
 */
export function authorityPlan(notBefore: EpochMs, notAfter: EpochMs): { prepares: EpochMs; activates: EpochMs } {
  const lifetime = notAfter - notBefore
  return {
    prepares: notAfter - Math.min(lifetime / 2, 30 * day),
    activates: notAfter - Math.min(lifetime / 6, 7 * day),
  }
}

/** One authority, before anybody is asked who trusts it. */
interface Found extends AuthorityName {
  readonly role: ForecastAuthority['role']
  readonly state: ForecastAuthority['state']
  /** By which leaves that it signed name it; another than `key` where an authority above is what bundles have. */
  readonly signs: string
  readonly notBefore: EpochMs | null
  readonly notAfter: EpochMs | null
  readonly facts: readonly Fact[]
}

/** Every authority of the trust domains that are read, and of those federated with them, and who trusts it. */
export function authoritiesOf(view: ForecastView, all: readonly Rotating[]): readonly ForecastAuthority[] {
  const found = new Map<string, Found>()
  for (const spire of view.spires) {
    for (const each of ownOf(spire)) found.set(`${each.trustDomain}/${each.signs}`, each)
  }
  // What its own server says of an authority is more than what a federated one holds of it.
  for (const bundle of view.spires.flatMap(({ federated }) => federated ?? [])) {
    for (const each of federatedOf(bundle)) {
      const id = `${each.trustDomain}/${each.signs}`
      if (!found.has(id)) found.set(id, each)
    }
  }
  for (const each of revokedOf(view, [...found.values()])) found.set(`${each.trustDomain}/${each.signs}`, each)
  return (
    [...found.values()]
      .map((each) => told(view, all, each, activation(view, each)))
      // SPIRE goes on listing one that it has revoked; where nobody has it any more there is nothing to tell.
      .filter(({ state, stillTrusting, signed }) => state !== 'revoked' || stillTrusting.total + signed.total > 0)
      .toSorted((one, other) => (order(one) < order(other) ? -1 : 1))
  )
}

function order({ trustDomain, role, state, key }: ForecastAuthority): string {
  const states = ['tainted', 'revoked', 'prepared', 'active', 'old', 'unlisted']
  return `${role === 'own' ? 0 : 1} ${trustDomain} ${states.indexOf(state)} ${key}`
}

function ownOf({ trustDomain, bundle, authorities }: SpireOf): readonly Found[] {
  const roots = bundle?.x509Authorities ?? []
  const rootOf = (key: string): BundleAuthority | null => roots.find(({ subjectKeyId }) => subjectKeyId === key) ?? null
  const listed = (authorities ?? []).map((fact: AuthorityFact): Found => {
    const signs = fact.authorityId.toLowerCase()
    const key = fact.upstreamSubjectKeyId?.toLowerCase() ?? signs
    const root = rootOf(key)
    // It signed, so it was in the bundle. Of an intermediate the bundle may have another above than the one that is named.
    const isRevoked = fact.state === 'old' && key === signs && bundle !== null && root === null
    return {
      trustDomain,
      key,
      signs,
      sha256: root?.sha256 ?? null,
      role: 'own',
      state: root?.tainted === true ? 'tainted' : isRevoked ? 'revoked' : fact.state,
      notBefore: key === signs ? (root?.notBefore ?? null) : null,
      notAfter: fact.expiresAt ?? (key === signs ? (root?.notAfter ?? null) : null),
      facts: bundle === null || (root === null && !isRevoked) ? [fact] : [fact, bundle],
    }
  })
  const others = roots.filter((root) => !listed.some((each) => each.key === root.subjectKeyId))
  return [...listed, ...(bundle === null ? [] : others.map((root) => unlisted(bundle, root, 'own')))]
}

function federatedOf(bundle: TrustBundleFact): readonly Found[] {
  return bundle.x509Authorities.map((root) => unlisted(bundle, root, 'federated'))
}

function unlisted(bundle: TrustBundleFact, root: BundleAuthority, role: Found['role']): Found {
  const key = root.subjectKeyId ?? root.sha256
  return {
    trustDomain: bundle.trustDomain,
    key,
    signs: key,
    sha256: root.sha256,
    role,
    state: root.tainted ? 'tainted' : 'unlisted',
    notBefore: root.notBefore,
    notAfter: root.notAfter,
    facts: [bundle],
  }
}

/**
 * Trusted by an Envoy and not in the bundle of the trust domain. Only of a bundle that was read after the Envoy had its own: a new
 * authority may have come in between.
 */
function revokedOf(view: ForecastView, known: readonly Found[]): readonly Found[] {
  const found = new Map<string, Found>()
  for (const workload of view.workloads) {
    const domain = domainOf(workload)
    const bundle = spireFor(view, spiffeIdOf(workload)).find((spire) => spire.bundle !== null)?.bundle ?? null
    if (domain === null || bundle === null) continue
    for (const secret of workload.envoys.flatMap(({ envoy }) => bundlesOf(view, envoy) ?? [])) {
      if ((secret.lastUpdated ?? secret.from.observedAt) > bundle.from.observedAt) continue
      const trusted = (secret.trusted ?? []).filter((each) => isFor(each, secret.name, domain, true))
      for (const { subjectKeyId, sha256, notAfter } of trusted.flatMap(({ authorities }) => authorities)) {
        const isKnown = known.some(
          (each) => each.trustDomain === domain && (each.key === subjectKeyId || each.sha256 === sha256),
        )
        if (isKnown || notAfter <= view.of.now) continue
        const key = subjectKeyId ?? sha256
        found.set(`${domain}/${key}`, {
          trustDomain: domain,
          key,
          signs: key,
          sha256,
          role: 'own',
          state: 'revoked',
          notBefore: null,
          notAfter,
          facts: [bundle],
        })
      }
    }
  }
  return [...found.values()]
}

/** Of a prepared one: by the lifetime of the active one of the same server. */
function activation(view: ForecastView, { state, trustDomain, signs }: Found): EpochMs | null {
  if (state !== 'prepared') return null
  const spire = view.spires.find(
    (each) =>
      each.trustDomain === trustDomain &&
      (each.authorities ?? []).some(({ authorityId }) => authorityId.toLowerCase() === signs),
  )
  const active = spire === undefined ? undefined : ownOf(spire).find((each) => each.state === 'active')
  if (active === undefined || active.notBefore === null || active.notAfter === null) return null
  return authorityPlan(active.notBefore, active.notAfter).activates
}

function told(
  view: ForecastView,
  all: readonly Rotating[],
  authority: Found,
  activatesAt: EpochMs | null,
): ForecastAuthority {
  const { key, trustDomain, role, state, signs, notBefore, notAfter } = authority
  // What neither has nor needs an SVID verifies none.
  const asked = all
    .map(({ workload }) => ({ workload, ...trustOf(view, workload, authority) }))
    .filter(({ workload, isAnywhere }) => isConcerned(view, workload, trustDomain) || isAnywhere)
  const missing = asked.filter(({ trust }) => trust === 'lacks')
  const unknown = asked.filter(({ trust }) => trust === 'unknown')
  const isBad = state === 'tainted' || state === 'revoked'
  const trusting = isBad ? asked.filter(({ isAnywhere }) => isAnywhere) : []
  const signed = all
    .filter((each) => each.authority === signs && each.svid.known && !each.svid.stale)
    .filter(({ workload }) => domainOf(workload) === trustDomain)
    .map(({ workload, svid }) => ({ workload, fact: svid.known ? (view.facts.get(svid.fact.factId) ?? null) : null }))
  const trustedBy = asked.length - missing.length - unknown.length
  const successor = isBad ? null : unprepared(view, authority)
  return {
    key,
    trustDomain,
    role,
    state,
    reason: isBad
      ? tell('authority-still-trusted', {
          authority: key,
          state,
          trusting: trusting.length,
          signed: signed.length,
          unknown: unknown.length,
        })
      : (successor ??
        tell('authority-readiness', {
          authority: key,
          state,
          trustedBy,
          of: asked.length,
          unknown: unknown.length,
        })),
    notBefore,
    notAfter,
    activatesAt,
    restsOn: authority.facts.map(reference),
    trustedBy,
    of: asked.length,
    missing: holders(missing),
    unknown: holders(unknown.map(({ workload }) => ({ workload, fact: null }))),
    stillTrusting: holders(trusting),
    signed: holders(signed),
  }
}

/** Who should be able to verify what it signed: its own trust domain, who federates with it, and who calls or is called by it. */
function isConcerned(view: ForecastView, workload: Workload, trustDomain: string): boolean {
  if (domainOf(workload) === trustDomain) return true
  const spiffeId = spiffeIdOf(workload)
  if (spiffeId === null) return false
  const isFederated = spireFor(view, spiffeId).some(({ entries }) =>
    (entries?.get(spiffeId) ?? []).some(({ federatesWith }) =>
      federatesWith.some((each) => bare(each) === trustDomain),
    ),
  )
  if (isFederated) return true
  const isOther = (id: string): boolean => {
    const other = view.workloads.find((each) => each.id === id)
    return other !== undefined && domainOf(other) === trustDomain
  }
  return view.hops.some(
    ({ from, to }) => (from === workload.id && isOther(to)) || (to === workload.id && isOther(from)),
  )
}

/** SPIRE's entries name trust domains with and without their scheme. */
function bare(trustDomain: string): string {
  return trustDomain.replace(/^spiffe:\/\//, '')
}

/** An active authority whose successor should have been prepared by now, and is not. */
function unprepared(view: ForecastView, { state, notBefore, notAfter, key, signs, trustDomain }: Found) {
  if (state !== 'active' || key !== signs || notBefore === null || notAfter === null) return null
  const { prepares } = authorityPlan(notBefore, notAfter)
  const spire = view.spires.find((each) => each.trustDomain === trustDomain && each.authorities !== null)
  const [first] = spire?.authorities ?? []
  if (first === undefined || (spire?.authorities ?? []).some((each) => each.state === 'prepared')) return null
  // It looks every ten seconds; that it is late is said after a minute.
  if (first.from.observedAt < prepares + 60_000) return null
  return tell('authority-not-prepared', { authority: key, notAfter, expectedBy: prepares })
}
