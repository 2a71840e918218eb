import type { VaultSource } from '../../../shared/domain/model/environment.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { VaultAuditFact, VaultLeaseFact } from '../../../shared/domain/model/vault-facts.ts'
import type { LeaseLookups, ListCost } from './leases.ts'
import { type Problem, problemOf, type Translated, VaultFailure } from './problem.ts'
import { type Ask, withSlash } from './settings-reading.ts'
import type { WireMounts } from './wire.ts'

interface Memory {
  readonly mounts: WireMounts | null
  readonly lookups: LeaseLookups
  readonly costs: Map<string, ListCost>
}

/** Leases that Vault itself was asked about; those of the audit log are facts of the log. */
export async function readLeases(
  source: VaultSource,
  told: readonly (VaultLeaseFact | VaultAuditFact)[],
  memory: Memory,
  now: () => EpochMs,
  ask: Ask,
): Promise<Translated> {
  const { lookups } = memory
  const problems: Problem[] = []
  const leases = told.filter((fact) => fact.kind === 'vault-lease')
  const mounts = Object.keys(memory.mounts ?? {})
  let isRefused = false
  for (const mount of source.listLeasesOf.map(withSlash)) {
    const cost = await attempt('lease-list', () => lookups.list(mount, ask))
    if (cost !== null) memory.costs.set(mount, cost)
    if (memory.costs.get(mount)?.complete === false) {
      const detail = `LIST sys/leases/lookup/${mount}: there are more leases than are walked`
      problems.push({ what: 'lease-list', reason: 'unsupported', detail })
    }
  }
  await attempt('lease-lookup', () => lookups.lookUp(leases, mounts, ask))
  if (!told.some(({ kind }) => kind === 'vault-audit') && source.listLeasesOf.length === 0)
    problems.push(noAudit(source))
  const facts = lookups.facts(now())
  return { facts: isRefused && facts.length === 0 ? null : facts, problems }

  async function attempt<Value>(what: string, run: () => Promise<Value>): Promise<Value | null> {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof VaultFailure) || error.stops) throw error
      isRefused = true
      problems.push(problemOf(what, error))
      return null
    }
  }
}

function noAudit({ id }: VaultSource): Problem {
  const detail =
    'no audit log of this Vault is read, so its leases and who holds them are unknown: ' +
    `name the file under sources.logs with record: vault-audit and writtenBy: ${id}, or let Vault write it to its pod's log`
  return { what: 'lineage', reason: 'not-configured', detail }
}
