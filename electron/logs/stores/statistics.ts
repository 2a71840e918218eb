import {
  type AuthorisationCount,
  type AuthorisationCounts,
  type CoveredUse,
  type DecisionCount,
  type DecisionCountQuery,
  type DecisionCounts,
  type DecisionDimension,
  decisionDimensions,
  type HopCoverage,
} from '../../core/log-statistics.ts'
import type { StoredAccess, StoredDecision, TimeWindow } from '../../core/log-store.ts'
import type { HopObservation } from '../activity/hop-sum.ts'

/** What embedded/statistics.ts counts in SQL, counted here; the conformance suite holds both against the same records. */

export const hour = 3_600_000
export const day = 86_400_000
const mostBuckets = 10_000

/** In one order, each once. */
export function dimensionsIn(by: readonly DecisionDimension[]): readonly DecisionDimension[] {
  return decisionDimensions.filter((dimension) => by.includes(dimension))
}

/** Throws where nothing can be divided. */
export function bucketsOf(
  { from, to }: TimeWindow,
  buckets: number,
): { readonly from: number; readonly length: number; readonly bucketMs: number } {
  const length = Math.trunc(buckets)
  if (!(length >= 1 && length <= mostBuckets)) throw new Error(`from 1 to ${mostBuckets} parts, not ${buckets}`)
  if (!(to > from)) throw new Error('a window ends after it begins')
  return { from: Math.trunc(from), length, bucketMs: (to - from) / length }
}

export function decisionCountsOf(
  decisions: readonly StoredDecision[],
  { window, by, limit }: DecisionCountQuery,
): DecisionCounts {
  const dimensions = dimensionsIn(by)
  const within = decisions.filter(({ at }) => at >= window.from && at <= window.to)
  const groups = Map.groupBy(within, (decision) => JSON.stringify(dimensions.map((name) => valueOf(decision, name))))
  const counts = [...groups].map(([key, of]): DecisionCount => {
    const values = JSON.parse(key) as readonly unknown[]
    return { ...Object.fromEntries(dimensions.map((name, index) => [name, values[index]])), count: of.length }
  })
  const sorted = counts.toSorted((left, right) => inOrder(dimensions.map((name) => [left[name], right[name]])))
  return { counts: sorted.slice(0, limit), total: within.length, complete: sorted.length <= limit }
}

function valueOf(decision: StoredDecision, dimension: DecisionDimension): string | number | null {
  if (dimension === 'hour') return Math.floor(decision.at / hour) * hour
  if (dimension === 'day') return Math.floor(decision.at / day) * day
  return decision[dimension]
}

export function authorisationCountsOf(
  accesses: readonly StoredAccess[],
  decisions: readonly StoredDecision[],
  window: TimeWindow,
): AuthorisationCounts {
  const made = new Set(decisions.map(({ decisionId }) => decisionId))
  const named = new Set(accesses.flatMap(({ decisionId }) => decisionId ?? []))
  const within = accesses.filter(({ at }) => at >= window.from && at <= window.to)
  const groups = Map.groupBy(within, (access) => `${access.source}/${access.direction}/${access.authorisation}`)
  const requests = [...groups.values()].flatMap((group): AuthorisationCount[] => {
    const [first] = group
    if (first === undefined) return []
    const withId = group.filter(({ decisionId }) => decisionId !== null)
    const { source, direction, authorisation } = first
    const held = withId.filter(({ decisionId }) => made.has(decisionId)).length
    return [{ source, direction, authorisation, count: group.length, named: withId.length, held }]
  })
  const own = decisions.filter(({ at }) => at >= window.from && at <= window.to)
  return {
    requests: requests.toSorted((left, right) =>
      inOrder([
        [left.source, right.source],
        [left.direction, right.direction],
        [left.authorisation, right.authorisation],
      ]),
    ),
    decisions: own.length,
    unclaimed: own.filter(({ decisionId }) => decisionId === null || !named.has(decisionId)).length,
  }
}

export function denialsOf(
  accesses: readonly StoredAccess[],
  decisions: readonly StoredDecision[],
  window: TimeWindow,
  buckets: number,
): readonly (number | null)[] {
  const { from, length, bucketMs } = bucketsOf(window, buckets)
  const counts = Array.from<number | null>({ length }).fill(null)
  const add = (at: number, denied: boolean): void => {
    if (at < from || at >= window.to) return
    const bucket = Math.min(length - 1, Math.floor((at - from) / bucketMs))
    counts[bucket] = (counts[bucket] ?? 0) + (denied ? 1 : 0)
  }
  const named = new Set(accesses.flatMap(({ decisionId }) => decisionId ?? []))
  for (const { at, authorisation } of accesses) add(at, authorisation === 'denied' || authorisation === 'error')
  for (const { at, outcome, decisionId } of decisions)
    add(at, outcome !== 'allow' && (decisionId === null || !named.has(decisionId)))
  return counts
}

const nothing = (): Record<CoveredUse, number> => ({ mutual: 0, oneSided: 0, plaintext: 0, unknown: 0 })
const useOf = { mutual: 'mutual', 'one-sided': 'oneSided', plaintext: 'plaintext', unsaid: 'unknown' } as const

export function coverageOf(
  sides: readonly { readonly at: number; readonly source: string; readonly side: HopObservation }[],
  bucketMs: number,
): readonly HopCoverage[] {
  const size = Math.max(1, Math.trunc(bucketMs))
  const sums = new Map<
    string,
    HopCoverage & {
      failed: number
      readonly requests: Record<CoveredUse, number>
      readonly connections: Record<CoveredUse, number>
    }
  >()
  for (const { at, source, side } of sides) {
    const { callerSpiffeId, callerAddress, calleeSpiffeId, calleeAddress, cluster } = side
    const bucket = Math.floor(at / size) * size
    const group = {
      source,
      side: side.side,
      callerSpiffeId,
      callerAddress,
      calleeSpiffeId,
      calleeAddress,
      upstreamCluster: cluster,
      at: bucket,
    }
    const key = JSON.stringify(group)
    let sum = sums.get(key)
    if (sum === undefined) {
      sum = { ...group, requests: nothing(), connections: nothing(), failed: 0 }
      sums.set(key, sum)
    }
    if (side.request !== null) sum.requests[useOf[side.use]] += 1
    else if (side.handshakeFailure !== null) sum.failed += 1
    else sum.connections[useOf[side.use]] += 1
  }
  return [...sums.values()].toSorted((left, right) =>
    inOrder([
      [left.at, right.at],
      [left.source, right.source],
      [left.side, right.side],
      [left.callerSpiffeId, right.callerSpiffeId],
      [left.callerAddress, right.callerAddress],
      [left.calleeSpiffeId, right.calleeSpiffeId],
      [left.calleeAddress, right.calleeAddress],
      [left.upstreamCluster, right.upstreamCluster],
    ]),
  )
}

type Sortable = string | number | null | undefined

/** By the first pair that differs; what is not there comes first, texts by their bytes. */
function inOrder(pairs: readonly (readonly [Sortable, Sortable])[]): number {
  for (const [left, right] of pairs) {
    if (left === right) continue
    if (left === null || left === undefined) return -1
    if (right === null || right === undefined) return 1
    if (typeof left === 'number' && typeof right === 'number') return left - right
    return String(left) < String(right) ? -1 : 1
  }
  return 0
}
