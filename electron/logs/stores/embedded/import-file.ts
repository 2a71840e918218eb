import { open } from 'node:fs/promises'
import { DOUBLE, type DuckDBConnection } from '@duckdb/node-api'
import type { ImportResult, IntakeCounts, RecordKind } from '../../../core/log-store.ts'
import { createLineSplitter, longestLine } from '../../intake/line-splitter.ts'
import { isObject } from '../../intake/record-parser.ts'
import { createIntakeCounts, summed } from '../intake-counts.ts'
import { type ReadUpload, readUpload } from '../read-upload.ts'
import { lineValue, type Understood } from '../records.ts'
import { appendRecords } from './appending.ts'
import { fillBulk } from './decision-columns.ts'
import { createDecisionReader, type DecisionColumns } from './decision-reader.ts'
import { blockLength, bytesOf, valuesOf } from './file-values.ts'
import { type FileMark, type ImportForm, markOf } from './imported-lines.ts'
import { moveBulk, noCounts, numbersOf, storeIntake } from './ingest.ts'

/** Lines that are parsed between two looks at anything else: some 20 milliseconds. */
const linesAtOnce = 500
/** Decisions that are moved into their table at once: as many as DuckDB compresses together. */
const decisionsAtOnce = 122_880
/** Of values of a file: about as many of them. */
const blocksAtOnce = 256
/** After so many it is decided whether the lines of a file are like each other. */
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
  const mark = await markOf(file)
  const number = ((await numbersOf(connection, 'SELECT max(import) FROM imports'))[0] ?? 0) + 1
  const inTransaction = async (form: ImportForm, read: () => Promise<IntakeCounts>): Promise<ImportResult> => {
    await connection.run('BEGIN')
    try {
      const counts = await read()
      await noteImport(connection, { number, file, record, receivedAt: now, form, ...mark })
      await storeIntake(connection, [counts])
      await connection.run('COMMIT')
      const { accepted, refused, repeated, passedOver } = counts
      return { accepted, refused, repeated, passedOver }
    } catch (thrown) {
      await connection.run('ROLLBACK').catch(() => {})
      throw thrown
    }
  }
  const arrival = { record, source, receivedAt: now }
  if (record === 'opa-decisions') {
    const lines = await inTransaction('lines', () => importLines(connection, file, source, now, number)).catch(ifUnlike)
    if (lines !== null) return lines
  }
  if (record === 'opa-decisions' || (await beginsWithArray(file))) {
    const values = await inTransaction('values', () => importValues(connection, file, arrival, number)).catch(ifUnlike)
    if (values !== null) return values
  }
  // With what is no JSON among its lines: that line alone is refused.
  return inTransaction('lines', () => importParsed(connection, file, arrival, number))
}

async function noteImport(
  connection: DuckDBConnection,
  of: FileMark & {
    readonly number: number
    readonly file: string
    readonly record: RecordKind
    readonly receivedAt: number
    readonly form: ImportForm
  },
): Promise<void> {
  const { receivedAt, bytes, ...rest } = of
  await connection.run(
    `INSERT INTO imports SELECT $number, $file, $record, $receivedAt, $form, $bytes, $changedAt,
       coalesce(max(segment), 0), coalesce(max(frame), 0) FROM progress`,
    { ...rest, receivedAt: BigInt(receivedAt), bytes: BigInt(bytes) },
    // Inferred it would be whole.
    { changedAt: DOUBLE },
  )
}

async function beginsWithArray(file: string): Promise<boolean> {
  for await (const block of bytesOf(file)) return block.toString('latin1').trimStart().startsWith('[')
  return false
}

/** Thrown and caught here: a file that is not what it is read as, or of which too much is like nothing before. */
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
  let batch: NumberedColumns[] = []
  let count = 0
  let oddCount = 0
  let odd: NumberedText[] = []
  let moving: Promise<void> = Promise.resolve()
  await connection.run('CREATE OR REPLACE TEMP TABLE arrival AS SELECT $source AS source', { source })

  async function move(columns: readonly NumberedColumns[]): Promise<void> {
    const counts = await moveColumns(connection, columns, arrival, number)
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
      if (lines.length > 0) await takeTexts(connection, lines, 'lines', arrival, number, tally)
    })()
    // Told by whoever waits for it.
    moving.catch(() => {})
  }

  try {
    let read = 0
    let first = 0
    for await (const block of blocksOf(file)) {
      const { columns, odd: lines, count: lineCount } = reader.lines(block)
      batch.push({ ...columns, first })
      count += columns.items.length
      read += columns.items.length
      for (const { item, line } of lines) odd.push({ item: first + item, text: objectLine(line) })
      first += lineCount
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

/** Decisions of a part of a file, and the number of its first. */
interface NumberedColumns extends DecisionColumns {
  readonly first: number
}

/** Of a line, or of a value. */
interface NumberedText {
  readonly item: number
  readonly text: string
}

interface ImportArrival {
  readonly record: RecordKind
  readonly source: string
  readonly receivedAt: number
}

async function moveColumns(
  connection: DuckDBConnection,
  columns: readonly NumberedColumns[],
  arrival: ImportArrival,
  number: number,
): Promise<IntakeCounts> {
  await fillBulk(connection, columns)
  await connection.run('CREATE OR REPLACE TEMP TABLE firsts (number INTEGER, firstItem INTEGER)')
  const appender = await connection.createAppender('firsts', 'main', 'temp')
  for (const [index, { first }] of columns.entries()) {
    appender.appendInteger(index)
    appender.appendInteger(first)
    appender.endRow()
  }
  appender.closeSync()
  const range = await numbersOf(connection, 'SELECT count(*), min(moment), max(moment) FROM bulk')
  const place = `${BigInt(arrival.receivedAt)}, source, NULL, ${number}, NULL, firstItem + item`
  const moved = await moveBulk(connection, place, 'JOIN firsts USING (number) CROSS JOIN arrival', range)
  const [found = 0, , latest = 0] = range
  return {
    ...noCounts('opa-decisions', arrival.source),
    accepted: moved,
    repeated: found - moved,
    lastRecordAt: latest,
  }
}

/** The text of a line for the parser. Whatever is no object may be part of one on several lines. */
function objectLine(line: Buffer): string {
  const text = line.toString('utf8').replace(/\r?\n$/, '')
  const read = line.length > longestLine ? null : lineValue('opa-decisions', text)
  if (read?.kind !== 'value' || !isObject(read.value)) throw unlike
  return text
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

/** The elements of an array, or objects one after the other, over several lines or not. */
async function importValues(
  connection: DuckDBConnection,
  file: string,
  arrival: ImportArrival,
  number: number,
): Promise<IntakeCounts> {
  const tally = createIntakeCounts()
  const { source } = arrival
  await connection.run('CREATE OR REPLACE TEMP TABLE arrival AS SELECT $source AS source', { source })
  const reader = arrival.record === 'opa-decisions' ? createDecisionReader() : null
  let first = 0
  let batch: NumberedColumns[] = []
  const move = async (): Promise<void> => {
    const columns = batch
    batch = []
    if (!columns.some(({ items }) => items.length > 0)) return
    tally.load([summed(only(tally.all(), arrival), await moveColumns(connection, columns, arrival, number))])
  }
  try {
    for await (const values of valuesOf(file)) {
      const read = reader?.array(arrayOf(values)) ?? null
      let odd: readonly NumberedText[]
      if (read === null) odd = values.map((value, item) => ({ item: first + item, text: valueText(value) }))
      else {
        batch.push({ ...read.columns, first })
        odd = read.odd.map(({ item }) => ({ item: first + item, text: valueText(values[item]) }))
      }
      first += values.length
      // In the order of the file, in which the first of two that are the same counts.
      if (odd.length > 0 || batch.length >= blocksAtOnce) await move()
      if (odd.length > 0) await takeTexts(connection, odd, 'array', arrival, number, tally)
    }
  } catch (thrown) {
    throw isOfDisk(thrown) ? thrown : unlike
  }
  await move()
  return only(tally.all(), arrival)
}

function arrayOf(values: readonly Buffer[]): Buffer {
  const parts = values.flatMap((value, index) => [index === 0 ? opening : between, value])
  return Buffer.concat([...parts, closing])
}

/** Throws when it is no JSON. */
function valueText(value: Buffer | undefined): string {
  const text = value?.toString('utf8') ?? ''
  JSON.parse(text)
  return text
}

const opening = Buffer.from('[')
const between = Buffer.from(',')
const closing = Buffer.from(']')

/** The file system, and not the file, is to blame. */
function isOfDisk(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && 'syscall' in thrown
}

async function importParsed(
  connection: DuckDBConnection,
  file: string,
  arrival: ImportArrival,
  number: number,
): Promise<IntakeCounts> {
  const tally = createIntakeCounts()
  const splitter = createLineSplitter()
  let lines: NumberedText[] = []
  let count = 0
  const push = async (read: readonly string[]): Promise<void> => {
    for (const text of read) {
      lines.push({ item: count, text })
      count += 1
      if (lines.length >= linesAtOnce) await flush()
    }
  }
  const flush = async (): Promise<void> => {
    const texts = lines
    lines = []
    await takeTexts(connection, texts, 'lines', arrival, number, tally)
  }
  for await (const chunk of bytesOf(file)) {
    const split = splitter.push(chunk)
    await push(split.lines)
    for (const beginning of split.tooLong) tally.add(arrival, tooLong(beginning), 0)
  }
  await push(splitter.push(Buffer.from('\n')).lines)
  await flush()
  return only(tally.all(), arrival)
}

/** Records of some lines or values of the file, each with its number there. */
async function takeTexts(
  connection: DuckDBConnection,
  texts: readonly NumberedText[],
  form: 'lines' | 'array',
  arrival: ImportArrival,
  number: number,
  tally: ReturnType<typeof createIntakeCounts>,
): Promise<void> {
  const joined = texts.map(({ text }) => text)
  const text = form === 'lines' ? joined.join('\n') : `[${joined.join(',')}]`
  const read = readUpload(text, { ...arrival, form }, nowhere)
  const records = read.records.map((record) => renumbered(record, texts))
  const { repeated } = await appendRecords(connection, arrival.record, records, number)
  tally.add(arrival, read, repeated)
}

function renumbered(record: Understood, texts: readonly NumberedText[]): Understood {
  const { locator } = record.stored
  if (locator.in !== 'segment') return record
  const item = texts[locator.item]?.item ?? 0
  return { ...record, stored: { ...record.stored, locator: { ...locator, item } } }
}

function only(counts: readonly IntakeCounts[], arrival: { readonly record: RecordKind; readonly source: string }) {
  return counts[0] ?? noCounts(arrival.record, arrival.source)
}

const nowhere = { segment: 0, offset: 0 }

function tooLong(beginning: string): ReadUpload {
  const why = `longer than ${longestLine} bytes`
  return { records: [], refused: 1, passedOver: 0, sampleRefused: { text: beginning.slice(0, 200), why } }
}
