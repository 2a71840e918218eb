import type { TrustGraph } from '../model/graph.ts'
import type { EpochMs } from '../model/time.ts'

/** How the connections of requests of a hop were protected in a bucket of time, as one log tells it. */
export interface CoverageRow {
  readonly source: string
  readonly side: 'caller' | 'callee'
  readonly callerSpiffeId: string | null
  /** Without its port, which differs with each connection. */
  readonly callerAddress: string | null
  readonly calleeSpiffeId: string | null
  readonly calleeAddress: string | null
  readonly upstreamCluster: string | null
  /** Beginning of the bucket. */
  readonly at: EpochMs
  readonly requests: CoverageCounts
  /** Lines of connections; those of which the handshake failed are in none but `failed`. */
  readonly connections: CoverageCounts
  readonly failed: number
}

export type CoverageCounts = Readonly<Record<'mutual' | 'oneSided' | 'plaintext' | 'unknown', number>>

/** no-mutual-tls: requests or connections went without one side, or without both, being verified. */
export type CoverageState = 'mutual' | 'no-mutual-tls' | 'unknown' | 'never-seen'

export interface CoveredHop {
  /** Of the trust graph; null: no hop of it could be found for what the log tells. */
  readonly hop: string | null
  readonly caller: string
  readonly callee: string
  readonly requests: CoverageCounts
  readonly connections: CoverageCounts
  readonly failed: number
  readonly state: CoverageState
}

/** What is known of a hop of the graph for finding it again in a log. */
export interface KnownHop {
  readonly hop: string
  readonly callerSpiffeId: string | null
  readonly calleeSpiffeId: string | null
  readonly caller: string
  readonly callee: string
  /** It was seen by what the graph knew: it should be in the logs. */
  readonly isObserved: boolean
}

/** Hops of both graphs, each once. */
export function knownHops(graphs: readonly TrustGraph[]): readonly KnownHop[] {
  const found = new Map<string, KnownHop>()
  for (const graph of graphs) {
    const workloads = new Map(graph.workloads.map((workload) => [workload.id, workload]))
    for (const { id, from, to, relations } of graph.hops) {
      const [caller, callee] = [workloads.get(from), workloads.get(to)]
      const before = found.get(id)
      found.set(id, {
        hop: id,
        callerSpiffeId: caller?.spiffeId.known === true ? caller.spiffeId.value : (before?.callerSpiffeId ?? null),
        calleeSpiffeId: callee?.spiffeId.known === true ? callee.spiffeId.value : (before?.calleeSpiffeId ?? null),
        caller: caller?.name ?? from,
        callee: callee?.name ?? to,
        isObserved: relations.includes('observed') || before?.isObserved === true,
      })
    }
  }
  return [...found.values()]
}

/** Whose Envoy writes a log: what a side without a certificate is known by. */
export interface LogWriter {
  readonly name: string
  readonly spiffeId: string | null
}

/** Workloads by the ids of their Envoys. */
export function logWriters(graphs: readonly TrustGraph[]): ReadonlyMap<string, LogWriter> {
  return new Map(
    graphs.flatMap(({ workloads }) =>
      workloads.flatMap(({ name, spiffeId, envoys }) =>
        envoys.map(({ envoy }) => [envoy, { name, spiffeId: spiffeId.known ? spiffeId.value : null }] as const),
      ),
    ),
  )
}

const none: CoverageCounts = { mutual: 0, oneSided: 0, plaintext: 0, unknown: 0 }

/**
 * Sums by hop. Where both sides logged a hop those of the called side count: it knows the certificate that it was shown. Hops of the
 * graph that no line tells of are there too, never seen.
 */
export function coveredHops(
  rows: readonly CoverageRow[],
  hops: readonly KnownHop[],
  writerOf: (source: string) => LogWriter | null = () => null,
): readonly CoveredHop[] {
  const byIds = new Map(hops.map((hop) => [`${hop.callerSpiffeId}\n${hop.calleeSpiffeId}`, hop]))
  const sums = new Map<string, { readonly name: Named; readonly sides: Map<CoverageRow['side'], Sum> }>()
  for (const row of rows) {
    const name = nameOf(row, byIds, writerOf(row.source))
    const sum = sums.get(name.key) ?? { name, sides: new Map<CoverageRow['side'], Sum>() }
    const before = sum.sides.get(row.side) ?? { requests: none, connections: none, failed: 0 }
    sum.sides.set(row.side, {
      requests: added(before.requests, row.requests),
      connections: added(before.connections, row.connections),
      failed: before.failed + row.failed,
    })
    sums.set(name.key, sum)
  }
  const covered = [...sums.values()].map(({ name, sides }): CoveredHop => {
    const sum = sides.get('callee') ?? sides.get('caller') ?? { requests: none, connections: none, failed: 0 }
    return { hop: name.hop, caller: name.caller, callee: name.callee, ...sum, state: stateOf(sum) }
  })
  const seen = new Set(covered.map(({ hop }) => hop))
  const unseen = hops
    .filter(({ hop }) => !seen.has(hop))
    .map(
      ({ hop, caller, callee }): CoveredHop => ({
        hop,
        caller,
        callee,
        requests: none,
        connections: none,
        failed: 0,
        state: 'never-seen',
      }),
    )
  return [...covered, ...unseen].toSorted(inOrder)
}

interface Sum {
  readonly requests: CoverageCounts
  readonly connections: CoverageCounts
  readonly failed: number
}

interface Named {
  readonly key: string
  readonly hop: string | null
  readonly caller: string
  readonly callee: string
}

function nameOf(row: CoverageRow, byIds: ReadonlyMap<string, KnownHop>, writer: LogWriter | null): Named {
  // Whoever writes the log is one end of the hop, whatever the other end was shown.
  const own = (side: CoverageRow['side']): LogWriter | null => (row.side === side ? writer : null)
  const callerSpiffeId = row.callerSpiffeId ?? own('caller')?.spiffeId ?? null
  const calleeSpiffeId = row.calleeSpiffeId ?? own('callee')?.spiffeId ?? null
  const known =
    callerSpiffeId === null || calleeSpiffeId === null ? undefined : byIds.get(`${callerSpiffeId}\n${calleeSpiffeId}`)
  if (known !== undefined) return { key: known.hop, hop: known.hop, caller: known.caller, callee: known.callee }
  const caller = row.callerSpiffeId ?? own('caller')?.name ?? row.callerAddress ?? `a caller of ${row.source}`
  const callee =
    row.calleeSpiffeId ?? own('callee')?.name ?? row.calleeAddress ?? row.upstreamCluster ?? `what ${row.source} calls`
  return { key: JSON.stringify([caller, callee]), hop: null, caller, callee }
}

/** A single request without mutual TLS is one too many; one of which nothing is known leaves the hop unknown. */
function stateOf({ requests, connections }: Sum): CoverageState {
  const all = added(requests, connections)
  if (all.oneSided + all.plaintext > 0) return 'no-mutual-tls'
  if (all.unknown > 0 || all.mutual === 0) return 'unknown'
  return 'mutual'
}

export function added(one: CoverageCounts, other: CoverageCounts): CoverageCounts {
  return {
    mutual: one.mutual + other.mutual,
    oneSided: one.oneSided + other.oneSided,
    plaintext: one.plaintext + other.plaintext,
    unknown: one.unknown + other.unknown,
  }
}

function inOrder(one: CoveredHop, other: CoveredHop): number {
  const [a, b] = [`${one.caller}\n${one.callee}`, `${other.caller}\n${other.callee}`]
  return a < b ? -1 : a > b ? 1 : 0
}

const hourMs = 3_600_000
const leastMs = 60_000

/** One hour, or a twenty-fourth of a shorter period; whole minutes. Milliseconds. */
export function coverageBucketMs(period: { readonly from: EpochMs; readonly to: EpochMs }): number {
  const part = Math.ceil((period.to - period.from) / 24 / leastMs) * leastMs
  return Math.min(hourMs, Math.max(leastMs, part))
}
