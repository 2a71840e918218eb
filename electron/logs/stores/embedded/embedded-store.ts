import { createReadStream } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createGunzip, gzipSync } from 'node:zlib'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { KeptLine } from '../../../core/log-lines.ts'
import type { LogStore, RawRecord, Retention, StoredRecord, Upload } from '../../../core/log-store.ts'
import { createLineSplitter } from '../../intake/line-splitter.ts'
import { isObject } from '../../intake/record-parser.ts'
import { maskContent, maskText, maskValue } from '../mask-record.ts'
import { itemsOf, linesOf } from '../read-upload.ts'
import { lineValue } from '../records.ts'
import type { FrameHeader } from '../segments/frame.ts'
import { framesFrom, makeFolder, readFrame } from '../segments/segment-files.ts'
import { longestSegment, openSegmentWriter } from '../segments/segment-writer.ts'
import { unpack } from '../unpack.ts'
import { schemaSql, schemaVersion } from './columns.ts'
import { createDecisionReader, type ReadDecisions } from './decision-reader.ts'
import { hopActivityOf } from './hop-query.ts'
import { importFile } from './import-file.ts'
import { type Durable, ingest, loadIntake, numbersOf, usualThreads } from './ingest.ts'
import { keptLines, windowOfLines } from './kept-lines.ts'
import { countRecords, findRecords, findRefused, latestRecords } from './queries.ts'
import { sumRefusals } from './refusal-query.ts'
import { bytesOnDisk, retain } from './retention.ts'
import { countAuthorisations, countDecisions, countDenials, coverageOfHops } from './statistics.ts'

export interface EmbeddedStoreOptions {
  /** Of this store alone, mode 0700; one process at a time may have it open. */
  readonly folder: string
  readonly retention: Retention
  /** Bytes; tests make it small. */
  readonly segmentLength?: number
  /** So many bytes of decisions at once go through DuckDB's JSON reader; fewer are faster to parse here. */
  readonly bulkFrom?: number
  /** Decisions are read by moulds of those before them; tests compare that with what else reads them. */
  readonly moulds?: boolean
}

/** Rows are made of what came at latest so long after it came. Milliseconds. */
const ingestAfterMs = 250
/** … or as soon as so many bytes wait, unpacked. */
const ingestFrom = 24 * 1024 * 1024
/** Taken into one transaction at most. Bytes. */
const ingestAtOnce = 32 * 1024 * 1024
/** When so much waits, senders are asked to come again. Bytes: this is held in memory. */
const mostWaiting = 128 * 1024 * 1024
const bulkFrom = 2 * 1024 * 1024
/** DuckDB failed, such as for a full disk: how long until it is tried again. Milliseconds. */
const againAfterMs = 1000

/**
 * The store on DuckDB: uploads in segment files, their columns in one database file, both in one folder.
 * Rejects when another process has the folder open.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<LogStore> {
  const segments = join(options.folder, 'segments')
  const database = join(options.folder, `records-${schemaVersion}.duckdb`)
  const bulkFile = join(options.folder, 'bulk.ndjson')
  await makeFolder(options.folder)
  // One instance for each file in one process: two would not see each other's rows, and one would lose them.
  const instance = await DuckDBInstance.fromCache(database, {
    memory_limit: '1GB',
    threads: String(usualThreads),
    // Opening reads so much again at most, in a tenth of a second; a smaller one has the last rows written many times over.
    checkpoint_threshold: '64MB',
  })
  const writing = await instance.connect()
  const reading = await instance.connect()
  await removeOlderColumns(options.folder)
  await writing.run('SET autoinstall_known_extensions = false')
  for (const statement of schemaSql) await writing.run(statement)
  const [segment = 0, frame = 0] = await numbersOf(writing, 'SELECT max(segment), max(frame) FROM progress')
  const writer = await openSegmentWriter({
    folder: segments,
    segmentLength: options.segmentLength ?? longestSegment,
    readFrom: { segment, offset: frame },
  })

  const reader = options.moulds === false ? null : createDecisionReader()
  let waiting: Durable[] = []
  let waitingLength = 0
  let ingesting: Promise<void> | null = null
  let timer: NodeJS.Timeout | null = null
  let isClosing = false
  let closed = false
  /** One transaction at a time on the connection that writes. */
  let turn: Promise<unknown> = Promise.resolve()
  /** Questions under way: a connection that is closed under one of them takes the whole process with it. */
  const asked = new Set<Promise<unknown>>()
  /** Lines that somebody reads, with what else ends with the store. */
  const readings = new Map<AsyncGenerator, readonly DuckDBConnection[]>()

  function ask<Value>(question: (connection: DuckDBConnection) => Promise<Value>): Promise<Value> {
    return askStep(() => question(reading))
  }

  async function askStep<Value>(step: () => Promise<Value>): Promise<Value> {
    if (isClosing) throw new Error('the log store is closed')
    const answer = step()
    asked.add(answer)
    return answer.finally(() => asked.delete(answer))
  }

  /** A result that is still being read takes a connection of its own. */
  async function* lines(
    ...[record, after, signal]: Parameters<LogStore['lines']>
  ): AsyncGenerator<readonly KeptLine[]> {
    const [ofFrames, ofImports] = await askStep(() => Promise.all([instance.connect(), instance.connect()]))
    const reading = keptLines({ ofFrames, ofImports, segments, ask: askStep }, record, after, signal)
    readings.set(reading, [ofFrames, ofImports])
    try {
      for await (const batch of reading) yield batch
      // Closing ends a reading that nobody is in the middle of; whoever comes back must not take that for the end of the lines.
      if (isClosing) throw new Error('the log store is closed')
    } finally {
      if (readings.delete(reading)) for (const connection of [ofFrames, ofImports]) connection.closeSync()
    }
  }

  async function change<Value>(work: (connection: DuckDBConnection) => Promise<Value>): Promise<Value> {
    if (isClosing) throw new Error('the log store is closed')
    return alone(work)
  }

  function alone<Value>(work: (connection: DuckDBConnection) => Promise<Value>): Promise<Value> {
    const result = turn.then(() => work(writing))
    turn = result.catch(() => {})
    return result
  }

  function readUpload(of: Pick<Upload, 'record' | 'form'>, content: Buffer): ReadDecisions | null {
    return of.record === 'opa-decisions' && of.form === 'array' ? (reader?.array(content) ?? null) : null
  }

  function queue(upload: Durable): void {
    waiting.push(upload)
    waitingLength += upload.length
    if (waitingLength >= ingestFrom) startIngest()
    else timer ??= setTimeout(startIngest, ingestAfterMs)
  }

  function startIngest(): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
    if (ingesting === null && waiting.length > 0 && !closed) ingesting = ingestWaiting()
  }

  /** Gives up for now when DuckDB fails: the uploads are in their segments, and are tried again. */
  async function ingestWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const taken = takeUpTo(waiting, ingestAtOnce)
      try {
        await alone((connection) => ingest(connection, taken, { file: bulkFile, from: options.bulkFrom ?? bulkFrom }))
      } catch {
        timer ??= setTimeout(startIngest, againAfterMs)
        break
      }
      waiting = waiting.slice(taken.length)
      waitingLength -= taken.reduce((sum, { length }) => sum + length, 0)
    }
    ingesting = null
  }

  async function settle(): Promise<void> {
    startIngest()
    while (ingesting !== null) {
      await ingesting
      // What came meanwhile was acknowledged before this was asked, or not: taking it too is no harm.
      if (timer === null) startIngest()
    }
  }

  async function catchUp(): Promise<void> {
    for await (const found of framesFrom(segments, { segment, offset: frame })) {
      const unpacked = await unpack({ encoding: found.header.encoding, bytes: found.payload })
      if (unpacked.kind === 'refused') continue
      const { place, next, header } = found
      const { content } = unpacked
      waiting.push({ place, next, header, ...readOrNot(content, readUpload(header, content)), length: content.length })
      waitingLength += content.length
      if (waitingLength >= ingestAtOnce) await ingestWaiting()
    }
    await ingestWaiting()
  }

  await catchUp()

  return {
    async append(upload) {
      if (waitingLength > mostWaiting) return { outcome: 'exhausted', why: 'reading is behind' }
      const unpacked = await unpack(upload)
      if (unpacked.kind === 'refused') return { outcome: 'refused', why: unpacked.why }
      const decisions = readUpload(upload, unpacked.content)
      // What is read so has no secret.
      const content = decisions === null ? maskContent(unpacked.content, upload.form) : unpacked.content
      const masked = content !== unpacked.content
      const header = headerOf(upload, masked)
      try {
        await writer.append(header, masked ? gzipSync(content, { level: 1 }) : upload.bytes, (place, next) =>
          queue({ place, next, header, ...readOrNot(content, decisions), length: content.length }),
        )
        return { outcome: 'stored' }
      } catch (thrown) {
        return { outcome: 'exhausted', why: `the disk did not take it: ${wordsOf(thrown)}` }
      }
    },
    settle,
    find: (id, window, limit) => ask((connection) => findRecords(connection, id, window, limit)),
    raw: (record) => rawOf(segments, record),
    records: (query) => ask((connection) => latestRecords(connection, query)),
    hopActivity: (window) => ask((connection) => hopActivityOf(connection, window)),
    refusedRequests: (query) => ask((connection) => findRefused(connection, query)),
    refusalSums: (query) => ask((connection) => sumRefusals(connection, query)),
    decisionCounts: (query) => ask((connection) => countDecisions(connection, query)),
    authorisationCounts: (window) => ask((connection) => countAuthorisations(connection, window)),
    denialsBy: (window, buckets) => ask((connection) => countDenials(connection, window, buckets)),
    hopCoverage: (window, bucketMs) => ask((connection) => coverageOfHops(connection, window, bucketMs)),
    lines,
    linesWindow: (record, window) => ask((connection) => windowOfLines(connection, record, window)),
    counts: () => ask(loadIntake),
    async state() {
      const held = await ask(countRecords)
      const bytes = await bytesOnDisk({ segments, database })
      return { retention: options.retention, ...held, bytes, waiting: waiting.length }
    },
    retain: (now) =>
      change((connection) =>
        retain(connection, { segments, database, open: writer.end().segment }, options.retention, now),
      ),
    importFile: (file, record, source, now) =>
      change((connection) => importFile(connection, file, record, source, now)),
    async close() {
      isClosing = true
      await writer.close()
      await settle()
      closed = true
      if (timer !== null) clearTimeout(timer)
      await turn
      // Nobody waits for these answers any more.
      const ofLines = [...readings.values()].flat()
      for (const connection of [reading, ...ofLines]) if (asked.size > 0) connection.interrupt()
      await Promise.allSettled(asked)
      await Promise.allSettled([...readings.keys()].map((lines) => lines.return(undefined)))
      for (const connection of [...readings.values()].flat()) connection.closeSync()
      readings.clear()
      reading.closeSync()
      writing.closeSync()
      instance.closeSync()
    },
  }
}

/** Those of an earlier schema: what is in them is made again from the segments, of an earlier Everyhop too. */
async function removeOlderColumns(folder: string): Promise<void> {
  const names = await readdir(folder)
  const older = names.filter(
    (name) => Number(/^records-(\d+)\.duckdb(?:\.wal)?$/.exec(name)?.[1] ?? schemaVersion) < schemaVersion,
  )
  await Promise.all(older.map((name) => rm(join(folder, name), { force: true })))
}

/** The content is not held once it is read. */
function readOrNot(content: Buffer, decisions: ReadDecisions | null): Pick<Durable, 'content' | 'decisions'> {
  return { content: decisions === null ? content : Buffer.alloc(0), decisions }
}

function takeUpTo(uploads: readonly Durable[], most: number): readonly Durable[] {
  let length = 0
  const end = uploads.findIndex((upload) => {
    length += upload.length
    return length > most
  })
  return end === -1 ? [...uploads] : uploads.slice(0, Math.max(1, end))
}

function headerOf(upload: Upload, masked: boolean): FrameHeader {
  const { record, source, receivedAt, form, encoding } = upload
  return { record, source, receivedAt, form, encoding: masked ? 'gzip' : encoding, masked, path: null }
}

async function rawOf(segments: string, record: StoredRecord): Promise<RawRecord> {
  const { locator } = record
  if (locator.in === 'import') return rawOfImport(locator.file, record)
  if (locator.in === 'history') return { outcome: 'gone', why: `it is kept by ${locator.history}` }
  const frame = await readFrame(segments, locator)
  if (frame === null) return { outcome: 'gone', why: 'retention took the upload it came in' }
  const { header, payload } = frame
  const unpacked = await unpack({ encoding: header.encoding, bytes: payload })
  if (unpacked.kind === 'refused') return { outcome: 'gone', why: `the upload it came in is ${unpacked.why}` }
  const text =
    header.form === 'lines'
      ? new Map(linesOf(unpacked.content.toString('utf8'))).get(locator.item)
      : JSON.stringify(maskValue(itemsOf(unpacked.content.toString('utf8'), header.form)?.[locator.item]))
  if (text === undefined) return { outcome: 'gone', why: 'the upload it came in has fewer records' }
  return { outcome: 'found', text, masked: header.masked }
}

/** Imported files are not copied, nor masked: what is read of them is masked here. */
async function rawOfImport(file: string, record: StoredRecord): Promise<RawRecord> {
  const id = record.decisionId ?? record.requestId ?? ('auditId' in record ? record.auditId : null)
  if (id === null) return { outcome: 'gone', why: 'it has no id by which it is found again in the imported file' }
  const splitter = createLineSplitter()
  try {
    const stream = file.endsWith('.gz') ? createReadStream(file).pipe(createGunzip()) : createReadStream(file)
    for await (const chunk of stream) {
      const { lines } = splitter.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)))
      for (const line of lines) {
        const read = line.includes(id) ? lineValue(record.record, line) : null
        if (read?.kind !== 'value' || !isObject(read.value)) continue
        const text = maskText(line, 'lines')
        return { outcome: 'found', text, masked: text !== line }
      }
    }
  } catch (thrown) {
    return { outcome: 'gone', why: `the imported file cannot be read: ${wordsOf(thrown)}` }
  }
  return { outcome: 'gone', why: 'the imported file no longer has it' }
}

function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
