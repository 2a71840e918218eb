import type { DuckDBConnection, JS } from '@duckdb/node-api'
import type {
  AuthorisationCount,
  AuthorisationCounts,
  CoveredUse,
  DecisionCount,
  DecisionCountQuery,
  DecisionCounts,
  DecisionDimension,
  HopCoverage,
} from '../../../core/log-statistics.ts'
import type { TimeWindow } from '../../../core/log-store.ts'
import { bucketsOf, day, dimensionsIn, hour } from '../statistics.ts'
import { numbersOf } from './ingest.ts'
import { between } from './queries.ts'

type Row = Readonly<Record<string, JS>>

/** The beginning of an hour and of a day are numbers; all other dimensions are columns. */
const expressions: Readonly<Record<DecisionDimension, string>> = {
  hour: `moment // ${hour} * ${hour}`,
  day: `moment // ${day} * ${day}`,
  source: 'source',
  opaInstanceId: '"opaInstanceId"',
  path: '"path"',
  revision: '"revision"',
  outcome: '"outcome"',
  callerSpiffeId: '"callerSpiffeId"',
  calleeSpiffeId: '"calleeSpiffeId"',
}

export async function countDecisions(
  connection: DuckDBConnection,
  { window, by, limit }: DecisionCountQuery,
): Promise<DecisionCounts> {
  const dimensions = dimensionsIn(by)
  const [total = 0] = await numbersOf(connection, `SELECT count(*) FROM "opa-decisions" WHERE ${between(window)}`)
  if (total === 0) return { counts: [], total, complete: true }
  const columns = dimensions.map((name) => `${expressions[name]} AS "by-${name}"`)
  const order = [...dimensions.map((name) => `"by-${name}" NULLS FIRST`), 'held'].join(', ')
  const reader = await connection.runAndReadAll(
    `SELECT ${[...columns, 'count(*) AS held'].join(', ')} FROM "opa-decisions" WHERE ${between(window)}
     ${dimensions.length === 0 ? '' : 'GROUP BY ALL'} ORDER BY ${order} LIMIT ${limit + 1}`,
  )
  const counts = reader.getRowObjectsJS().map((row) => decisionCount(row, dimensions))
  return { counts: counts.slice(0, limit), total, complete: counts.length <= limit }
}

function decisionCount(row: Row, dimensions: readonly DecisionDimension[]): DecisionCount {
  const values = dimensions.map((name): [string, unknown] => {
    const value = row[`by-${name}`] ?? null
    return [name, name === 'hour' || name === 'day' ? Number(value) : value === null ? null : String(value)]
  })
  return { ...Object.fromEntries(values), count: Number(row['held']) }
}

/** The decision of a request may have been made a while before the line of it was written, or outside of the window. */
const apart = hour

/**
 * Whether a row's decision id is one of another table's, around a window. A join on either of two columns would be a loop over all
 * pairs: each column is looked up on its own.
 */
function isNamed(of: string, table: string, window: TimeWindow): string {
  const wider = between({ from: window.from - apart, to: window.to + apart })
  const parts = ['decisionUuid', 'decisionText'].map(
    (column) => `${of}."${column}" IN (SELECT "${column}" FROM "${table}" WHERE "${column}" IS NOT NULL AND ${wider})`,
  )
  return `coalesce(${parts.join(' OR ')}, false)`
}

export async function countAuthorisations(
  connection: DuckDBConnection,
  window: TimeWindow,
): Promise<AuthorisationCounts> {
  const reader = await connection.runAndReadAll(
    `SELECT source, direction, authorisation, count(*) AS held,
       count(*) FILTER ("decisionUuid" IS NOT NULL OR "decisionText" IS NOT NULL) AS named,
       count(*) FILTER (${isNamed('access', 'opa-decisions', window)}) AS found
     FROM "envoy-access" AS access WHERE ${between(window)}
     GROUP BY source, direction, authorisation
     ORDER BY source, direction NULLS FIRST, authorisation NULLS FIRST`,
  )
  const [decisions = 0, claims = 0] = await numbersOf(
    connection,
    `SELECT count(*), count(*) FILTER (${isNamed('decision', 'envoy-access', window)}) FROM "opa-decisions" AS decision WHERE ${between(window)}`,
  )
  return { requests: reader.getRowObjectsJS().map(authorisationCount), decisions, unclaimed: decisions - claims }
}

function authorisationCount(row: Row): AuthorisationCount {
  return {
    source: String(row['source']),
    // The columns are our own: they were written from a record with these types.
    direction: row['direction'] as AuthorisationCount['direction'],
    authorisation: row['authorisation'] as AuthorisationCount['authorisation'],
    count: Number(row['held']),
    named: Number(row['named']),
    held: Number(row['found']),
  }
}

export async function countDenials(
  connection: DuckDBConnection,
  window: TimeWindow,
  buckets: number,
): Promise<readonly (number | null)[]> {
  const { from, length, bucketMs } = bucketsOf(window, buckets)
  const to = window.to - 1
  const bucket = `least(${length - 1}, floor((moment - ${from}) / ${bucketMs})::INTEGER) AS bucket`
  const within = between({ from, to })
  const reader = await connection.runAndReadAll(
    `SELECT bucket, sum(denied) AS denied FROM (
       SELECT ${bucket}, count(*) FILTER (authorisation IN ('denied', 'error')) AS denied
         FROM "envoy-access" WHERE ${within} GROUP BY ALL
       UNION ALL
       SELECT ${bucket}, count(*) FILTER (outcome <> 'allow' AND NOT ${isNamed('decision', 'envoy-access', { from, to })}) AS denied
         FROM "opa-decisions" AS decision WHERE ${within} GROUP BY ALL
     ) GROUP BY bucket`,
  )
  const counts = Array.from<number | null>({ length }).fill(null)
  for (const [number, denied] of reader.getRows()) counts[Number(number)] = Number(denied)
  return counts
}

const uses: Readonly<Record<CoveredUse, string>> = {
  mutual: `"use" = 'mutual'`,
  oneSided: `"use" = 'one-sided'`,
  plaintext: `"use" = 'plaintext'`,
  unknown: `coalesce("use" NOT IN ('mutual', 'one-sided', 'plaintext'), true)`,
}
const useNames: readonly CoveredUse[] = ['mutual', 'oneSided', 'plaintext', 'unknown']

export async function coverageOfHops(
  connection: DuckDBConnection,
  window: TimeWindow,
  bucketMs: number,
): Promise<readonly HopCoverage[]> {
  const size = Math.max(1, Math.trunc(bucketMs))
  const sums = useNames.flatMap((name) => [
    `count(*) FILTER (isRequest = 1 AND ${uses[name]}) AS "requests-${name}"`,
    `count(*) FILTER (isRequest = 0 AND handshakeFailure IS NULL AND ${uses[name]}) AS "connections-${name}"`,
  ])
  const ends = ['callerSpiffeId', 'callerAddress', 'calleeSpiffeId', 'calleeAddress', 'cluster']
  const order = ['bucket', 'source', 'side', ...ends.map((end) => `${end} NULLS FIRST`)].join(', ')
  const reader = await connection.runAndReadAll(
    `SELECT moment // ${size} * ${size} AS bucket, source, side, ${ends.join(', ')},
       ${sums.join(', ')}, count(*) FILTER (isRequest = 0 AND handshakeFailure IS NOT NULL) AS failed
     FROM hops WHERE ${between(window)} GROUP BY bucket, source, side, ${ends.join(', ')} ORDER BY ${order}`,
  )
  return reader.getRowObjectsJS().map((row) => {
    const text = (name: string): string | null => (typeof row[name] === 'string' ? row[name] : null)
    const by = (of: string): Record<CoveredUse, number> => ({
      mutual: Number(row[`${of}-mutual`]),
      oneSided: Number(row[`${of}-oneSided`]),
      plaintext: Number(row[`${of}-plaintext`]),
      unknown: Number(row[`${of}-unknown`]),
    })
    return {
      source: String(row['source']),
      side: row['side'] === 'callee' ? 'callee' : 'caller',
      callerSpiffeId: text('callerSpiffeId'),
      callerAddress: text('callerAddress'),
      calleeSpiffeId: text('calleeSpiffeId'),
      calleeAddress: text('calleeAddress'),
      upstreamCluster: text('cluster'),
      at: Number(row['bucket']),
      requests: by('requests'),
      connections: by('connections'),
      failed: Number(row['failed']),
    }
  })
}
