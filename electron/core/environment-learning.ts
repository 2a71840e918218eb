import type { Gap } from '../../shared/domain/model/fact.ts'
import type { KubernetesFact } from '../../shared/domain/model/kubernetes-facts.ts'
import { type Findings, findingsIn } from './discovery.ts'
import type { LoadedEnvironment } from './environments.ts'
import type { Connector, ConnectorPorts } from './ports.ts'
import { inSlices } from './slices.ts'
import { settingsOf } from './source-tasks.ts'

/** So long the pods of a cluster may take to come. Milliseconds. */
const learnMs = 10_000

export interface Learnt {
  readonly findings: Findings
  /** The pods and services themselves. */
  readonly facts: readonly KubernetesFact[]
  /** Why the pods could not be read; null: they were, or they did not come in time. */
  readonly gap: Gap | null
}

/** The pods and services of a cluster, once; nothing found where they cannot be read, which the cluster's own steps tell. */
export async function learnCluster<Source>(
  connector: Connector<Source>,
  source: Source,
  loaded: LoadedEnvironment,
  ports: ConnectorPorts,
  signal: AbortSignal,
): Promise<Learnt> {
  const enough = new AbortController()
  const until = AbortSignal.any([signal, enough.signal])
  const late = ports.clock.sleep(learnMs, until).then(
    () => enough.abort(new Error('the cluster took too long')),
    () => {}, // it was quicker
  )
  const read = new Map<string, readonly KubernetesFact[]>()
  let isRead = false
  let gap: Gap | null = null
  try {
    for await (const { scope, facts, gaps } of connector.observe(source, settingsOf(loaded), ports, until)) {
      const part = scope.split('/')[2] ?? ''
      if (part !== 'pods' && part !== 'services') continue
      if (part === 'pods') {
        isRead = facts !== null
        gap = gaps[0] ?? null
      }
      read.set(
        part,
        (facts ?? []).filter((fact) => fact.kind === 'pod' || fact.kind === 'service'),
      )
      if (read.size === 2) break
    }
  } catch (reason) {
    if (!until.aborted) throw reason
  }
  enough.abort(new Error('the cluster is known'))
  await late
  signal.throwIfAborted()
  const facts = [...read.values()].flat()
  return { findings: await inSlices(findingsIn(isRead, facts), ports.clock, signal), facts, gap: isRead ? null : gap }
}
