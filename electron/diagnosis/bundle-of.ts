import type { CaseBundle, CaseDecision } from '../../shared/domain/diagnosis/request-case.ts'
import { ofKind } from './ends-of.ts'
import type { Reading } from './parts.ts'

/**
 * What is known of the bundle by which a decision was refused. Which revision is the newest the policy store alone says (`live`):
 * when an OPA activated one tells nothing of its age, a restart activates an old one anew.
 */
export function bundleOf(
  { facts }: Pick<Reading, 'facts'>,
  decided: CaseDecision | null,
  live: string | null,
): CaseBundle | null {
  if (decided === null) return null
  const bundles = ofKind(facts, 'opa-bundle')
  const names = new Set(bundles.map(({ name }) => name))
  const named = new Set(
    bundles
      .filter(({ activeRevision }) => activeRevision === decided.revision || (live !== null && activeRevision === live))
      .map(({ name }) => name),
  )
  // Of several bundles those that may have decided.
  const own = bundles.filter(({ name }) => named.has(name) || names.size === 1)
  const activations = own
    .filter(({ activeRevision }) => live !== null && activeRevision === live)
    .flatMap(({ lastSuccessfulActivationAt: at }) => at ?? [])
  const newestSince = activations.length === 0 ? null : Math.min(...activations)
  const opa = ofKind(facts, 'opa-instance').find(
    ({ instanceId }) => instanceId !== null && instanceId === decided.opaInstanceId,
  )?.opa
  const others = own
    .flatMap(({ activeRevision }) => activeRevision ?? [])
    .filter((revision) => revision !== decided.revision)
  return {
    newestRevision: live,
    newestSince,
    isBehind: own.some(
      (bundle) =>
        bundle.opa === opa &&
        bundle.activeRevision === decided.revision &&
        decided.revision !== live &&
        newestSince !== null &&
        bundle.from.observedAt >= newestSince,
    ),
    others: [...new Set(others)],
  }
}
