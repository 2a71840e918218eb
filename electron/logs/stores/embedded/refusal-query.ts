import type { DuckDBConnection, JS } from '@duckdb/node-api'
import { type RefusalSum, type RefusalSumQuery, type RefusalSums, refusedStatuses } from '../../../core/log-store.ts'
import { apart } from '../refusals.ts'
import { between } from './queries.ts'

/** What sums are grouped by, in the order of the columns of every part below. */
const alike = [
  'kind',
  'source',
  'direction',
  'callerSpiffeId',
  'calleeSpiffeId',
  'callerAddress',
  'calleeAddress',
  'upstreamCluster',
  'status',
  'details',
  'reason',
  'revision',
] as const
const columns = `${alike.join(', ')}, moment, request, trace, decision, own`

/** An id as it was written: only one of its two columns is set. */
const ids = `coalesce("requestUuid"::VARCHAR, "requestText") AS request,
  coalesce(replace("traceUuid"::VARCHAR, '-', ''), "traceText") AS trace,
  coalesce("decisionUuid"::VARCHAR, "decisionText") AS decision`

/** The sums of ../refusal-sums.ts, where each step is explained; counted here, because there may be very many rows. */
function refusalSql({ window, limit }: RefusalSumQuery): string {
  const wider = { from: window.from - apart, to: window.to + apart }
  return `WITH decided AS MATERIALIZED (
      SELECT moment, source, callerSpiffeId, calleeSpiffeId, outcome, revision, "decisionUuid", "decisionText", ${ids},
        CASE WHEN reasons <> '[]' THEN json_extract_string(reasons, '$[0]') END AS reason
      FROM "opa-decisions" WHERE ${between(wider)} AND outcome <> 'allow'
    ), byDecision AS (
      SELECT decision, arg_max({"reason": reason, "revision": revision}, moment) AS last
      FROM decided WHERE decision IS NOT NULL GROUP BY decision
    ), refused AS (
      SELECT *, ${ids},
        CASE WHEN authorisation = 'denied' THEN 'policy'
          WHEN authorisation = 'error' THEN 'no-decision'
          WHEN details IS NULL THEN 'unknown'
          WHEN NOT starts_with(details, 'via_upstream') THEN 'filter'
          WHEN direction = 'inbound' THEN 'application' ELSE 'unknown' END AS kind
      FROM "envoy-access" WHERE ${between(window)}
        AND (authorisation IN ('denied', 'error') OR status IN (${refusedStatuses.join(', ')}))
    ), lines AS MATERIALIZED (
      SELECT kind, source, direction, callerSpiffeId, calleeSpiffeId,
        CASE WHEN callerSpiffeId IS NULL THEN callerAddress END AS callerAddress,
        calleeAddress, upstreamCluster, status, details,
        CASE WHEN kind NOT IN ('application', 'unknown') THEN last.reason END AS reason,
        CASE WHEN kind NOT IN ('application', 'unknown') THEN last.revision END AS revision,
        moment, request, trace, decision, coalesce(request, decision) AS own
      FROM refused LEFT JOIN byDecision USING (decision)
    ), decisive AS MATERIALIZED (
      SELECT ${columns} FROM lines WHERE kind NOT IN ('application', 'unknown')
      UNION ALL
      SELECT CASE outcome WHEN 'deny' THEN 'policy' ELSE 'no-decision' END, source, NULL, callerSpiffeId, calleeSpiffeId,
        NULL, NULL, NULL, NULL, NULL, reason, revision, moment, request, trace, decision, coalesce(request, decision)
      FROM decided WHERE ${between(window)}
        AND NOT EXISTS (SELECT 1 FROM "envoy-access" AS logged
          WHERE logged.${between(wider)} AND logged."decisionUuid" = decided."decisionUuid")
        AND NOT EXISTS (SELECT 1 FROM "envoy-access" AS logged
          WHERE logged.${between(wider)} AND logged."decisionText" = decided."decisionText")
        AND NOT EXISTS (SELECT 1 FROM lines WHERE lines.kind = 'no-decision'
          AND lines.request = decided.request AND lines.calleeSpiffeId = decided.calleeSpiffeId)
    ), handedOn AS (
      SELECT * FROM lines WHERE kind IN ('application', 'unknown')
        AND NOT EXISTS (SELECT 1 FROM decisive WHERE decisive.request = lines.request)
    ), nearest AS (
      SELECT ${columns} FROM handedOn WHERE request IS NOT NULL
      QUALIFY row_number() OVER (PARTITION BY request
        ORDER BY moment DESC, CASE WHEN direction = 'inbound' THEN 0 ELSE 1 END, source) = 1
      UNION ALL
      SELECT ${columns} FROM handedOn WHERE request IS NULL
    ), byVault AS (
      SELECT 'vault' AS kind, source, NULL AS direction,
        CASE WHEN starts_with(subject, 'spiffe://') THEN subject END AS callerSpiffeId, NULL AS calleeSpiffeId,
        CASE WHEN starts_with(subject, 'spiffe://') THEN NULL ELSE remoteAddress END AS callerAddress,
        NULL AS calleeAddress, NULL AS upstreamCluster, NULL AS status, error AS details, NULL AS reason, NULL AS revision,
        moment, NULL AS request, NULL AS trace, NULL AS decision, coalesce("requestUuid"::VARCHAR, "requestText") AS own
      FROM "vault-audit" WHERE ${between(window)} AND outcome = 'denied'
    ), everything AS (
      SELECT ${columns} FROM decisive UNION ALL SELECT ${columns} FROM nearest UNION ALL SELECT ${columns} FROM byVault
    ), sums AS (
      SELECT ${alike.join(', ')}, count(DISTINCT own) + count(*) FILTER (own IS NULL) AS requests, min(moment) AS "first",
        max(moment) AS latestAt, arg_max({"request": request, "trace": trace, "decision": decision}, moment) AS latest
      FROM everything GROUP BY ${alike.join(', ')}
    )
    SELECT * EXCLUDE (latest), latest.request AS request, latest.trace AS trace, latest.decision AS decision,
      sum(requests) OVER () AS total
    FROM sums ORDER BY latestAt DESC LIMIT ${Math.trunc(limit) + 1}`
}

export async function sumRefusals(connection: DuckDBConnection, query: RefusalSumQuery): Promise<RefusalSums> {
  const reader = await connection.runAndReadAll(refusalSql(query))
  const rows = reader.getRowObjectsJS()
  return {
    sums: rows.slice(0, query.limit).map(sumOf),
    total: Number(rows[0]?.['total'] ?? 0),
    complete: rows.length <= query.limit,
  }
}

const kinds = ['policy', 'no-decision', 'filter', 'application', 'vault', 'unknown'] as const
const directions = ['inbound', 'outbound'] as const

function sumOf(row: Readonly<Record<string, JS>>): RefusalSum {
  const text = (name: string): string | null => (typeof row[name] === 'string' ? row[name] : null)
  return {
    kind: kinds.find((kind) => kind === row['kind']) ?? 'unknown',
    source: String(row['source']),
    direction: directions.find((direction) => direction === row['direction']) ?? null,
    callerSpiffeId: text('callerSpiffeId'),
    calleeSpiffeId: text('calleeSpiffeId'),
    callerAddress: text('callerAddress'),
    calleeAddress: text('calleeAddress'),
    upstreamCluster: text('upstreamCluster'),
    status: row['status'] === null ? null : Number(row['status']),
    details: text('details'),
    reason: text('reason'),
    revision: text('revision'),
    count: Number(row['requests']),
    first: Number(row['first']),
    latest: {
      at: Number(row['latestAt']),
      requestId: text('request'),
      traceId: text('trace'),
      decisionId: text('decision'),
    },
  }
}
