import type { EpochMs } from '../../../model/time.ts'
import type { WorkloadEvidence } from '../../evaluate/workload-evidence.ts'
import { isCurrent } from '../../instances/records.ts'
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
