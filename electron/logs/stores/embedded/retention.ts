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

/**
 * Deletes the oldest segments with their rows until what is left is young and small enough, and imports by their age.
 * Rows go first: a row without its upload would be found and could not be shown; an upload without rows is only space.
 */
export async function retain(
  connection: DuckDBConnection,
  place: StorePlace,
  retention: Retention,
  now: number,
): Promise<void> {
  const [done = 0] = await numbersOf(connection, 'SELECT max(segment) FROM progress')
  const oldest = now - retention.maxAgeMs
  let bytes = await columnBytes(place.database)
  const closed: { readonly segment: number; readonly size: number }[] = []
  for (const segment of await segmentsIn(place.segments)) {
    const size = await segmentSize(place.segments, segment)
    bytes += size
    // One that is not read yet, or still written to, holds what nobody has seen.
    if (segment < place.open && segment < done) closed.push({ segment, size })
  }
  for (const { segment, size } of closed) {
    const young = (await lastReceivedAt(place.segments, segment)) >= oldest
    if (young && bytes <= retention.maxBytes) break
    await deleteRows(connection, `segment = ${segment}`)
    await removeSegment(place.segments, segment)
    bytes -= size
  }
  const imports = await connection.runAndReadAll(`SELECT import FROM imports WHERE receivedAt < ${BigInt(oldest)}`)
  for (const [number] of imports.getRows()) await deleteRows(connection, `import = ${Number(number)}`)
  await connection.run(`DELETE FROM imports WHERE receivedAt < ${BigInt(oldest)}`)
}

async function deleteRows(connection: DuckDBConnection, where: string): Promise<void> {
  for (const table of [...recordKinds, 'hops']) await connection.run(`DELETE FROM "${table}" WHERE ${where}`)
}

async function lastReceivedAt(folder: string, segment: number): Promise<number> {
  let last = Number.NEGATIVE_INFINITY
  for await (const { place, header } of framesFrom(folder, { segment, offset: 0 })) {
    if (place.segment !== segment) break
    last = Math.max(last, header.receivedAt)
  }
  return last
}

async function columnBytes(database: string): Promise<number> {
  return stat(database).then(
    ({ size }) => size,
    () => 0,
  )
}
