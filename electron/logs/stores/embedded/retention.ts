import { stat } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { type Retention, recordKinds } from '../../../core/log-store.ts'
import { framesFrom, removeSegment, segmentSize, segmentsIn } from '../segments/segment-files.ts'
import { numbersOf } from './ingest.ts'

/** Where a store lies. `open`: the segment that is written to, which is never deleted. */
export interface StorePlace {
  readonly segments: string
  readonly database: string
  readonly open: number
}

/** When the disk holds more than it may, so much of that is left: DuckDB writes rows anew before it gives up the old ones. */
const leftOfFull = 0.6

/** A segment or an import: what is deleted together. */
interface Piece {
  /** When its youngest upload came. */
  readonly receivedAt: number
  readonly where: string
  /** Of its segment file. */
  readonly bytes: number
  remove(): Promise<void>
}

/**
 * Deletes the oldest segments and imports with their rows until what is left is young and small enough.
 * Rows go first: a row without its upload would be found and could not be shown; an upload without rows is only space.
 */
export async function retain(
  connection: DuckDBConnection,
  place: StorePlace,
  retention: Retention,
  now: number,
): Promise<void> {
  const oldest = now - retention.maxAgeMs
  const [done = 0] = await numbersOf(connection, 'SELECT max(segment) FROM progress')
  const isFull = (await bytesOnDisk(place)) > retention.maxBytes
  let excess = isFull ? (await bytesInUse(connection, place)) - retention.maxBytes * leftOfFull : 0
  const bytesOfRow = isFull ? (await columnBytes(connection)) / Math.max(1, await rowsOf(connection)) : 0
  let deleted = 0
  for await (const piece of oldestFirst(connection, place, done)) {
    if (piece.receivedAt >= oldest && excess <= 0) break
    const rows = await deleteRows(connection, piece.where)
    await piece.remove()
    excess -= piece.bytes + rows * bytesOfRow
    deleted += 1
  }
  // Only then is the space of the rows free for others.
  if (deleted > 0) await connection.run('CHECKPOINT')
}

/** What the store takes of the disk. Bytes; in it is space that DuckDB keeps for rows to come. */
export async function bytesOnDisk({ segments, database }: Pick<StorePlace, 'segments' | 'database'>): Promise<number> {
  const files = await Promise.all([fileBytes(database), fileBytes(`${database}.wal`)])
  return files.reduce((sum, bytes) => sum + bytes, await segmentBytes(segments))
}

/**
 * Without the space that DuckDB keeps: when that were counted, a file that once was large would have all records deleted,
 * and stay as large.
 */
async function bytesInUse(connection: DuckDBConnection, { segments }: StorePlace): Promise<number> {
  await connection.run('CHECKPOINT')
  return (await segmentBytes(segments)) + (await columnBytes(connection))
}

async function columnBytes(connection: DuckDBConnection): Promise<number> {
  const [bytes = 0] = await numbersOf(connection, 'SELECT used_blocks * block_size FROM pragma_database_size()')
  return bytes
}

async function rowsOf(connection: DuckDBConnection): Promise<number> {
  const counts = tables.map((table) => `(SELECT count(*) FROM "${table}")`)
  const [rows = 0] = await numbersOf(connection, `SELECT ${counts.join(' + ')}`)
  return rows
}

/** Without the segment that is still written to, and those that are not read yet: they hold what nobody has seen. */
async function* oldestFirst(
  connection: DuckDBConnection,
  { segments, open }: StorePlace,
  done: number,
): AsyncGenerator<Piece> {
  const reader = await connection.runAndReadAll('SELECT import, receivedAt FROM imports ORDER BY receivedAt')
  const imports = reader
    .getRows()
    .map(([number, receivedAt]) => importPiece(connection, Number(number), Number(receivedAt)))
  for (const segment of await segmentsIn(segments)) {
    if (segment >= open || segment >= done) break
    const piece = await segmentPiece(segments, segment)
    while (imports[0] !== undefined && imports[0].receivedAt < piece.receivedAt) yield* imports.splice(0, 1)
    yield piece
  }
  yield* imports
}

async function segmentPiece(folder: string, segment: number): Promise<Piece> {
  return {
    receivedAt: await lastReceivedAt(folder, segment),
    where: `segment = ${segment}`,
    bytes: await segmentSize(folder, segment),
    remove: () => removeSegment(folder, segment),
  }
}

function importPiece(connection: DuckDBConnection, number: number, receivedAt: number): Piece {
  return {
    receivedAt,
    where: `import = ${number}`,
    bytes: 0,
    async remove() {
      await connection.run(`DELETE FROM imports WHERE import = ${number}`)
    },
  }
}

const tables = [...recordKinds, 'hops'] as const

async function deleteRows(connection: DuckDBConnection, where: string): Promise<number> {
  let rows = 0
  for (const table of tables) rows += (await connection.run(`DELETE FROM "${table}" WHERE ${where}`)).rowsChanged
  return rows
}

async function lastReceivedAt(folder: string, segment: number): Promise<number> {
  let last = Number.NEGATIVE_INFINITY
  for await (const { place, header } of framesFrom(folder, { segment, offset: 0 })) {
    if (place.segment !== segment) break
    last = Math.max(last, header.receivedAt)
  }
  return last
}

async function segmentBytes(folder: string): Promise<number> {
  const sizes = await Promise.all((await segmentsIn(folder)).map((number) => segmentSize(folder, number)))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function fileBytes(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}
