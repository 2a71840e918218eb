import type { Gap } from '../../model/fact.ts'
import type { OpaBundleFact } from '../../model/opa-facts.ts'
import type { EpochMs } from '../../model/time.ts'
import { isCurrent, type OpaRecord } from '../instances/records.ts'

/** The newest revision of each bundle name among the OPAs that answer now: the one that was activated last. */
export type NewestRevisions = ReadonlyMap<string, string>

export function newestRevisions(opas: Iterable<OpaRecord>): NewestRevisions {
  const newest = new Map<string, { readonly revision: string; readonly at: EpochMs }>()
  for (const opa of opas) {
    for (const { fact, scope } of opa.bundles) {
      if (fact.activeRevision === null || !isCurrent(scope)) continue
      const at = fact.lastSuccessfulActivationAt ?? 0
      const known = newest.get(fact.name)
      const isNewer = known === undefined || at > known.at || (at === known.at && fact.activeRevision > known.revision)
      if (isNewer) newest.set(fact.name, { revision: fact.activeRevision, at })
    }
  }
  return new Map([...newest].map(([name, { revision }]) => [name, revision]))
}

/** The gap that says that this OPA does not answer at all; null while any part of it is current. */
export function silence(opa: OpaRecord): Gap | null {
  if (opa.scopes.length === 0 || opa.scopes.some((scope) => isCurrent(scope))) return null
  for (const scope of opa.scopes) {
    const gap = scope.gaps.find(({ reason }) => reason === 'unreachable' || reason === 'timed-out')
    if (gap !== undefined) return gap
  }
  return null
}

/** When any part of it was last read; null: never. */
export function lastReadOf(opa: OpaRecord): EpochMs | null {
  return opa.scopes.reduce<EpochMs | null>(
    (latest, { readAt }) => (readAt !== null && (latest === null || readAt > latest) ? readAt : latest),
    null,
  )
}

const defaultLimitSeconds = 300

/** After how many seconds without a fetch a bundle is stale: as configured, else five of its own longest polls, at least 300 s. */
export function staleLimitSeconds(bundle: OpaBundleFact, configured: number | null): number {
  return configured ?? Math.max(defaultLimitSeconds, 5 * (bundle.maxPollSeconds ?? 0))
}

/**
 * Stale: not fetched within the limit when OPA was asked. The age of our own reading does not count: since then OPA may have
 * fetched again, and a reading that grows old has its own age on screen. A bundle that OPA never asked for yet is not stale.
 */
export function isStale(bundle: OpaBundleFact, configured: number | null): boolean {
  const fetched = bundle.lastSuccessfulRequestAt
  if (fetched === null) return bundle.lastRequestAt !== null
  return bundle.from.observedAt - fetched > staleLimitSeconds(bundle, configured) * 1000
}

/** Whether the last try to load it failed, by OPA's own code or errors. */
export function bundleProblem(
  bundle: OpaBundleFact,
): { readonly code: string; readonly message: string | null } | null {
  if (bundle.code !== null) return { code: bundle.code, message: bundle.message }
  const [first] = bundle.errors
  return first === undefined ? null : { code: 'errors', message: first }
}
