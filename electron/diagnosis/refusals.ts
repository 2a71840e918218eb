import type { RefusalsInput } from '../../shared/contract/diagnosis.ts'
import type { RefusalEnd, RefusalGroup, RefusalGroups } from '../../shared/domain/diagnosis/refusals/model.ts'
import { textFingerprint } from '../../shared/lib/text-fingerprint.ts'
import type { LogStore, RefusalSum, StoredAccess } from '../core/log-store.ts'
import type { Clock } from '../core/ports.ts'
import { type Ends, endsIn } from './ends-of.ts'
import type { Reading } from './parts.ts'

/** Writers' clocks may be ahead of ours a little. Milliseconds. */
const aheadMs = 60_000
/** Sums that are read, which ends that the graph finds then join: one workload may call from many addresses. */
const mostSums = 5000

/** What a list of refusals is made of. */
export interface RefusalsReading extends Pick<Reading, 'graph' | 'facts'> {
  readonly store: Pick<LogStore, 'refusalSums' | 'state'>
  /** Ids of logs that are kept elsewhere. */
  readonly histories: readonly string[]
}

/** The refused requests of the last minutes, in groups between ends that the graph knows where it can tell. */
export async function refusalsIn(
  { graph, facts, store, histories }: RefusalsReading,
  { minutes, limit }: Pick<RefusalsInput, 'minutes' | 'limit'>,
  clock: Pick<Clock, 'now'>,
): Promise<RefusalGroups> {
  const to = clock.now()
  const from = to - minutes * 60_000
  const [{ sums, total, complete }, { heldSince }] = await Promise.all([
    store.refusalSums({ window: { from, to: to + aheadMs }, limit: mostSums }),
    store.state(),
  ])
  const endsOf = endsIn({ graph, facts })
  const nameOf = (workload: string): string => graph.workloads.find(({ id }) => id === workload)?.name ?? workload
  const groups = joined(sums.map((sum) => groupOf(sum, endsOf, nameOf)))
  return {
    from,
    to,
    heldSince,
    notAsked: histories,
    total,
    complete: complete && groups.length <= limit,
    groups: groups.slice(0, limit),
  }
}

function groupOf(
  sum: RefusalSum,
  endsOf: (line: StoredAccess) => Ends,
  nameOf: (workload: string) => string,
): RefusalGroup {
  const { kind, status, details, reason, revision, count, first, latest } = sum
  const { caller, callee } = endsOf(lineLike(sum))
  // A Vault's own log is written by the one that refused, which no workload is.
  const to =
    kind === 'vault' ? end(null, null, sum.source, nameOf) : end(callee, sum.calleeSpiffeId, calleeName(sum), nameOf)
  const from = end(caller, sum.callerSpiffeId, sum.callerAddress, nameOf)
  const own = [kind, from.workload ?? from.spiffeId ?? from.name, to.workload ?? to.spiffeId ?? to.name]
  const key = textFingerprint(JSON.stringify([...own, status, details, reason, revision]))
  return { key, from, to, kind, details, status, reason, revision, count, first, latest }
}

function calleeName({ direction, calleeAddress, upstreamCluster, calleeSpiffeId }: RefusalSum): string | null {
  if (calleeSpiffeId !== null) return null
  // What stands behind the called side's Envoy is its own service.
  return direction === 'inbound' ? calleeAddress : (upstreamCluster ?? calleeAddress)
}

function end(
  workload: string | null,
  spiffeId: string | null,
  otherwise: string | null,
  nameOf: (workload: string) => string,
): RefusalEnd {
  return { workload, name: workload === null ? otherwise : nameOf(workload), spiffeId }
}

/** A line as the access log would have it: who called whom is told alike of lines and of sums of them. */
function lineLike(sum: RefusalSum): StoredAccess {
  return {
    record: 'envoy-access',
    source: sum.source,
    at: sum.latest.at,
    receivedAt: sum.latest.at,
    locator: { in: 'segment', segment: 0, offset: 0, item: 0 },
    requestId: sum.latest.requestId,
    traceId: sum.latest.traceId,
    decisionId: sum.latest.decisionId,
    direction: sum.direction,
    method: null,
    path: null,
    status: sum.status,
    details: sum.details,
    flags: [],
    authorisation: null,
    callerSpiffeId: sum.callerSpiffeId,
    calleeSpiffeId: sum.calleeSpiffeId,
    callerAddress: sum.callerAddress,
    calleeAddress: sum.calleeAddress,
    upstreamCluster: sum.upstreamCluster,
    upstreamHost: null,
    failure: null,
  }
}

/** Sums between the same ends are one group, such as of several logs or addresses; the latest first. */
function joined(groups: readonly RefusalGroup[]): readonly RefusalGroup[] {
  return [...Map.groupBy(groups, ({ key }) => key).values()]
    .flatMap((same): readonly RefusalGroup[] => {
      const last = same.toSorted((one, other) => other.latest.at - one.latest.at)[0]
      if (last === undefined) return []
      const count = same.reduce((sum, group) => sum + group.count, 0)
      return [{ ...last, count, first: Math.min(...same.map(({ first }) => first)) }]
    })
    .toSorted((one, other) => other.latest.at - one.latest.at)
}
