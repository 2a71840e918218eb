import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { ImportResult, IntakeCounts, RecordKind } from '../../../core/log-store.ts'
import { createLineSplitter, longestLine } from '../../intake/line-splitter.ts'
import { isObject } from '../../intake/record-parser.ts'
import { createIntakeCounts, summed } from '../intake-counts.ts'
import { type ReadUpload, readUpload } from '../read-upload.ts'
import { lineValue } from '../records.ts'
import { appendRecords } from './appending.ts'
import { fillBulk } from './decision-columns.ts'
import { createDecisionReader, type DecisionColumns } from './decision-reader.ts'
import { bulkSql, oddSql } from './decision-sql.ts'
import { moveBulk, noCounts, numbersOf, storeIntake } from './ingest.ts'

/** Lines that are parsed between two looks at anything else: some 20 milliseconds. */
const linesAtOnce = 500
const longestObject = 64 * 1024 * 1024
/** Decisions that are moved into their table at once: as many as DuckDB compresses together. */
const decisionsAtOnce = 122_880
/** Read at once of a file, and decided whether its lines are like each other. Bytes, lines. */
const blockLength = 256 * 1024
const triedLines = 2000

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
  const moulded = await inTransaction(() => importLines(connection, file, source, now, number)).catch(ifUnlike)
  if (moulded !== null) return moulded
  // A line that is no JSON ends DuckDB's reading: then all are parsed here, which refuses that line alone.
  return inTransaction(() => importBulk(connection, file, source, now, number)).catch(() => inTransaction(parsed))
}

/** Thrown and caught here: a file that is not lines of JSON, or of which too much is like nothing before. */
const unlike = new Error('the decisions of the file are not alike')

function ifUnlike(thrown: unknown): null {
  if (thrown === unlike) return null
  throw thrown
}

/** Lines of JSON, read here while DuckDB stores those before them. */
async function importLines(
  connection: DuckDBConnection,
  file: string,
  source: string,
  now: number,
  number: number,
): Promise<IntakeCounts> {
  const arrival = { record: 'opa-decisions', source, receivedAt: now } as const
  const tally = createIntakeCounts()
  const reader = createDecisionReader()
  let batch: DecisionColumns[] = []
  let count = 0
  let oddCount = 0
  let odd: string[] = []
  let moving: Promise<void> = Promise.resolve()
  await connection.run('CREATE OR REPLACE TEMP TABLE arrival AS SELECT $source AS source', { source })

  async function move(columns: readonly DecisionColumns[]): Promise<void> {
    await fillBulk(connection, columns)
    const range = await numbersOf(connection, 'SELECT count(*), min(moment), max(moment) FROM bulk')
    const place = `${BigInt(now)}, source, NULL, ${number}, NULL, NULL`
    const moved = await moveBulk(connection, place, 'CROSS JOIN arrival', range)
    const [found = 0, , latest = 0] = range
    const counts = {
      ...noCounts('opa-decisions', source),
      accepted: moved,
      repeated: found - moved,
      lastRecordAt: latest,
    }
    tally.load([summed(only(tally.all(), arrival), counts)])
  }

  /** One statement at a time; meanwhile the next lines are read. */
  async function moveBatch(): Promise<void> {
    const columns = batch
    const lines = odd
    batch = []
    odd = []
    count = 0
    await moving
    moving = (async () => {
      if (columns.some(({ items }) => items.length > 0)) await move(columns)
      if (lines.length > 0)
        await take(
          connection,
          readUpload(lines.join('\n'), { ...arrival, form: 'lines' }, nowhere),
          arrival,
          number,
          tally,
        )
    })()
    // Told by whoever waits for it.
    moving.catch(() => {})
  }

  try {
    let read = 0
    for await (const block of blocksOf(file)) {
      const { columns, odd: lines } = reader.lines(block)
      batch.push(columns)
      count += columns.items.length
      read += columns.items.length
      odd.push(...lines.flatMap(objectLine))
      oddCount += lines.length
      if (oddCount > triedLines && oddCount > read / 4) throw unlike
      if (count >= decisionsAtOnce || odd.length >= linesAtOnce) await moveBatch()
    }
    await moveBatch()
    await moving
    return only(tally.all(), arrival)
  } finally {
    // Nothing of it may come after the end of the transaction.
    await moving.catch(() => {})
  }
}

/** The text of a line for the parser; none of an empty one. Whatever is no object may be part of one on several lines. */
function objectLine(line: Buffer): readonly string[] {
  const text = line.toString('utf8').replace(/\r?\n$/, '')
  if (text === '') return []
  const read = line.length > longestLine ? null : lineValue('opa-decisions', text)
  if (read?.kind !== 'value' || !isObject(read.value)) throw unlike
  return [text]
}

/** Whole lines of a file, many at once. */
async function* blocksOf(file: string): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0)
  for await (const chunk of bytesOf(file)) {
    const block = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const end = block.lastIndexOf('\n') + 1
    if (end === 0 && block.length > longestLine + blockLength) throw unlike
    // A copy: the rest of a block would hold all of it.
    rest = Buffer.from(block.subarray(end))
    if (end > 0) yield block.subarray(0, end)
  }
  if (rest.length > 0) yield Buffer.concat([rest, Buffer.from('\n')])
}

async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  const bytes = createReadStream(file, { highWaterMark: blockLength })
  const stream = file.endsWith('.gz') ? bytes.pipe(createGunzip({ chunkSize: blockLength })) : bytes
  for await (const chunk of stream) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
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
