import type { Fact } from '../../shared/domain/model/fact.ts'
import type { VaultAuditFact, VaultLeaseFact } from '../../shared/domain/model/vault-facts.ts'
import type { FactStore } from './fact-store.ts'
import type { ConnectorPorts, VaultLog } from './ports.ts'
import type { SourceTask } from './source-tasks.ts'

type Told = VaultAuditFact | VaultLeaseFact

/** What the logs of one environment told of its Vaults, as they are known now. */
export function vaultLogOf(store: Pick<FactStore, 'states'>): VaultLog {
  return {
    told(vault) {
      const told: Told[] = []
      for (const [scope, { facts }] of store.states)
        if (scope.startsWith('logs/')) told.push(...aboutVault(facts, vault))
      return told
    },
  }
}

/** A log that says nothing so long is quiet. Milliseconds. */
const quietMs = 1500
/** A log that has not begun to come so long is not waited for. Milliseconds. */
const slowestMs = 10_000

/** What the audit logs of a Vault tell now, each read once: for whoever asks the Vault only once. */
export async function readAudits(
  vault: string,
  tasks: readonly SourceTask[],
  portsOf: (task: SourceTask) => ConnectorPorts,
  signal: AbortSignal,
): Promise<VaultLog> {
  const read = await Promise.all(
    tasks.filter(({ auditOf }) => auditOf === vault).map((task) => readAudit(vault, task, portsOf(task), signal)),
  )
  return {
    told: (of) => (of === vault ? read.flatMap(({ told }) => told) : []),
    unread: read.flatMap(({ problem }) => problem ?? []),
  }
}

async function readAudit(
  vault: string,
  { source, observe }: SourceTask,
  ports: ConnectorPorts,
  signal: AbortSignal,
): Promise<{ readonly told: readonly Told[]; readonly problem: string | null }> {
  const enough = new AbortController()
  const until = AbortSignal.any([signal, enough.signal])
  const late = ports.clock.sleep(slowestMs, until).then(
    () => enough.abort(new Error('the log took too long')),
    () => {}, // it was quicker
  )
  let told: readonly Told[] = []
  let problem: string | null = `${source} did not begin to come within ${slowestMs / 1000} s`
  let quiet: Promise<void> | null = null
  try {
    for await (const { scope, facts, gaps } of observe(ports, until)) {
      if (!scope.endsWith('/activity')) continue
      problem = facts === null ? (gaps[0]?.detail ?? `${source} could not be read`) : null
      told = aboutVault(facts ?? [], vault)
      const isSlow = facts === null && gaps[0]?.reason === 'timed-out'
      if (told.length > 1 || told.some((fact) => fact.kind === 'vault-audit' && fact.lines > 0)) break
      if (facts === null && !isSlow) break
      // The first lines may still be on their way.
      quiet ??= ports.clock.sleep(quietMs, until).then(
        () => enough.abort(new Error('the log is quiet')),
        () => {}, // a line came
      )
    }
  } catch (error) {
    if (!until.aborted) throw error
  }
  enough.abort(new Error('it was read'))
  await Promise.all([late, quiet])
  signal.throwIfAborted()
  return { told, problem }
}

function aboutVault(facts: readonly Fact[], vault: string): readonly Told[] {
  return facts.flatMap((fact) =>
    (fact.kind === 'vault-lease' || fact.kind === 'vault-audit') && fact.vault === vault ? fact : [],
  )
}
