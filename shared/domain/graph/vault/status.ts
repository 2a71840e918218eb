import type { Gap, ScopeState } from '../../model/fact.ts'
import type { MissingSource, Reason } from '../../model/graph.ts'
import type { EpochMs } from '../../model/time.ts'
import { isCurrent } from '../instances/records.ts'
import type { VaultInstance } from '../instances/vault-record.ts'
import { missing } from '../known.ts'
import { reason } from '../reasons.ts'

/**
 * What one Vault can be asked now. Small and the same as long as nothing changes, because every workload is judged with it.
 * Leases are known only while it answers, is unsealed, and its audit log is read.
 */
export interface VaultStatus {
  readonly id: string
  /** Why leases are not known now; null: they are. */
  readonly blind: Reason | null
  /** Whether who holds a lease was ever told. */
  readonly hasLineage: boolean
  readonly missing: readonly MissingSource[]
  /** From when its audit lines were read; null: not known. */
  readonly since: EpochMs | null
  /** Until when a lease that nobody is known to hold may be anybody's; null: there is none. */
  readonly holderlessUntil: EpochMs | null
}

export function statusOf(vault: VaultInstance, holderlessUntil: EpochMs | null): VaultStatus {
  const { id, audits } = vault
  const blindness = whyBlind(vault)
  const sinces = audits.flatMap(({ fact }) => fact.since ?? [])
  return {
    id,
    blind: blindness?.why ?? null,
    hasLineage: audits.length > 0,
    missing: blindness?.missing ?? [],
    since: sinces.length === 0 ? null : Math.min(...sinces),
    holderlessUntil,
  }
}

function whyBlind(vault: VaultInstance): { readonly why: Reason; readonly missing: readonly MissingSource[] } | null {
  const { id, server, scopes, isSource, audits } = vault
  if (server === null || !isCurrent(server.scope)) {
    const scope = server?.scope ?? serverScope(scopes)
    const gone = [missing('vault', isSource ? id : null, 'server', scope)]
    if (!isSource) return { why: reason('vault-unasked', { vault: id }), missing: gone }
    const gap = scope?.gaps[0] ?? null
    const isUnasked = scopes.every((one) => one.readAt === null && one.gaps.length === 0)
    const lastReadAt = scope?.readAt ?? null
    const detail = gap === null ? null : detailOf(gap)
    const why = isUnasked
      ? reason('vault-not-read-yet', { vault: id })
      : reason('vault-silent', { vault: id, lastReadAt, detail })
    return { why, missing: gone }
  }
  if (!server.fact.initialized) return { why: reason('vault-not-initialised', { vault: id }), missing: [] }
  if (server.fact.sealed) return { why: reason('vault-sealed', { vault: id }), missing: [] }
  const [first] = audits
  if (first === undefined) {
    return { why: reason('vault-without-audit', { vault: id }), missing: [missing('logs', null, 'vault-audit')] }
  }
  if (audits.some(({ scope }) => isCurrent(scope))) return null
  const { fact, scope } = first
  return {
    why: reason('vault-audit-silent', { vault: id, log: fact.log, lastReadAt: scope.readAt }),
    missing: [missing('logs', fact.log, 'vault-audit', scope)],
  }
}

/** The scope that would have told of the server: the one named so, else one that could not be read. */
function serverScope(scopes: readonly ScopeState[]): ScopeState | undefined {
  return (
    scopes.find(({ scope }) => scope.endsWith('/server')) ?? scopes.find(({ gaps }) => gaps.length > 0) ?? scopes[0]
  )
}

function detailOf(gap: Gap): string {
  return gap.detail === '' ? gap.reason : gap.detail
}
