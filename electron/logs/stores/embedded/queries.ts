import type { DuckDBConnection, DuckDBValue, JS } from '@duckdb/node-api'
import {
  type FoundRecords,
  type RecordId,
  type RecordKind,
  type RecordLocator,
  type RecordsQuery,
  type RefusedQuery,
  type RefusedRequests,
  recordKinds,
  type StoredAccess,
  type StoredDecision,
  type StoredRecord,
  type TimeWindow,
} from '../../../core/log-store.ts'
import { apart, joinedRefusals } from '../refusals.ts'
import { joinedId, splitId } from './appending.ts'
import { ownColumns } from './columns.ts'

type Row = Readonly<Record<string, JS>>

/** Kinds whose records have an id of each sort. */
const kindsWith: Readonly<Record<RecordId['by'], readonly RecordKind[]>> = {
  request: ['opa-decisions', 'envoy-access', 'integrity-events', 'spire-audit', 'vault-audit'],
  trace: ['opa-decisions', 'envoy-access', 'integrity-events'],
  decision: ['opa-decisions', 'envoy-access'],
}

export async function findRecords(
  connection: DuckDBConnection,
  id: RecordId,
  window: TimeWindow | null,
  limit: number,
): Promise<FoundRecords> {
  const { uuid, text } = splitId(id.by, id.id)
  const column = uuid === null ? `${id.by}Text` : `${id.by}Uuid`
  const found: StoredRecord[] = []
  for (const kind of kindsWith[id.by]) {
    const where = `"${column}" = $id ${window === null ? '' : `AND ${between(window)}`}`
    const values = { id: uuid ?? text }
    // Sorting costs as much as finding, and is seldom needed: an id has few records.
    const few = await recordsOf(connection, kind, `${where} LIMIT ${limit + 1}`, values)
    const ordered = `${where} ORDER BY moment LIMIT ${limit + 1}`
    found.push(...(few.length <= limit ? few : await recordsOf(connection, kind, ordered, values)))
  }
  const sorted = found.toSorted((left, right) => left.at - right.at)
  return { records: sorted.slice(0, limit), complete: sorted.length <= limit }
}

export async function latestRecords(
  connection: DuckDBConnection,
  { record, window, text, limit }: RecordsQuery,
): Promise<FoundRecords> {
  const columns = Object.keys(ownColumns[record]).map((name) => `"${name}"`)
  const filter = text === null ? '' : `AND contains(lower(concat_ws(' ', ${columns.join(', ')})), lower($text))`
  const where = `${between(window)} ${filter} ORDER BY moment DESC LIMIT ${limit + 1}`
  const found = await recordsOf(connection, record, where, text === null ? {} : { text })
  return { records: found.slice(0, limit).toReversed(), complete: found.length <= limit }
}

/** `where` is ours alone; what comes from outside is in `values`. */
async function recordsOf<Kind extends RecordKind>(
  connection: DuckDBConnection,
  kind: Kind,
  where: string,
  values: Record<string, DuckDBValue>,
): Promise<readonly Extract<StoredRecord, { readonly record: Kind }>[]> {
  const reader = await connection.runAndReadAll(`SELECT * FROM "${kind}" WHERE ${where}`, values)
  const rows = reader.getRowObjectsJS()
  const imported = rows.some((row) => row['import'] !== null) ? await importedFiles(connection) : new Map()
  return rows.map((row) => recordOf(kind, row, imported))
}

async function importedFiles(connection: DuckDBConnection): Promise<ReadonlyMap<number, string>> {
  const reader = await connection.runAndReadAll('SELECT import, file FROM imports')
  return new Map(reader.getRows().map(([number, file]) => [Number(number), String(file)]))
}

function recordOf<Kind extends RecordKind>(
  kind: Kind,
  row: Row,
  imported: ReadonlyMap<number, string>,
): Extract<StoredRecord, { readonly record: Kind }> {
  const own = Object.entries(ownColumns[kind]).map(([name, type]): [string, unknown] => {
    const value = row[name] ?? null
    if (value === null) return [name, type === 'list' ? [] : null]
    if (type === 'list' || type === 'object') return [name, JSON.parse(String(value))]
    return [name, type === 'integer' ? Number(value) : String(value)]
  })
  const record = {
    record: kind,
    source: String(row['source']),
    at: Number(row['moment']),
    receivedAt: Number(row['receivedAt']),
    locator: locatorOf(row, imported),
    requestId: joinedId('request', row['requestUuid'], row['requestText']),
    traceId: joinedId('trace', row['traceUuid'], row['traceText']),
    decisionId: joinedId('decision', row['decisionUuid'], row['decisionText']),
    ...Object.fromEntries(own),
  }
  // The columns are our own: they were written from a record of this kind, with the names and types of `ownColumns`.
  return record as unknown as Extract<StoredRecord, { readonly record: Kind }>
}

function locatorOf(row: Row, imported: ReadonlyMap<number, string>): RecordLocator {
  const { segment, frame, item } = row
  if (row['import'] !== null) return { in: 'import', file: imported.get(Number(row['import'])) ?? '' }
  return { in: 'segment', segment: Number(segment), offset: Number(frame), item: Number(item) }
}

export async function findRefused(connection: DuckDBConnection, query: RefusedQuery): Promise<RefusedRequests> {
  const values: Record<string, DuckDBValue> = {}
  const filters = [between(query.window)]
  if (query.callerSpiffeId !== undefined) {
    filters.push('callerSpiffeId = $caller')
    values['caller'] = query.callerSpiffeId
  }
  if (query.calleeSpiffeId !== undefined) {
    filters.push('calleeSpiffeId = $callee')
    values['callee'] = query.calleeSpiffeId
  }
  const latest = `ORDER BY moment DESC LIMIT ${query.limit + 1}`
  const where = filters.join(' AND ')
  const asked = query.why === undefined ? "('denied', 'error')" : `('${query.why}')`
  const accesses = await recordsOf(
    connection,
    'envoy-access',
    `${where} AND authorisation IN ${asked} ${latest}`,
    values,
  )
  const outcomes = { denied: "('deny')", error: "('error')" }
  const outcome = query.why === undefined ? "('deny', 'error')" : outcomes[query.why]
  const alone = await recordsOf(
    connection,
    'opa-decisions',
    `${where} AND outcome IN ${outcome} AND NOT EXISTS (SELECT 1 FROM "envoy-access" AS logged
      WHERE logged.moment BETWEEN ${query.window.from - apart} AND ${query.window.to + apart}
      AND (logged."decisionUuid" = "opa-decisions"."decisionUuid" OR logged."decisionText" = "opa-decisions"."decisionText")) ${latest}`,
    values,
  )
  const decided = await decisionsOf(connection, accesses, query.window)
  const joined = joinedRefusals(accesses, [...alone, ...decided])
  return { requests: joined.slice(0, query.limit), complete: joined.length <= query.limit }
}

async function decisionsOf(
  connection: DuckDBConnection,
  accesses: readonly StoredAccess[],
  window: TimeWindow,
): Promise<readonly StoredDecision[]> {
  const ids = accesses.flatMap(({ decisionId }) => (decisionId === null ? [] : [splitId('decision', decisionId)]))
  if (ids.length === 0) return []
  const values = Object.fromEntries(ids.map(({ uuid, text }, index) => [`id${index}`, uuid ?? text]))
  const named = (wanted: 'uuid' | 'text'): string =>
    ids.flatMap((id, index) => (id[wanted] === null ? [] : [`$id${index}`])).join(', ')
  const parts = [
    named('uuid') === '' ? '' : `"decisionUuid" IN (${named('uuid')})`,
    named('text') === '' ? '' : `"decisionText" IN (${named('text')})`,
  ].filter((part) => part !== '')
  const wider = { from: window.from - apart, to: window.to + apart }
  return recordsOf(connection, 'opa-decisions', `(${parts.join(' OR ')}) AND ${between(wider)}`, values)
}

export async function countRecords(
  connection: DuckDBConnection,
): Promise<{ readonly records: Readonly<Record<RecordKind, number>>; readonly heldSince: number | null }> {
  const counts = new Map<RecordKind, number>()
  let heldSince: number | null = null
  for (const kind of recordKinds) {
    const reader = await connection.runAndReadAll(`SELECT count(*) AS held, min(moment) AS first FROM "${kind}"`)
    const row = reader.getRowObjectsJS()[0]
    counts.set(kind, Number(row?.['held'] ?? 0))
    const first = row?.['first'] ?? null
    if (first !== null) heldSince = Math.min(heldSince ?? Number(first), Number(first))
  }
  const of = (kind: RecordKind): number => counts.get(kind) ?? 0
  return {
    records: {
      'opa-decisions': of('opa-decisions'),
      'envoy-access': of('envoy-access'),
      'integrity-events': of('integrity-events'),
      'spire-audit': of('spire-audit'),
      'kubernetes-audit': of('kubernetes-audit'),
      'vault-audit': of('vault-audit'),
    },
    heldSince,
  }
}

/** Times are ours or numbers by their type: written into the statement, so that whole row groups can be passed over. */
export function between({ from, to }: TimeWindow): string {
  return `moment BETWEEN ${BigInt(Math.trunc(from))} AND ${BigInt(Math.trunc(to))}`
}
