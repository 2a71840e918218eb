import type { BundleOverview, RevisionId } from '../../../shared/domain/model/policy.ts'

/** What is deployed: what the store's pointer leads to, else what an OPA says is active; null: neither is known. */
export function deployedOf({ live, opas }: BundleOverview): RevisionId | null {
  if (live.known) return live.value
  for (const { activeRevision } of opas) {
    if (activeRevision.known && activeRevision.value !== null && activeRevision.value !== '')
      return { revision: activeRevision.value, digest: null }
  }
  return null
}
