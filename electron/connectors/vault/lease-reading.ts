import type { VaultSource } from '../../../shared/domain/model/environment.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { hasToldOf } from '../../../shared/domain/model/vault-audit.ts'
import type { VaultAuditFact, VaultLeaseFact } from '../../../shared/domain/model/vault-facts.ts'
import type { VaultLog } from '../../core/ports.ts'
import type { LeaseLookups } from './leases.ts'
import { type Problem, problemOf, type Translated, VaultFailure } from './problem.ts'
import { type Ask, withSlash } from './settings-reading.ts'
import type { WireMounts } from './wire.ts'

interface Memory {
  readonly mounts: WireMounts | null
  readonly lookups: LeaseLookups
}

/** Leases that Vault itself was asked about; those of the audit log are facts of the log. */
export async function readLeases(
  source: VaultSource,
  log: VaultLog,
  memory: Memory,
  now: () => EpochMs,
  ask: Ask,
): Promise<Translated> {
  const { lookups } = memory
  const told = log.told(source.id)
  const problems: Problem[] = []
  const leases = told.filter((fact) => fact.kind === 'vault-lease')
  const mounts = Object.keys(memory.mounts ?? {})
  let isRefused = false
  for (const mount of source.listLeasesOf.map(withSlash)) {
    await attempt('lease-list', () => lookups.list(mount, ask))
    const walk = lookups.walks.get(mount)
    if (walk === undefined || walk.complete) continue
    const more = `LIST sys/leases/lookup/${mount}: there are more leases than are walked`
    problems.push(
      walk.failure === null
        ? { what: 'lease-list', reason: 'unsupported', detail: more }
        : problemOf('lease-list', walk.failure),
    )
  }
  await attempt('lease-lookup', () => lookups.lookUp(leases, mounts, ask))
  const untold = whyUntold(source, told, log.unread ?? [])
  if (untold !== null) problems.push(untold)
  const facts = lookups.facts(now())
  return { facts: isRefused && facts.length === 0 ? null : facts, problems }

  async function attempt(what: string, run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      if (!(error instanceof VaultFailure) || error.stops) throw error
      isRefused = true
      problems.push(problemOf(what, error))
    }
  }
}

/** Who holds which lease is in the audit log alone, whatever a listing tells. null: a log told of this Vault. */
function whyUntold(
  { id }: VaultSource,
  told: readonly (VaultLeaseFact | VaultAuditFact)[],
  unread: readonly string[],
): Problem | null {
  const audits = told.filter((fact) => fact.kind === 'vault-audit')
  if (audits.some(hasToldOf)) return null
  const unknown = 'its leases and who holds them are unknown'
  const problem = (detail: string): Problem => ({ what: 'lineage', reason: 'not-configured', detail })
  if (unread.length > 0) return problem(`no audit log of this Vault could be read, so ${unknown}: ${unread.join('; ')}`)
  if (audits.length === 0) {
    return problem(
      `no audit log of this Vault is read, so ${unknown}: name the file under sources.logs with record: vault-audit and ` +
        `writtenBy: ${id}, or let Vault write it to its pod's log`,
    )
  }
  return problem(
    `${audits.map(({ log }) => log).join(', ')} has no audit line of this Vault, so ${unknown}: let Vault write them there ` +
      '(vault audit enable file file_path=stdout)',
  )
}
