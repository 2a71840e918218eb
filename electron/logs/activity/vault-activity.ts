import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { VaultAuditFact, VaultDenialFact, VaultHolder } from '../../../shared/domain/model/vault-facts.ts'
import type { VaultAuditRecord } from '../intake/vault-audit.ts'
import { type Activity, createSums, type FactWindow, idPart } from './activity.ts'
import { createVaultLeases, holderOf, type VaultLeases } from './vault-leases.ts'

interface DenialSum {
  records: number
  readonly path: string
  readonly operation: string
  readonly holder: VaultHolder | null
  /** Times of its denials within the window, oldest first. */
  readonly times: EpochMs[]
  error: string
}

/** Requests whose denial was counted: Vault logs a refused request as question and as answer. */
const rememberedIds = 10_000

/**
 * Leases and denials of one Vault. Leases outlive the window: `leases` may be handed on to the next reading of the same log.
 * @param log id of the log source. @param vault id of the Vault that writes it.
 */
export function createVaultActivity(
  log: string,
  vault: string,
  leases: VaultLeases = createVaultLeases(),
): Activity<VaultAuditRecord> {
  const sums = createSums<DenialSum>()
  const counted = new Set<string>()
  let lines = 0
  let newestAt: EpochMs | null = null
  let isGap = leases.since !== null

  function isRepeated({ requestId }: VaultAuditRecord): boolean {
    if (requestId === null) return false
    if (counted.has(requestId)) return true
    counted.add(requestId)
    const [oldest] = counted
    if (counted.size > rememberedIds && oldest !== undefined) counted.delete(oldest)
    return false
  }

  return {
    /** Each record, however old: what was issued yesterday may be held today. */
    remember(record) {
      lines += 1
      if (isGap) leases.startAnew(record.at)
      isGap = false
      newestAt = Math.max(newestAt ?? record.at, record.at)
      leases.take(record)
    },
    skipped() {
      isGap = true
    },
    add(record, at) {
      if (record.outcome !== 'denied' || isRepeated(record)) return []
      const { path, operation, namespace } = record
      const holder = holderOf(record)
      const key = [namespace, operation, path, holder?.displayName ?? null].map(idPart).join(' ')
      const fresh = (): DenialSum => ({ records: 0, path, operation, holder, times: [], error: '' })
      const sum = sums.get(key, fresh)
      if (sum === null) return null
      sum.records += 1
      sum.times.push(at)
      sum.error = record.error ?? sum.error
      return [
        {
          at,
          undo() {
            sum.times.shift()
            sums.release(key, sum)
          },
        },
      ]
    },
    facts(window) {
      const { scope, from } = window
      const denials = [...sums.all()].map((sum) => denialFact(sum, vault, window))
      return [auditFact(), ...leases.facts(vault, scope, from), ...denials]

      function auditFact(): VaultAuditFact {
        return {
          kind: 'vault-audit',
          id: `${scope}#vault-audit/${vault}`,
          from,
          vault,
          log,
          since: leases.since,
          newestAt,
          lines,
          refusedLines: window.refusedLines ?? 0,
          heldLeases: leases.held,
          droppedLeases: leases.dropped,
        }
      }
    },
  }
}

function denialFact(sum: DenialSum, vault: string, { scope, from }: FactWindow): VaultDenialFact {
  const { path, operation, holder, times, error } = sum
  return {
    kind: 'vault-denial',
    id: `${scope}#vault-denial/${operation}/${path}/${idPart(holder?.displayName ?? null)}`,
    from,
    vault,
    path,
    operation,
    holder,
    count: times.length,
    firstAt: Math.min(...times),
    lastAt: Math.max(...times),
    error,
  }
}
