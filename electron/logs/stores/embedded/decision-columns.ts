import { DOUBLE, type DuckDBConnection, DuckDBDataChunk, type DuckDBValue, INTEGER, VARCHAR } from '@duckdb/node-api'
import { type DecisionColumns, lengthOfIds, type SharedDecision } from './decision-reader.ts'

/** Rows of one chunk: DuckDB's vector size. */
const rowsOfChunk = 2048

const tables = [
  'CREATE OR REPLACE TEMP TABLE arrived (number INTEGER, item INTEGER, shared INTEGER, moment DOUBLE, evaluation DOUBLE, ids VARCHAR)',
  `CREATE OR REPLACE TEMP TABLE common (shared INTEGER, requestText VARCHAR, opaInstanceId VARCHAR, callerSpiffeId VARCHAR,
    calleeSpiffeId VARCHAR, outcome VARCHAR, reasons VARCHAR, path VARCHAR, revision VARCHAR)`,
]

/** The columns of `bulk` as decision-sql.ts has them. Ids are cast by DuckDB, where it costs our thread nothing. */
const bulk = `CREATE OR REPLACE TEMP TABLE bulk AS
  SELECT number, item, false AS odd, moment::BIGINT AS moment, ids[1:36]::UUID AS identity,
    try_cast(ids[37:72] AS UUID) AS requestUuid, requestText,
    try_cast(ids[73:104] AS UUID) AS traceUuid, opaInstanceId, callerSpiffeId, calleeSpiffeId, outcome, reasons, path, revision,
    evaluation::BIGINT AS evaluationNs
  FROM arrived JOIN common USING (shared)`

/** A temporary table `bulk` of decisions; `number` in it is the place of their columns in the list. */
export async function fillBulk(connection: DuckDBConnection, uploads: readonly DecisionColumns[]): Promise<void> {
  for (const table of tables) await connection.run(table)
  const numbers = new Map<SharedDecision, number>()
  const arrived = await connection.createAppender('arrived', 'main', 'temp')
  for (const rows of rowsOf(uploads, numbers)) {
    const chunk = DuckDBDataChunk.create([INTEGER, INTEGER, INTEGER, DOUBLE, DOUBLE, VARCHAR], rows.number.length)
    const columns = [rows.number, rows.item, rows.shared, rows.moment, rows.evaluation, rows.ids]
    for (const [index, values] of columns.entries()) chunk.setColumnValues(index, values)
    arrived.appendDataChunk(chunk)
  }
  arrived.closeSync()
  const common = await connection.createAppender('common', 'main', 'temp')
  for (const [{ stored, requestUuid }, number] of numbers) {
    common.appendInteger(number)
    const requestId = requestUuid.trim() === '' ? stored.requestId : null
    const { opaInstanceId, callerSpiffeId, calleeSpiffeId, outcome, path, revision } = stored
    const reasons = JSON.stringify(stored.reasons)
    for (const text of [requestId, opaInstanceId, callerSpiffeId, calleeSpiffeId, outcome, reasons, path, revision]) {
      if (text === null) common.appendNull()
      else common.appendVarchar(text)
    }
    common.endRow()
  }
  common.closeSync()
  await connection.run(bulk)
}

interface Rows {
  readonly number: DuckDBValue[]
  readonly item: DuckDBValue[]
  readonly shared: DuckDBValue[]
  readonly moment: DuckDBValue[]
  readonly evaluation: DuckDBValue[]
  readonly ids: DuckDBValue[]
}

function* rowsOf(uploads: readonly DecisionColumns[], numbers: Map<SharedDecision, number>): Generator<Rows> {
  let rows = noRows()
  for (const [number, columns] of uploads.entries()) {
    for (const [index, shared] of columns.shared.entries()) {
      let common = numbers.get(shared)
      if (common === undefined) {
        common = numbers.size
        numbers.set(shared, common)
      }
      rows.number.push(number)
      rows.item.push(columns.items[index] ?? null)
      rows.shared.push(common)
      rows.moment.push(columns.moments[index] ?? null)
      rows.evaluation.push(columns.evaluations[index] ?? null)
      rows.ids.push(columns.ids.slice(index * lengthOfIds, (index + 1) * lengthOfIds))
      if (rows.number.length === rowsOfChunk) {
        yield rows
        rows = noRows()
      }
    }
  }
  if (rows.number.length > 0) yield rows
}

function noRows(): Rows {
  return { number: [], item: [], shared: [], moment: [], evaluation: [], ids: [] }
}
