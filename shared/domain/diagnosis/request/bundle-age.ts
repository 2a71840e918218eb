import type { OpenQuestion } from '../model.ts'
import { tell } from '../reasons.ts'
import type { RequestView } from './view.ts'

/**
 * How the revision that decided stands to the newest, which is what the policy store leads to now and nothing else.
 *
 * newest: it decided. older: another is the newest, and an OPA had that before the decision. replaced: another is the newest, and the
 * OPAs that have it took it later, also the one that decided as far as is known. unsure: another is the newest, and no OPA is known to
 * have it, or the one that decided is behind; or OPAs have several and no store tells their order. untold: nothing speaks of another one.
 */
export type BundleAge = 'newest' | 'older' | 'replaced' | 'unsure' | 'untold'

export function bundleAge({ of, focus }: RequestView): BundleAge {
  const decision = focus?.decision ?? null
  const { bundle } = of
  if (decision === null || decision.revision === null || bundle === null) return 'untold'
  const { newestRevision, newestSince, isBehind, others } = bundle
  if (newestRevision === null) return others.length > 0 ? 'unsure' : 'untold'
  if (newestRevision === decision.revision) return 'newest'
  if (newestSince === null) return 'unsure'
  if (newestSince <= decision.at) return 'older'
  return isBehind ? 'unsure' : 'replaced'
}

/** What the newest revision says of the same input, where both are of the same revision; null: it is not known. */
export function newestSays({ of }: RequestView): 'allows' | 'refuses' | null {
  const newest = of.evaluation?.newest ?? null
  if (newest === null || newest.revision !== of.bundle?.newestRevision) return null
  return newest.outcome === 'allow' ? 'allows' : 'refuses'
}

/** The newest may let pass what was refused: then the policy is not for certain what has to change. */
export function mayBeOvertaken(view: RequestView): boolean {
  return ['older', 'replaced', 'unsure'].includes(bundleAge(view)) && newestSays(view) !== 'refuses'
}

export function openOfBundle(view: RequestView): readonly OpenQuestion[] {
  const revision = view.focus?.decision?.revision ?? null
  if (revision === null || !mayBeOvertaken(view)) return []
  // That it allows is told, and that it was out then too.
  if (bundleAge(view) === 'older' && newestSays(view) === 'allows') return []
  const newest = view.of.bundle?.newestRevision ?? null
  return [{ reason: tell('newer-may-allow', { revision, newest }), couldChangeVerdict: true }]
}
