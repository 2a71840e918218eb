import { type DuckDBAppender, type DuckDBConnection, type DuckDBUUIDValue, uuidValue } from '@duckdb/node-api'
import type { RecordKind } from '../../../core/log-store.ts'
import { authorisationOf, type HopObservation } from '../../activity/hop-sum.ts'
import { type Understood, uuidShape } from '../records.ts'
import { type ColumnType, hopColumns, type IdColumn, ownColumns } from './columns.ts'

/** Where imported rows belong; null for what came in a segment. */
export type ImportNumber = number | null

/** Appends records of one kind, without those that are stored already. Of an import `item` of their place is the number in the file. Gives how many were. Runs in the caller's transaction. */
export async function appendRecords(
  connection: DuckDBConnection,
  kind: RecordKind,
  records: readonly Understood[],
  importNumber: ImportNumber,
): Promise<{ readonly repeated: number }> {
  const fresh = await withoutRepeats(connection, kind, records)
  const appender = await connection.createAppender(kind)
  const own = Object.entries(ownColumns[kind])
  for (const record of fresh) appendRecord(appender, record, own, importNumber)
  appender.closeSync()
  if (kind === 'envoy-access') await appendSides(connection, fresh, importNumber)
  return { repeated: records.length - fresh.length }
}

/** The same id at the same time is the same record: a sender comes again when it did not hear our answer. */
async function withoutRepeats(
  connection: DuckDBConnection,
  kind: RecordKind,
  records: readonly Understood[],
): Promise<readonly Understood[]> {
  const stored = await identitiesStored(connection, kind, records)
  return records.filter(({ identity, stored: { at } }) => {
    if (identity === null) return true
    const key = `${identity}/${at}`
    if (stored.has(key)) return false
    stored.add(key)
    return true
  })
}

async function identitiesStored(
  connection: DuckDBConnection,
  kind: RecordKind,
  records: readonly Understood[],
): Promise<Set<string>> {
  const identified = records.filter(({ identity }) => identity !== null)
  if (identified.length === 0) return new Set()
  await connection.run('CREATE OR REPLACE TEMP TABLE arriving (identity UUID, moment BIGINT)')
  const appender = await connection.createAppender('arriving', 'main', 'temp')
  let earliest = Number.POSITIVE_INFINITY
  let latest = Number.NEGATIVE_INFINITY
  for (const { identity, stored } of identified) {
    appendUuid(appender, identity)
    appender.appendBigInt(BigInt(stored.at))
    appender.endRow()
    earliest = Math.min(earliest, stored.at)
    latest = Math.max(latest, stored.at)
  }
  appender.closeSync()
  const found = await connection.runAndReadAll(
    `SELECT DISTINCT identity::VARCHAR || '/' || moment::VARCHAR AS key FROM "${kind}" SEMI JOIN arriving USING (identity, moment)
     WHERE moment BETWEEN ${BigInt(earliest)} AND ${BigInt(latest)}`,
  )
  return new Set(found.getRows().map(([key]) => String(key)))
}

function appendRecord(
  appender: DuckDBAppender,
  { stored, identity }: Understood,
  own: readonly (readonly [string, ColumnType])[],
  importNumber: ImportNumber,
): void {
  const { locator } = stored
  appender.appendBigInt(BigInt(stored.at))
  appender.appendBigInt(BigInt(stored.receivedAt))
  appender.appendVarchar(stored.source)
  appendInteger(appender, importNumber === null && locator.in === 'segment' ? locator.segment : null)
  appendInteger(appender, importNumber)
  appendBigInt(appender, importNumber === null && locator.in === 'segment' ? locator.offset : null)
  appendInteger(appender, locator.in === 'segment' ? locator.item : null)
  appendUuid(appender, identity)
  appendId(appender, 'request', stored.requestId)
  appendId(appender, 'trace', stored.traceId)
  appendId(appender, 'decision', stored.decisionId)
  const values: Readonly<Record<string, unknown>> = { ...stored }
  for (const [name, type] of own) appendOwn(appender, type, values[name])
  appender.endRow()
}

async function appendSides(
  connection: DuckDBConnection,
  records: readonly Understood[],
  importNumber: ImportNumber,
): Promise<void> {
  const appender = await connection.createAppender('hops')
  const columns = Object.entries(hopColumns)
  for (const { stored, sides } of records) {
    for (const side of sides) {
      appender.appendBigInt(BigInt(stored.at))
      appender.appendVarchar(stored.source)
      const { locator } = stored
      appendInteger(appender, importNumber === null && locator.in === 'segment' ? locator.segment : null)
      appendInteger(appender, importNumber)
      const values = sideValues(side)
      for (const [name, type] of columns) appendOwn(appender, type, values[name])
      appender.endRow()
    }
  }
  appender.closeSync()
}

function sideValues(side: HopObservation): Readonly<Record<string, unknown>> {
  const { request } = side
  return {
    ...side,
    ...request,
    isRequest: request === null ? 0 : 1,
    authorisation: request === null ? null : authorisationOf(request),
    upstreamFailed: side.upstreamFailed ? 1 : 0,
  }
}

function appendOwn(appender: DuckDBAppender, type: ColumnType, value: unknown): void {
  if (value === null || value === undefined) appender.appendNull()
  else if (type === 'integer') appender.appendBigInt(BigInt(Math.trunc(Number(value))))
  else appender.appendVarchar(type === 'text' ? String(value) : JSON.stringify(value))
}

function appendInteger(appender: DuckDBAppender, value: number | null): void {
  if (value === null) appender.appendNull()
  else appender.appendInteger(value)
}

function appendBigInt(appender: DuckDBAppender, value: number | null): void {
  if (value === null) appender.appendNull()
  else appender.appendBigInt(BigInt(value))
}

function appendUuid(appender: DuckDBAppender, uuid: string | null): void {
  if (uuid === null) appender.appendNull()
  else appender.appendUUID(uuidOf(uuid))
}

function appendId(appender: DuckDBAppender, column: IdColumn, id: string | null): void {
  const split = splitId(column, id)
  if (split.uuid === null) appender.appendNull()
  else appender.appendUUID(split.uuid)
  if (split.text === null) appender.appendNull()
  else appender.appendVarchar(split.text)
}

/** An id as it lies in its two columns: only one of them is set, so that it is found and given back exactly. */
export function splitId(
  column: IdColumn,
  id: string | null,
): { readonly uuid: DuckDBUUIDValue | null; readonly text: string | null } {
  if (id === null) return { uuid: null, text: null }
  const isUuid = column === 'trace' ? /^[0-9a-f]{32}$/.test(id) : uuidShape.test(id)
  return isUuid ? { uuid: uuidOf(id), text: null } : { uuid: null, text: id }
}

/** The id of two columns, as it was. */
export function joinedId(column: IdColumn, uuid: unknown, text: unknown): string | null {
  if (typeof text === 'string') return text
  if (uuid === null || uuid === undefined) return null
  return column === 'trace' ? String(uuid).replaceAll('-', '') : String(uuid)
}

function uuidOf(text: string): DuckDBUUIDValue {
  return uuidValue(BigInt(`0x${text.replaceAll('-', '')}`))
}
