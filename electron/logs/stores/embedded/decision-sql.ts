/**
 * Decision events in SQL, for many at once: DuckDB reads JSON several times faster than we can. It takes only events of
 * the shape that OPA writes, with nothing in them to be masked or cut; every other event is marked `odd` and goes through
 * intake/opa-decision.ts, which decides what is understood. A test holds both against the same events.
 */

/** What is read of an event, OPA 1.15 to 1.19; a value of another type reads as NULL. `#n` and `#i` are put in by us. */
const columns = `{"#n": 'INTEGER', "#i": 'INTEGER', decision_id: 'VARCHAR', "timestamp": 'VARCHAR', path: 'VARCHAR',
  trace_id: 'VARCHAR', revision: 'VARCHAR', labels: 'STRUCT(id VARCHAR)', bundles: 'JSON', error: 'JSON',
  result: 'STRUCT(allowed JSON, reasons JSON, dynamic_metadata STRUCT(reasons JSON))',
  metrics: 'STRUCT(timer_rego_query_eval_ns VARCHAR)',
  input: 'STRUCT(source_principal VARCHAR, attributes STRUCT(source STRUCT(principal VARCHAR),
    destination STRUCT(principal VARCHAR),
    request STRUCT(http STRUCT(headers STRUCT("x-request-id" VARCHAR, traceparent VARCHAR)))))'}`

const flat = `"#n" AS number, "#i" AS item, decision_id AS decision, "timestamp" AS said, coalesce(path, '') AS path,
  trace_id AS trace, revision AS oldRevision, labels.id AS opa, coalesce(bundles::VARCHAR, '{}') AS bundles,
  error, result.allowed::VARCHAR AS allowed,
  coalesce(result.dynamic_metadata.reasons::VARCHAR, result.reasons::VARCHAR, '[]') AS reasons,
  metrics.timer_rego_query_eval_ns AS evaluation,
  coalesce(input.attributes.source.principal, input.source_principal) AS source,
  input.attributes.destination.principal AS destination,
  input.attributes.request.http.headers."x-request-id" AS request,
  input.attributes.request.http.headers.traceparent AS traceparent,
  CASE WHEN length("timestamp") BETWEEN 20 AND 30 AND ends_with("timestamp", 'Z') AND "timestamp"[11] = 'T'
    THEN try_cast(left(rtrim("timestamp", 'Z'), 23) AS TIMESTAMP) END AS time,
  CASE WHEN length(decision_id) = 36 AND lower(decision_id) = decision_id THEN try_cast(decision_id AS UUID) END AS identity`

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const isUuid = `regexp_full_match(request, '${uuid}')`
const oneBundle = '\\{"[^"\\\\]+":\\{"revision":"([ -!#-\\[\\]-~]{1,200})"\\}\\}'
const reason = '"[ !#-\\[\\]-~]*"'
/** As in intake/mask.ts, and more rather than less. */
const secret =
  '(?i)eyJ|-----BEGIN|bearer|basic|(token|secret|password|passwd|pwd|api[_-]?key|access[_-]?key|authorization|cookie|signature)["\\\']?\\s*[=:]'.replaceAll(
    "'",
    "''",
  )

/** Every one holds of an event that SQL may take; NULL counts as not. */
const conditions: readonly string[] = [
  'identity IS NOT NULL',
  'time IS NOT NULL',
  "allowed IN ('true', 'false')",
  'error IS NULL',
  // The other columns are kept only where they have a shape that has no such character.
  `NOT regexp_matches(concat(opa, source, destination, oldRevision, CASE WHEN NOT ${isUuid} THEN request END), '[^ -~]')`,
  "regexp_full_match(path, '[A-Za-z0-9_/.-]*') AND NOT contains(path, 'eyJ')",
  'length(concat(opa, request, oldRevision, path)) <= 200',
  'length(concat(source, destination)) <= 2000',
  "(evaluation IS NULL OR regexp_full_match(evaluation, '[0-9]{1,15}'))",
  `(bundles = '{}' OR regexp_full_match(bundles, '${oneBundle}'))`,
  `(reasons = '[]' OR (length(reasons) <= 300 AND regexp_full_match(reasons, '\\[${reason}(,${reason}){0,9}\\]') AND NOT regexp_matches(reasons, '${secret}')))`,
]

const isTrace = (name: string): string => `regexp_full_match(${name}, '[0-9a-f]{32}')`
/** As text of 32 digits; empty when there is none. */
const traceText = `CASE WHEN ${isTrace('trace')} THEN trace WHEN ${isTrace('traceparent')} THEN traceparent
  ELSE regexp_extract(coalesce(traceparent, ''), '^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}', 1) END`

/** Longest object that DuckDB makes room for unless told otherwise. Bytes: with more room it spends its time on clearing it. */
export const usualObject = 1024 * 1024

/**
 * A temporary table `bulk` of the events of a file of JSON. A value that is no event, or no JSON, is an `odd` row; the
 * other columns of an odd row mean nothing.
 * @param file read by DuckDB; a file name is part of the statement, so quotes in it are doubled.
 */
export function bulkSql(file: string, longestObject: number): string {
  return `CREATE OR REPLACE TEMP TABLE bulk AS
    SELECT number, item, odd, CASE WHEN NOT odd THEN epoch_ms(time) END AS moment,
      CASE WHEN NOT odd THEN identity END AS identity,
      CASE WHEN ${isUuid} THEN request::UUID END AS requestUuid,
      CASE WHEN NOT ${isUuid} THEN nullif(request, '') END AS requestText,
      try_cast(nullif(${traceText}, '') AS UUID) AS traceUuid,
      nullif(opa, '') AS opaInstanceId,
      CASE WHEN starts_with(source, 'spiffe://') THEN source END AS callerSpiffeId,
      CASE WHEN starts_with(destination, 'spiffe://') THEN destination END AS calleeSpiffeId,
      CASE allowed WHEN 'true' THEN 'allow' ELSE 'deny' END AS outcome, reasons, path,
      nullif(CASE WHEN bundles = '{}' THEN oldRevision ELSE regexp_extract(bundles, '${oneBundle}', 1) END, '') AS revision,
      try_cast(evaluation AS BIGINT) AS evaluationNs
    FROM (SELECT *, NOT coalesce(${conditions.join('\n AND ')}, false) AS odd
      FROM (SELECT ${flat} FROM read_json(${quoted(file)}, format = 'newline_delimited', columns = ${columns},
        ignore_errors = true, maximum_object_size = ${longestObject})))`
}

function quoted(file: string): string {
  return `'${file.replaceAll("'", "''")}'`
}

/** How many events of `bulk` came more than once, and how many come earlier than the one before them. */
export const disorderSql = `SELECT
  (SELECT count(*) FROM (SELECT identity FROM bulk WHERE NOT odd GROUP BY identity, moment HAVING count(*) > 1)),
  (SELECT count(*) FROM (SELECT moment < lag(moment) OVER () AS earlier FROM bulk WHERE NOT odd) WHERE earlier)`

/** Of events that came more than once the first one, each time that they are read: its place is sealed. */
const firstOfEach = 'SELECT DISTINCT ON (identity, moment) * FROM bulk WHERE NOT odd ORDER BY number, item'

/**
 * Moves the rows of `bulk` that are not odd and not stored already; `columns` are place, source and time of arrival.
 * `hasRepeats` and `isOrdered` spare what costs more than all the rest and is seldom needed.
 */
export function moveSql(from: {
  readonly columns: string
  readonly join: string
  readonly earliest: bigint
  readonly latest: bigint
  readonly hasRepeats: boolean
  readonly isOrdered: boolean
}): string {
  return `INSERT INTO "opa-decisions" (moment, receivedAt, source, segment, import, frame, item, identity,
      requestUuid, requestText, traceUuid, traceText, decisionUuid, decisionText,
      opaInstanceId, callerSpiffeId, calleeSpiffeId, outcome, reasons, path, revision, evaluationNs)
    SELECT moment, ${from.columns}, identity, requestUuid, requestText, traceUuid, NULL, identity, NULL,
      opaInstanceId, callerSpiffeId, calleeSpiffeId, outcome, reasons, path, revision, evaluationNs
    FROM (${from.hasRepeats ? firstOfEach : 'SELECT * FROM bulk WHERE NOT odd'}) AS bulk ${from.join}
    WHERE NOT EXISTS (SELECT 1 FROM "opa-decisions" AS known
      WHERE known.identity = bulk.identity AND known.moment = bulk.moment
      AND known.moment BETWEEN ${from.earliest} AND ${from.latest})
    ${from.isOrdered ? '' : 'ORDER BY moment'}`
}
