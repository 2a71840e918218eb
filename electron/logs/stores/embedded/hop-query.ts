import type { DuckDBConnection, JS } from '@duckdb/node-api'
import type { HopActivityFact } from '../../../../shared/domain/model/log-facts.ts'
import type { TimeWindow } from '../../../core/log-store.ts'
import { idPart } from '../../activity/activity.ts'
import { activityFrom } from '../activity-provenance.ts'
import { between } from './queries.ts'

/** The latest value that any row of the group has. */
function latest(column: string): string {
  return `arg_max("${column}", moment) FILTER ("${column}" IS NOT NULL) AS "${column}"`
}

function count(name: string, condition: string): string {
  return `count(*) FILTER (isRequest = 1 AND ${condition}) AS "${name}"`
}

/**
 * The sums of activity/hop-activity.ts, over the table of hop sides: grouped alike, counted alike, so that a fact is the
 * same whether it was counted from a followed file or from the store. The conformance suite holds both against each other.
 */
function hopSql(window: TimeWindow): string {
  return `WITH sides AS (
      SELECT *,
        CASE side WHEN 'callee' THEN concat('callee/', coalesce(callerAddress, callerSpiffeId, '-'))
          ELSE concat('caller/', coalesce(cluster, '-'), '/', coalesce(calleeAddress, '-')) END AS runKey,
        CASE side WHEN 'callee' THEN concat(coalesce(callerSpiffeId, '-'), '/', coalesce(callerAddress, '-'))
          ELSE concat(coalesce(cluster, '-'), '/', coalesce(calleeAddress, '-')) END AS pair
      FROM hops WHERE ${between(window)}
    ), successes AS (
      SELECT source, runKey, max(moment) AS succeeded FROM sides
      WHERE handshakeFailure IS NULL AND "use" IN ('mutual', 'one-sided') GROUP BY ALL
    ), runs AS (
      SELECT source, runKey, min(moment) AS failingSince FROM sides LEFT JOIN successes USING (source, runKey)
      WHERE handshakeFailure IS NOT NULL AND moment > coalesce(succeeded, -9007199254740991) GROUP BY ALL
    ), sums AS (
      SELECT source, side, pair, any_value(runKey) AS runKey,
        ${['callerSpiffeId', 'calleeSpiffeId', 'callerAddress', 'calleeAddress', 'cluster', 'tlsVersion', 'cipher', 'peerSerial', 'peerNotAfter'].map(latest).join(', ')},
        ${count('requests', 'true')},
        ${count('allowed', "authorisation IN ('passed', 'failed-open')")},
        ${count('denied', "authorisation = 'denied'")},
        ${count('authorisationErrors', "authorisation = 'error'")},
        ${count('failedOpen', "authorisation = 'failed-open'")},
        ${count('decided', "decisionId IS NOT NULL AND authorisation <> 'failed-open'")},
        ${count('upstreamFailures', 'upstreamFailed = 1')},
        ${count('mutualTls', `"use" = 'mutual'`)},
        ${count('oneSidedTls', `"use" = 'one-sided'`)},
        ${count('plaintext', `"use" = 'plaintext'`)},
        count(*) FILTER (handshakeFailure IS NOT NULL) AS handshakeFailures,
        arg_max({"at": moment, requestId: requestId, method: method, path: path, status: status, details: details, decisionId: decisionId}, moment)
          FILTER (isRequest = 1)::JSON AS lastRequest,
        arg_max({"at": moment, text: handshakeFailure, peerSpiffeId: CASE side WHEN 'callee' THEN callerSpiffeId ELSE calleeSpiffeId END}, moment)
          FILTER (handshakeFailure IS NOT NULL)::JSON AS lastFailure
      FROM sides WHERE isRequest = 1 OR handshakeFailure IS NOT NULL GROUP BY source, side, pair
    )
    SELECT sums.*, runs.failingSince FROM sums LEFT JOIN runs USING (source, runKey) ORDER BY source, side, pair`
}

export async function hopActivityOf(
  connection: DuckDBConnection,
  window: TimeWindow,
): Promise<readonly HopActivityFact[]> {
  const reader = await connection.runAndReadAll(hopSql(window))
  return reader.getRowObjectsJS().map((row) => factOf(row, window))
}

function factOf(row: Readonly<Record<string, JS>>, window: TimeWindow): HopActivityFact {
  const source = String(row['source'])
  const side = row['side'] === 'callee' ? 'callee' : 'caller'
  const text = (name: string): string | null => (typeof row[name] === 'string' ? row[name] : null)
  const number = (name: string): number => Number(row[name] ?? 0)
  const numberOrNull = (name: string): number | null => (row[name] === null ? null : number(name))
  const { scope, from, windowFrom, windowTo } = activityFrom(source, window)
  const [first, second] =
    side === 'callee' ? [text('callerSpiffeId'), text('callerAddress')] : [text('cluster'), text('calleeAddress')]
  const lastRequest = structOf<NonNullable<HopActivityFact['lastRequest']>>(row['lastRequest'])
  return {
    kind: 'hop-activity',
    id: `${scope}#hop-activity/${source}/${side}/${idPart(first)}/${idPart(second)}`,
    from,
    envoy: source,
    side,
    callerSpiffeId: text('callerSpiffeId'),
    calleeSpiffeId: text('calleeSpiffeId'),
    callerAddress: text('callerAddress'),
    calleeAddress: text('calleeAddress'),
    upstreamCluster: text('cluster'),
    windowFrom,
    windowTo,
    requests: number('requests'),
    allowed: number('allowed'),
    denied: number('denied'),
    authorisationErrors: number('authorisationErrors'),
    failedOpen: number('failedOpen'),
    decided: number('decided'),
    upstreamFailures: number('upstreamFailures'),
    mutualTls: number('mutualTls'),
    oneSidedTls: number('oneSidedTls'),
    plaintext: number('plaintext'),
    handshakeFailures: number('handshakeFailures'),
    tlsVersion: text('tlsVersion'),
    tlsCipher: text('cipher'),
    peerSerial: text('peerSerial'),
    peerNotAfter: numberOrNull('peerNotAfter'),
    lastRequestAt: lastRequest?.at ?? null,
    lastHandshakeFailure: structOf<NonNullable<HopActivityFact['lastHandshakeFailure']>>(row['lastFailure']),
    failingSince: number('handshakeFailures') > 0 ? numberOrNull('failingSince') : null,
    lastRequest,
  }
}

/** A struct of our own statement above, written by DuckDB as JSON with exactly its fields. */
function structOf<Struct>(value: JS | undefined): Struct | null {
  return typeof value === 'string' ? (JSON.parse(value) as Struct) : null
}
