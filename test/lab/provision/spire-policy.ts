import { ensureModuleFiles, spirePolicy } from './module-files.ts'

/** The two files of SPIRE's built-in authorisation policy, which an operator copies and appends the reader's rule to. */
export interface SpirePolicyFiles {
  readonly rego: string
  readonly data: string
}

/** Makes sure SPIRE's own policy is in the cache. */
export async function ensureSpirePolicy(): Promise<SpirePolicyFiles> {
  const [rego = '', data = ''] = await ensureModuleFiles(spirePolicy)
  return { rego, data }
}
