import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { ImportResult, IntakeCounts, RecordKind } from '../../../core/log-store.ts'
import { createLineSplitter, longestLine } from '../../intake/line-splitter.ts'
import { createIntakeCounts } from '../intake-counts.ts'
import { type ReadUpload, readUpload } from '../read-upload.ts'
import { appendRecords } from './appending.ts'
import { bulkSql, oddSql } from './decision-sql.ts'
import { moveBulk, noCounts, numbersOf, storeIntake } from './ingest.ts'

/** Lines that are parsed between two looks at anything else: some 20 milliseconds. */
const linesAtOnce = 500
const longestObject = 64 * 1024 * 1024

/**
 * Takes records from a file of NDJSON, or of one JSON array, packed or not. The rows name the file; it is not copied.
 * All of it or nothing is taken. Throws in words when the file cannot be read.
 */
export async function importFile(
  connection: DuckDBConnection,
  file: string,
  record: RecordKind,
  source: string,
  now: number,
): Promise<ImportResult> {
  await (await open(file, 'r')).close()
  const number = ((await numbersOf(connection, 'SELECT max(import) FROM imports'))[0] ?? 0) + 1
  const inTransaction = async (read: () => Promise<IntakeCounts>): Promise<ImportResult> => {
    await connection.run('BEGIN')
    try {
      const counts = await read()
      await connection.run('INSERT INTO imports VALUES ($number, $file, $record, $now)', {
        number,
        file,
        record,
        now: BigInt(now),
      })
      await storeIntake(connection, [counts])
      await connection.run('COMMIT')
      const { accepted, refused, repeated, passedOver } = counts
      return { accepted, refused, repeated, passedOver }
    } catch (thrown) {
      await connection.run('ROLLBACK').catch(() => {})
      throw thrown
    }
  }
  const parsed = (): Promise<IntakeCounts> =>
    importParsed(connection, file, { record, source, receivedAt: now }, number)
  if (record !== 'opa-decisions') return inTransaction(parsed)
  // A line that is no JSON ends DuckDB's reading: then all are parsed here, which refuses that line alone.
  return inTransaction(() => importBulk(connection, file, source, now, number)).catch(() => inTransaction(parsed))
}

async function importBulk(
  connection: DuckDBConnection,
  file: string,
  source: string,
  now: number,
  number: number,
): Promise<IntakeCounts> {
  await connection.run(bulkSql(file, 'auto', longestObject))
  const [clean = 0, ...range] = await numbersOf(
    connection,
    'SELECT count(*) FILTER (NOT odd), min(moment), max(moment) FROM bulk',
  )
  await connection.run('CREATE OR REPLACE TEMP TABLE arrival AS SELECT $source AS source', { source })
  const moved = await moveBulk(
    connection,
    `${BigInt(now)}, source, NULL, ${number}, NULL, NULL`,
    'CROSS JOIN arrival',
    [clean, ...range],
  )
  const tally = createIntakeCounts()
  tally.load([
    {
      ...noCounts('opa-decisions', source),
      accepted: moved,
      repeated: clean - moved,
      lastRecordAt: clean === 0 ? null : (range[1] ?? null),
    },
  ])
  const arrival = { record: 'opa-decisions', source, receivedAt: now } as const
  const [odd = 0] = await numbersOf(connection, 'SELECT count(*) FROM bulk WHERE odd')
  if (odd > 0) {
    const texts = await connection.stream(oddSql(file, longestObject))
    let found = 0
    for (let chunk = await texts.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await texts.fetchChunk()) {
      found += chunk.rowCount
      const text = chunk.getColumnValues(0).join(',')
      await take(connection, readUpload(`[${text}]`, { ...arrival, form: 'array' }, nowhere), arrival, number, tally)
    }
    if (found !== odd) throw new Error('the odd events of the file are not told apart by their ids')
  }
  return only(tally.all(), arrival)
}

async function importParsed(
  connection: DuckDBConnection,
  file: string,
  arrival: { readonly record: RecordKind; readonly source: string; readonly receivedAt: number },
  number: number,
): Promise<IntakeCounts> {
  const tally = createIntakeCounts()
  const splitter = createLineSplitter()
  let lines: string[] = []
  const flush = async (): Promise<void> => {
    const read = readUpload(lines.join('\n'), { ...arrival, form: 'lines' }, nowhere)
    lines = []
    await take(connection, read, arrival, number, tally)
  }
  const stream = file.endsWith('.gz') ? createReadStream(file).pipe(createGunzip()) : createReadStream(file)
  for await (const chunk of stream) {
    const split = splitter.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)))
    for (const line of split.lines) {
      lines.push(line)
      if (lines.length >= linesAtOnce) await flush()
    }
    for (const beginning of split.tooLong) tally.add(arrival, tooLong(beginning), 0)
  }
  const last = splitter.push(Buffer.from('\n'))
  lines.push(...last.lines)
  await flush()
  return only(tally.all(), arrival)
}

async function take(
  connection: DuckDBConnection,
  read: ReadUpload,
  arrival: { readonly record: RecordKind; readonly source: string },
  number: number,
  tally: ReturnType<typeof createIntakeCounts>,
): Promise<void> {
  const { repeated } = await appendRecords(connection, arrival.record, read.records, number)
  tally.add(arrival, read, repeated)
}

function only(counts: readonly IntakeCounts[], arrival: { readonly record: RecordKind; readonly source: string }) {
  return counts[0] ?? noCounts(arrival.record, arrival.source)
}

const nowhere = { segment: 0, offset: 0 }

function tooLong(beginning: string): ReadUpload {
  const why = `longer than ${longestLine} bytes`
  return { records: [], refused: 1, passedOver: 0, sampleRefused: { text: beginning.slice(0, 200), why } }
}
