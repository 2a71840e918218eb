import type { BundleOverview, PolicyFile, RevisionId } from '../../../shared/domain/model/policy.ts'

/** What is deployed: what the store's pointer leads to, else what an OPA says is active; null: neither is known. */
export function deployedOf({ live, opas }: BundleOverview): RevisionId | null {
  if (live.known) return live.value
  for (const { activeRevision } of opas) {
    if (activeRevision.known && activeRevision.value !== null && activeRevision.value !== '')
      return { revision: activeRevision.value, digest: null }
  }
  return null
}

/** What is opened first: the module of the rule that decides, else any Rego, else anything. */
export function firstFile(files: readonly PolicyFile[], decisionPath: string | null): string | null {
  const deciding = decisionPath?.split('/').slice(0, -1).join('/')
  const found =
    files.find(({ path }) => deciding !== undefined && path === `${deciding}.rego`) ??
    files.find(({ kind }) => kind === 'rego') ??
    files[0]
  return found?.path ?? null
}
