/**
 * Decision events in SQL, for many at once: DuckDB reads JSON several times faster than we can. It takes only events of
 * exactly the shape that OPA writes, with nothing in them to be masked or cut; every other event is marked `odd` and goes
 * through intake/opa-decision.ts, which alone decides what is understood. A test holds both against the same events.
 */

/** JSON pointers into an event, in the order of `x` below. */
const pointers = {
  number: '/#n',
  item: '/#i',
  decisionId: '/decision_id',
  time: '/timestamp',
  path: '/path',
  opa: '/labels/id',
  source: '/input/attributes/source/principal',
  sourcePrincipal: '/input/source_principal',
  destination: '/input/attributes/destination/principal',
  request: '/input/attributes/request/http/headers/x-request-id',
  traceparent: '/input/attributes/request/http/headers/traceparent',
  trace: '/trace_id',
  evaluation: '/metrics/timer_rego_query_eval_ns',
  revision: '/revision',
  bundles: '/bundles',
  allowed: '/result/allowed',
  reasonsInMetadata: '/result/dynamic_metadata/reasons',
  reasonsOfResult: '/result/reasons',
  error: '/error',
} as const
type Pointer = keyof typeof pointers

const names = Object.keys(pointers) as readonly Pointer[]

/** The event's JSON text at a pointer; NULL when it has none. */
function at(name: Pointer): string {
  return `x[${names.indexOf(name) + 1}]`
}

/** The content of a JSON string that holds no quote and no escape. */
function content(name: Pointer): string {
  return `trim(${at(name)}, '"')`
}

const strings: readonly Pointer[] = [
  'decisionId',
  'time',
  'path',
  'opa',
  'source',
  'sourcePrincipal',
  'destination',
  'request',
  'traceparent',
  'trace',
  'revision',
]

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const reason = '"[A-Za-z0-9_ /.,()-]*"'
const reasons = `coalesce(${at('reasonsInMetadata')}, ${at('reasonsOfResult')})`
const time = `try_cast(left(rtrim(${content('time')}, 'Z'), 23) AS TIMESTAMP)`
const oneBundle = `\\{"[^"\\\\]+":\\{"revision":"([ -!#-\\[\\]-~]{1,200})"\\}\\}`

/** Every one holds of an event that SQL may take; NULL counts as not. */
const conditions: readonly string[] = [
  // Each is absent or a string of printable ASCII without escapes: one expression over all is several times faster.
  `regexp_full_match(concat_ws('|', ${strings.map((name) => `coalesce(${at(name)}, '')`).join(', ')}), '(?:"[ !#-\\[\\]-~]*"|\\|)*')`,
  `length(${at('decisionId')}) = 38 AND lower(${at('decisionId')}) = ${at('decisionId')} AND try_cast(${content('decisionId')} AS UUID) IS NOT NULL`,
  `length(${at('time')}) BETWEEN 22 AND 32 AND ends_with(${at('time')}, 'Z"') AND ${at('time')}[12] = 'T'`,
  `${time} IS NOT NULL`,
  `regexp_full_match(coalesce(${at('path')}, '""'), '"[A-Za-z0-9_/.-]*"') AND NOT contains(coalesce(${at('path')}, ''), 'eyJ')`,
  `length(concat(${at('opa')}, ${at('request')}, ${at('revision')}, ${at('path')})) <= 200`,
  `length(concat(${at('source')}, ${at('sourcePrincipal')}, ${at('destination')})) <= 2000`,
  `(${at('evaluation')} IS NULL OR regexp_full_match(${at('evaluation')}, '[0-9]{1,15}'))`,
  `(${at('bundles')} IS NULL OR ${at('bundles')} = '{}' OR regexp_full_match(${at('bundles')}, '${oneBundle}'))`,
  `${at('allowed')} IN ('true', 'false')`,
  `(coalesce(${reasons}, '[]') = '[]' OR (length(${reasons}) <= 300 AND regexp_full_match(${reasons}, '\\[(${reason}(,${reason}){0,9})?\\]') AND NOT regexp_matches(${reasons}, '(?i)eyJ|bearer|basic')))`,
  `${at('error')} IS NULL`,
]

function spiffeId(value: string): string {
  return `CASE WHEN starts_with(${value}, 'spiffe://') THEN ${value} END`
}

function uuidOr(value: string, shape: string): { readonly uuid: string; readonly text: string } {
  const fits = `regexp_matches(${value}, '^${shape}$')`
  return {
    uuid: `CASE WHEN ${fits} THEN ${value}::UUID END`,
    text: `CASE WHEN NOT ${fits} THEN nullif(${value}, '') END`,
  }
}

const request = uuidOr(content('request'), uuid)
/** The trace id as text of 32 digits; empty when there is none. */
const trace = `CASE WHEN regexp_matches(${content('trace')}, '^[0-9a-f]{32}$') THEN ${content('trace')}
  WHEN regexp_matches(${content('traceparent')}, '^[0-9a-f]{32}$') THEN ${content('traceparent')}
  ELSE regexp_extract(coalesce(${content('traceparent')}, ''), '^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}', 1) END`

/**
 * A temporary table `bulk` of the events of a file of JSON. `odd` rows have their JSON text in `raw` and no columns that
 * mean anything; others have the columns of `opa-decisions`.
 * @param file read by DuckDB; a file name is part of the statement, so quotes in it are doubled.
 */
export function bulkSql(file: string, format: 'newline_delimited' | 'auto', longestObject: number): string {
  const list = names.map((name) => `'${pointers[name]}'`).join(', ')
  return `CREATE OR REPLACE TEMP TABLE bulk AS
    SELECT number, item, odd, CASE WHEN odd THEN raw END AS raw,
      CASE WHEN NOT odd THEN epoch_ms(${time}) END AS moment,
      CASE WHEN NOT odd THEN ${content('decisionId')}::UUID END AS identity,
      ${request.uuid} AS requestUuid, ${request.text} AS requestText,
      nullif(${trace}, '')::UUID AS traceUuid,
      nullif(${content('opa')}, '') AS opaInstanceId,
      ${spiffeId(`coalesce(${content('source')}, ${content('sourcePrincipal')})`)} AS callerSpiffeId,
      ${spiffeId(content('destination'))} AS calleeSpiffeId,
      CASE ${at('allowed')} WHEN 'true' THEN 'allow' ELSE 'deny' END AS outcome,
      coalesce(${reasons}, '[]') AS reasons,
      coalesce(${content('path')}, '') AS path,
      nullif(CASE WHEN coalesce(${at('bundles')}, '{}') = '{}' THEN ${content('revision')}
        ELSE regexp_extract(${at('bundles')}, '${oneBundle}', 1) END, '') AS revision,
      try_cast(${at('evaluation')} AS BIGINT) AS evaluationNs
    FROM (
      SELECT try_cast(${at('number')} AS BIGINT) AS number, try_cast(${at('item')} AS BIGINT) AS item, raw, x,
        NOT coalesce(${conditions.join('\n AND ')}, false) AS odd
      FROM (SELECT json::VARCHAR AS raw, json_extract(json, [${list}])::VARCHAR[] AS x
        FROM read_json_objects('${file.replaceAll("'", "''")}', format = '${format}', maximum_object_size = ${longestObject}))
    )`
}

/** Moves the rows of `bulk` that are not odd and not stored already; `from` gives place, source and time of arrival. */
export function moveSql(from: {
  readonly columns: string
  readonly join: string
  readonly earliest: bigint
  readonly latest: bigint
}): string {
  return `INSERT INTO "opa-decisions" (moment, receivedAt, source, segment, import, frame, item, identity,
      requestUuid, requestText, traceUuid, traceText, decisionUuid, decisionText,
      opaInstanceId, callerSpiffeId, calleeSpiffeId, outcome, reasons, path, revision, evaluationNs)
    SELECT moment, ${from.columns}, identity, requestUuid, requestText, traceUuid, NULL, identity, NULL,
      opaInstanceId, callerSpiffeId, calleeSpiffeId, outcome, reasons, path, revision, evaluationNs
    FROM (SELECT DISTINCT ON (identity, moment) * FROM bulk WHERE NOT odd) AS bulk ${from.join}
    WHERE NOT EXISTS (SELECT 1 FROM "opa-decisions" AS known
      WHERE known.identity = bulk.identity AND known.moment = bulk.moment AND known.moment BETWEEN ${from.earliest} AND ${from.latest})
    ORDER BY moment`
}
