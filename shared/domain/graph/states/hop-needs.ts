import { assertNever } from '../../../lib/assert-never.ts'
import type { MissingSource } from '../../model/graph.ts'
import type { HopEvidence } from '../evaluate/hop-evidence.ts'
import { clusterTls, ownClusters } from '../evaluate/hop-evidence.ts'
import { isCurrent } from '../instances/records.ts'
import { missing } from '../known.ts'
import { leavesOf } from './leaves.ts'
import { currentCallers } from './transport/tls-setup.ts'

/** What a rule about a hop can need. All of them mean: read, and current. */
export type HopNeed =
  | 'callee-listeners'
  | 'caller-clusters'
  | 'caller-leaf'
  | 'callee-leaf'
  | 'a-log'
  | 'counters'
  | 'a-log-or-counters'

export function hasForHop(need: HopNeed, evidence: HopEvidence): boolean {
  switch (need) {
    case 'callee-listeners':
      evidence.cache.hasListeners ??= hasListeners(evidence)
      return evidence.cache.hasListeners
    case 'caller-clusters':
      return evidence.callers.length > 0 && currentCallers(evidence).length === evidence.callers.length
    case 'caller-leaf':
      return leavesOf(evidence, 'caller') !== null
    case 'callee-leaf':
      return leavesOf(evidence, 'callee') !== null
    case 'a-log':
      return hasCurrentLog(evidence)
    case 'counters':
      return clusterTls(evidence).length > 0 || ownClusters(evidence).length > 0
    case 'a-log-or-counters':
      return hasCurrentLog(evidence) || ownClusters(evidence).length > 0
    default:
      return assertNever(need)
  }
}

/** The sources that would have to be readable for what is needed. */
export function missingForHop(need: HopNeed, evidence: HopEvidence): readonly MissingSource[] {
  if (hasForHop(need, evidence)) return []
  const { callerEnvoys, calleeEnvoys } = evidence
  switch (need) {
    case 'callee-listeners':
      return calleeEnvoys.length === 0
        ? [missing('envoy', null, 'listeners')]
        : calleeEnvoys
            .filter(({ parts }) => !isCurrent(parts.listeners))
            .map(({ id, parts }) => missing('envoy', id, 'listeners', parts.listeners))
    case 'caller-clusters':
      return callerEnvoys.length === 0
        ? [missing('envoy', null, 'clusters')]
        : callerEnvoys
            .filter(({ parts }) => !isCurrent(parts.clusters))
            .map(({ id, parts }) => missing('envoy', id, 'clusters', parts.clusters))
    case 'caller-leaf':
    case 'callee-leaf': {
      const envoys = need === 'caller-leaf' ? callerEnvoys : calleeEnvoys
      return envoys.length === 0
        ? [missing('envoy', null, 'certificates')]
        : envoys
            .filter(({ parts }) => !isCurrent(parts.secrets))
            .map(({ id, parts }) => missing('envoy', id, 'secrets', parts.secrets))
    }
    case 'a-log':
      return [missing('logs', null, 'activity')]
    case 'counters':
    case 'a-log-or-counters':
      return callerEnvoys.length === 0
        ? [missing('logs', null, 'activity')]
        : callerEnvoys.map(({ id, parts }) => missing('envoy', id, 'counters', parts.counters))
    default:
      return assertNever(need)
  }
}

function hasListeners({ callees }: HopEvidence): boolean {
  for (const { envoy } of callees) if (!isCurrent(envoy.parts.listeners)) return false
  return callees.length > 0
}

function hasCurrentLog(evidence: HopEvidence): boolean {
  evidence.cache.hasLog ??= hasCurrent(evidence.calleeLog) || hasCurrent(evidence.callerLog)
  return evidence.cache.hasLog
}

function hasCurrent(log: HopEvidence['callerLog']): boolean {
  for (const { scope } of log) if (isCurrent(scope)) return true
  return false
}
