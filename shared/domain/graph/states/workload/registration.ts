import type { MissingSource } from '../../../model/graph.ts'
import type { EpochMs } from '../../../model/time.ts'
import { isOfDomain } from '../../cluster/declarations.ts'
import type { WorkloadEvidence } from '../../evaluate/workload-evidence.ts'
import { podKey } from '../../instances/cluster-record.ts'
import { isCurrent } from '../../instances/records.ts'
import { missing } from '../../known.ts'
import { hasCome, type Moment } from '../../moment.ts'

/**
 * Whether SPIRE certainly has no entry for the workload: every server of its trust domain listed its entries now and
 * completely, and none is there. Returns what that rests on; null: there is one, or it cannot be told.
 */
export function hasNoEntry(evidence: WorkloadEvidence): { readonly restsOn: readonly (string | undefined)[] } | null {
  const { spires, entries } = evidence
  if (spires.length === 0 || entries.length > 0) return null
  const isComplete = spires.every(({ parts }) => {
    const scope = parts['entries']
    return isCurrent(scope) && scope?.gaps.length === 0
  })
  return isComplete ? { restsOn: spires.map((spire) => spire.server?.id) } : null
}

/**
 * Whether the cluster that the workload runs in certainly declares no identity for it, while SPIRE's own entries cannot be
 * read. Only where that cluster's objects are how this trust domain is registered: they are all readable, declare others
 * of the trust domain, and none of them may mean its pods in a way that cannot be worked out here. An entry made by hand in
 * SPIRE beside such objects is not seen, which the sentence of the reason says.
 */
export function hasNoDeclaration(evidence: WorkloadEvidence): {
  readonly cluster: string
  readonly restsOn: readonly string[]
  readonly missing: readonly MissingSource[]
} | null {
  const { naming, pods, declared, entries, spires, world } = evidence
  const { trustDomain } = naming
  const [first] = pods
  if (trustDomain === null || first === undefined || declared.length > 0 || entries.length > 0) return null
  if (spires.some(({ parts }) => isCurrent(parts['entries']))) return null
  if (pods.some(({ cluster }) => cluster !== first.cluster)) return null
  const cluster = world.sight.clusters.find(({ id }) => id === first.cluster)
  if (cluster === undefined || pods.some(({ pod }) => cluster.declarations.unclear.has(podKey(pod)))) return null
  for (const part of ['pods', 'namespaces', 'clusterspiffeids', 'clusterstaticentries'] as const) {
    const scope = cluster.parts[part]
    if (!isCurrent(scope) || scope?.gaps.length !== 0) return null
  }
  const { trustDomains } = cluster.declarations
  if (![...trustDomains].some((one) => isOfDomain(one, trustDomain, world.trustDomains))) return null
  const [spire] = spires.length > 0 ? spires : world.spires
  return {
    cluster: cluster.id,
    restsOn: pods.map(({ pod }) => pod.id),
    missing: [missing('spire', spire?.id ?? null, 'entries', spire?.parts['entries'])],
  }
}

/** Trouble of the agents that would renew the SVID: only when every agent that could do it has it. */
export function troubleOfAgents(
  evidence: WorkloadEvidence,
  moment: Moment,
): {
  readonly code: 'agent-banned' | 'agent-expired' | 'agent-gone'
  readonly params: Readonly<Record<string, string | number | null>>
  readonly restsOn: readonly (string | undefined)[]
  readonly since: EpochMs | null
} | null {
  let first: ReturnType<typeof troubleOfAgents> = null
  for (const { spire, entry } of evidence.entries) {
    if (!isCurrent(spire.parts['agents']) || !isCurrent(spire.parts['entries'])) return null
    const agent = spire.agents.get(entry.parentId)
    if (agent === undefined) {
      const isAgentId = entry.parentId.includes('/spire/agent/')
      if (!isAgentId || (spire.parts['agents']?.gaps.length ?? 0) > 0) return null
      first ??= { code: 'agent-gone', params: { agent: entry.parentId }, restsOn: [entry.id], since: null }
    } else if (agent.banned) {
      first ??= { code: 'agent-banned', params: { agent: agent.spiffeId }, restsOn: [entry.id, agent.id], since: null }
    } else if (agent.svidNotAfter !== null && hasCome(moment, agent.svidNotAfter)) {
      const params = { agent: agent.spiffeId, notAfter: agent.svidNotAfter }
      first ??= { code: 'agent-expired', params, restsOn: [entry.id, agent.id], since: agent.svidNotAfter }
    } else return null
  }
  return first
}
