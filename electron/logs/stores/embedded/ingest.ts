import { unlink, writeFile } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { IntakeCounts, RecordKind } from '../../../core/log-store.ts'
import { createIntakeCounts, summed } from '../intake-counts.ts'
import { itemsOf, readUpload, readValues } from '../read-upload.ts'
import type { FrameHeader, FramePlace } from '../segments/frame.ts'
import { appendRecords } from './appending.ts'
import { fillBulk } from './decision-columns.ts'
import type { ReadDecisions } from './decision-reader.ts'
import { bulkSql, disorderSql, moveSql, usualObject } from './decision-sql.ts'
import { createNumberedLines } from './json-lines.ts'

/** An upload that is on the disk and has to become rows. */
export interface Durable {
  readonly place: FramePlace
  /** Where the next one begins. */
  readonly next: FramePlace
  readonly header: FrameHeader
  /** Unpacked and masked; empty when it is read already. */
  readonly content: Buffer
  /** Of decisions, where they are read already. */
  readonly decisions: ReadDecisions | null
  /** Bytes, unpacked. */
  readonly length: number
}

/** From how many characters of decisions on DuckDB reads them, and through which file. */
export interface BulkSettings {
  readonly file: string
  readonly from: number
}

/** Of DuckDB, for questions and imports. */
export const usualThreads = 2

export type Tally = readonly IntakeCounts[]

/**
 * Makes rows of uploads in one transaction with the place up to which that is done: after a crash each upload is either
 * wholly there or read again from its segment.
 */
export async function ingest(
  connection: DuckDBConnection,
  uploads: readonly Durable[],
  bulk: BulkSettings,
): Promise<Tally> {
  const last = uploads.at(-1)
  if (last === undefined) return []
  const read = uploads.filter((upload) => upload.decisions !== null)
  const unread = uploads.filter((upload) => upload.decisions === null)
  const decisions = unread.filter(({ header }) => header.record === 'opa-decisions' && header.form === 'array')
  const length = decisions.reduce((sum, { content }) => sum + content.length, 0)
  const inTransaction = async (asBulk: boolean): Promise<Tally> => {
    await connection.run('BEGIN')
    try {
      const fromBulk = asBulk ? await ingestBulk(connection, decisions, bulk.file) : []
      const rest = asBulk ? unread.filter((upload) => !decisions.includes(upload)) : unread
      const parsed = added(fromBulk, await ingestParsed(connection, rest))
      const tally = added(await ingestRead(connection, read), parsed)
      await connection.run('DELETE FROM progress')
      await connection.run(`INSERT INTO progress VALUES (${last.next.segment}, ${last.next.offset})`)
      await storeIntake(connection, tally)
      await connection.run('COMMIT')
      return tally
    } catch (thrown) {
      await connection.run('ROLLBACK').catch(() => {})
      throw thrown
    }
  }
  const isBulk = decisions.length > 0 && length >= bulk.from
  if (!isBulk && read.length === 0) return inTransaction(false)
  // One thread: a second one costs more than it brings on a few thousand events, and uploads are read in it meanwhile.
  await connection.run('SET threads = 1')
  try {
    // One upload that is no JSON fails them all: then each is parsed on its own.
    return isBulk ? await inTransaction(true).catch(() => inTransaction(false)) : await inTransaction(false)
  } finally {
    await connection.run(`SET threads = ${usualThreads}`)
  }
}

async function ingestParsed(connection: DuckDBConnection, uploads: readonly Durable[]): Promise<Tally> {
  const tally = createIntakeCounts()
  const groups = Map.groupBy(uploads, ({ header }) => `${header.record}/${header.source}`)
  for (const group of groups.values()) {
    const header = group[0]?.header
    if (header === undefined) continue
    const reads = group.map((upload) => readUpload(upload.content.toString('utf8'), upload.header, upload.place))
    const records = reads.flatMap((read) => read.records)
    const { repeated } = await appendRecords(connection, header.record, records, null)
    for (const [index, read] of reads.entries()) tally.add(header, read, index === 0 ? repeated : 0)
  }
  return tally.all()
}

async function ingestBulk(connection: DuckDBConnection, uploads: readonly Durable[], file: string): Promise<Tally> {
  const length = uploads.reduce((sum, { content }) => sum + content.length, 0)
  // The numbers take a few bytes more of each event, which has hundreds.
  const lines = createNumberedLines(Math.ceil(length * 1.1))
  const counts = uploads.map(({ content }, number) => lines.add(content, number))
  const expected = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)
  if (expected === 0) return ingestParsed(connection, uploads)
  await writeFile(file, lines.bytes(), { mode: 0o600 })
  try {
    await connection.run(bulkSql(file, Math.max(usualObject, lines.longest())))
  } finally {
    await unlink(file).catch(() => {})
  }
  const tally = await moveUploads(connection, uploads, expected)
  const unsplit = uploads.filter((_, number) => counts[number] === null)
  return added(added(tally, await ingestOdd(connection, uploads)), await ingestParsed(connection, unsplit))
}

/** Moves `bulk`, in which `number` is the place in `uploads`. Gives their counts, without those of odd events. */
async function moveUploads(
  connection: DuckDBConnection,
  uploads: readonly Durable[],
  expected: number,
): Promise<Tally> {
  const range = await numbersOf(connection, 'SELECT count(*), min(moment), max(moment) FROM bulk')
  if (range[0] !== expected) throw new Error('DuckDB found other events than were written')
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE uploads (number INTEGER, segment INTEGER, frame BIGINT, source VARCHAR, receivedAt BIGINT)',
  )
  const appender = await connection.createAppender('uploads', 'main', 'temp')
  for (const [number, { place, header }] of uploads.entries()) {
    appender.appendInteger(number)
    appender.appendInteger(place.segment)
    appender.appendBigInt(BigInt(place.offset))
    appender.appendVarchar(header.source)
    appender.appendBigInt(BigInt(header.receivedAt))
    appender.endRow()
  }
  appender.closeSync()
  const bySource = await connection.runAndReadAll(
    'SELECT source, count(*), max(moment) FROM bulk JOIN uploads USING (number) WHERE NOT odd GROUP BY source',
  )
  const moved = await moveBulk(
    connection,
    'uploads.receivedAt, uploads.source, segment, NULL, frame, item',
    'JOIN uploads USING (number)',
    range,
  )
  const tally: IntakeCounts[] = bySource.getRows().map(([source, count, last]) => ({
    ...noCounts('opa-decisions', String(source)),
    accepted: Number(count),
    lastRecordAt: last === null ? null : Number(last),
  }))
  const repeated = tally.reduce((sum, { accepted }) => sum + accepted, 0) - moved
  const first = tally[0]
  if (repeated > 0 && first !== undefined) {
    tally[0] = { ...first, accepted: first.accepted - repeated, repeated }
  }
  return tally
}

/** Uploads that were read as they came. */
async function ingestRead(connection: DuckDBConnection, uploads: readonly Durable[]): Promise<Tally> {
  const columns = uploads.flatMap(({ decisions }) => decisions?.columns ?? [])
  const expected = columns.reduce((sum, { items }) => sum + items.length, 0)
  let tally: Tally = []
  if (expected > 0) {
    await fillBulk(connection, columns)
    tally = await moveUploads(connection, uploads, expected)
  }
  const odd = uploads.flatMap((upload) => upload.decisions?.odd.map((event) => ({ upload, ...event })) ?? [])
  return added(tally, await ingestItems(connection, odd))
}

/** Events that SQL left to the parser, read from the uploads they came in. */
async function ingestOdd(connection: DuckDBConnection, uploads: readonly Durable[]): Promise<Tally> {
  const reader = await connection.runAndReadAll('SELECT number, item FROM bulk WHERE odd')
  const items = Map.groupBy(
    reader.getRows().map(([number, item]) => ({ number: Number(number), item: Number(item) })),
    ({ number }) => number,
  )
  const odd = [...items].flatMap(([number, of]) => {
    const upload = uploads[number]
    const values = upload === undefined ? null : itemsOf(upload.content.toString('utf8'), 'array')
    if (upload === undefined || values === null) throw new Error('an upload of the bulk is not an array')
    return of.map(({ item }) => ({ upload, item, value: values[item] }))
  })
  return ingestItems(connection, odd)
}

async function ingestItems(
  connection: DuckDBConnection,
  items: readonly { readonly upload: Durable; readonly item: number; readonly value: unknown }[],
): Promise<Tally> {
  const tally = createIntakeCounts()
  for (const [source, group] of Map.groupBy(items, ({ upload }) => upload.header.source)) {
    const reads = group.map(({ upload, item, value }) =>
      readValues(
        [{ item, value }],
        { record: 'opa-decisions', source, receivedAt: upload.header.receivedAt },
        upload.place,
      ),
    )
    const { repeated } = await appendRecords(
      connection,
      'opa-decisions',
      reads.flatMap((read) => read.records),
      null,
    )
    for (const [index, read] of reads.entries())
      tally.add({ record: 'opa-decisions', source }, read, index === 0 ? repeated : 0)
  }
  return tally.all()
}

/** Gives how many rows were stored. `range`: count, first and last time of `bulk`. */
export async function moveBulk(
  connection: DuckDBConnection,
  columns: string,
  join: string,
  range: readonly number[],
): Promise<number> {
  const bounds = { earliest: BigInt(range[1] ?? 0), latest: BigInt(range[2] ?? 0) }
  const [repeats = 0, earlier = 0] = await numbersOf(connection, disorderSql)
  const order = { hasRepeats: repeats > 0, isOrdered: earlier === 0 }
  return (await connection.run(moveSql({ columns, join, ...bounds, ...order }))).rowsChanged
}

export async function numbersOf(connection: DuckDBConnection, sql: string): Promise<readonly number[]> {
  const reader = await connection.runAndReadAll(sql)
  return (reader.getRows()[0] ?? []).map((value) => Number(value ?? 0))
}

export function noCounts(record: RecordKind, source: string): IntakeCounts {
  return {
    record,
    source,
    accepted: 0,
    refused: 0,
    repeated: 0,
    passedOver: 0,
    sampleRefused: null,
    lastRecordAt: null,
  }
}

function added(left: Tally, right: Tally): Tally {
  const sums = new Map<string, IntakeCounts>()
  for (const count of [...left, ...right]) {
    const key = `${count.record}/${count.source}`
    const before = sums.get(key)
    sums.set(key, before === undefined ? count : summed(before, count))
  }
  return [...sums.values()]
}

/** Counts since the store was made, beside the rows they count. */
export async function storeIntake(connection: DuckDBConnection, tally: Tally): Promise<void> {
  const before = await loadIntake(connection)
  for (const count of added(
    before.filter((known) => tally.some((of) => isOfSame(known, of))),
    tally,
  )) {
    const { record, source } = count
    await connection.run('DELETE FROM intake WHERE record = $record AND source = $source', { record, source })
    const counts = JSON.stringify(count)
    await connection.run('INSERT INTO intake VALUES ($record, $source, $counts)', { record, source, counts })
  }
}

export async function loadIntake(connection: DuckDBConnection): Promise<Tally> {
  const reader = await connection.runAndReadAll('SELECT counts FROM intake ORDER BY record, source')
  // Written by `storeIntake` alone.
  return reader.getRows().map(([counts]) => JSON.parse(String(counts)) as IntakeCounts)
}

function isOfSame(left: IntakeCounts, right: IntakeCounts): boolean {
  return left.record === right.record && left.source === right.source
}
