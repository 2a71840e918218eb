import type { VaultAuditFact } from './vault-facts.ts'

/** Whether a log ever told of its Vault. One without a single audit line is the log of a Vault that does not write them there. */
export function hasToldOf({ lines, since }: Pick<VaultAuditFact, 'lines' | 'since'>): boolean {
  return lines > 0 || since !== null
}
