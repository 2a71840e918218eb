import { trustDomainOf } from '../../graph/spiffe-id.ts'
import type { EnvoySecretFact, TrustedDomain } from '../../model/envoy-facts.ts'
import type { Workload } from '../../model/graph.ts'
import { domainOf, type ForecastView } from './view.ts'

/** An authority, as leaves and bundles name it. Of one that only SPIRE's state names there is no fingerprint. */
export interface AuthorityName {
  readonly trustDomain: string
  readonly key: string
  readonly sha256: string | null
}

export type Trust = 'trusts' | 'lacks' | 'unknown'
type Trusted = TrustedDomain['authorities'][number]

/** Whether a workload's Envoys would verify what an authority signed, and by which fact that is known. */
export interface TrustOf {
  readonly trust: Trust
  /** At least one of its bundles has it: it is not gone there yet. */
  readonly isAnywhere: boolean
  readonly fact: EnvoySecretFact | null
}

const unknown: TrustOf = { trust: 'unknown', isAnywhere: false, fact: null }

export function trustOf(view: ForecastView, workload: Workload, authority: AuthorityName): TrustOf {
  if (workload.envoys.length === 0) return unknown
  const told = workload.envoys.map(({ envoy }) => trustOfEnvoy(view, workload, envoy, authority))
  const fact = told.find((each) => each.trust === 'lacks')?.fact ?? told[0]?.fact ?? null
  const trust = told.some((each) => each.trust === 'lacks')
    ? 'lacks'
    : told.every((each) => each.trust === 'trusts')
      ? 'trusts'
      : 'unknown'
  return { trust, isAnywhere: told.some((each) => each.isAnywhere), fact }
}

function trustOfEnvoy(view: ForecastView, workload: Workload, envoy: string, authority: AuthorityName): TrustOf {
  const bundles = bundlesOf(view, envoy)
  if (bundles === null || bundles.length === 0) return unknown
  const isOwn = domainOf(workload) === authority.trustDomain
  const forDomain = bundles.flatMap((secret) => {
    const lists = (secret.trusted ?? []).filter((each) => isFor(each, secret.name, authority.trustDomain, isOwn))
    return lists.length === 0 ? [] : [{ secret, authorities: lists.flatMap((each) => each.authorities) }]
  })
  const [first] = forDomain
  // Bundles there are, and none is for that trust domain: nothing of it verifies.
  if (first === undefined) return { trust: isOwn ? 'unknown' : 'lacks', isAnywhere: false, fact: bundles[0] ?? null }
  const told = forDomain.map(({ secret, authorities }) => ({ secret, has: hasIn(authorities, authority) }))
  const lacking = told.find(({ has }) => has === false)
  const isAnywhere = told.some(({ has }) => has === true)
  if (lacking !== undefined) return { trust: 'lacks', isAnywhere, fact: lacking.secret }
  return { trust: told.every(({ has }) => has === true) ? 'trusts' : 'unknown', isAnywhere, fact: first.secret }
}

/** Active bundles that its listeners and clusters use, all where it is not known which; null: they cannot be read now. */
export function bundlesOf(view: ForecastView, envoy: string): readonly EnvoySecretFact[] | null {
  const secrets = view.secrets.get(envoy)
  if (secrets === null || secrets === undefined) return null
  const bundles = secrets.filter(({ state, trusted }) => state === 'active' && trusted !== null)
  const used = bundles.filter(({ name }) => view.used.get(envoy)?.has(name) === true)
  return used.length > 0 ? used : bundles
}

/** A bundle that is bound to no trust domain is that of its name (`spiffe://…`, as SPIRE names it), else the workload's own. */
export function isFor({ trustDomain }: TrustedDomain, secret: string, domain: string, isOwn: boolean): boolean {
  if (trustDomain !== '') return trustDomain === domain
  const named = trustDomainOf(secret)
  return named === null ? isOwn : named === domain
}

/** null: one of them without a key identifier may be it. */
function hasIn(authorities: readonly Trusted[], { key, sha256 }: AuthorityName): boolean | null {
  if (authorities.some((each) => each.subjectKeyId === key || (sha256 !== null && each.sha256 === sha256))) return true
  return sha256 === null && authorities.some(({ subjectKeyId }) => subjectKeyId === null) ? null : false
}
