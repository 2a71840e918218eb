import type { DuckDBConnection } from '@duckdb/node-api'
import type { RecordKind } from '../../../core/log-store.ts'

/** Runs a step that uses a connection. */
export type Ask = <Value>(step: () => Promise<Value>) => Promise<Value>

/** Rows as columns: each list has one value for each of them. */
export interface LineRows {
  readonly items: number[]
  readonly moments: number[]
  readonly receivedAts: number[]
  readonly sources: string[]
}

/** Rows that DuckDB sorts at once, about: it holds all of them until the last is read. */
const sortedAtOnce = 32_768

/** By what rows of one segment, or of one import, are cut into parts that follow each other, and how large the smallest is. */
const partOf = { frame: 256 * 1024, item: 8192 }

/**
 * Rows in the order of frame and item, some thousand at once; `where` is ours alone, and of one segment (by `frame`) or one import (by `item`).
 * An import has the frame 0. They are sorted part by part: all of a segment at once would be held for as long as somebody reads it.
 */
export async function* rowsOf(
  ask: Ask,
  connection: DuckDBConnection,
  record: RecordKind,
  { where, by }: { readonly where: string; readonly by: keyof typeof partOf },
): AsyncGenerator<LineRows & { readonly frames: readonly number[] }> {
  for (const { from, to } of await ask(() => partsOf(connection, record, where, by))) {
    // Numbers as DuckDB gives them to JavaScript without a detour: none is above 2^53.
    const result = await ask(() =>
      connection.stream(
        `SELECT coalesce(frame, 0)::DOUBLE, item::DOUBLE, moment::DOUBLE, receivedAt::DOUBLE, source
         FROM "${record}" WHERE ${where} AND ${by} >= ${from} AND ${by} < ${to} ORDER BY frame, item`,
      ),
    )
    for (;;) {
      const chunk = await ask(() => result.fetchChunk())
      if (chunk === null || chunk.rowCount === 0) break
      const numbers = (column: number): number[] => chunk.getColumnValues(column).map(Number)
      yield {
        frames: numbers(0),
        items: numbers(1),
        moments: numbers(2),
        receivedAts: numbers(3),
        sources: chunk.getColumnValues(4).map(String),
      }
    }
  }
}

/** Parts in their order, none of them empty: as many of the smallest together as are sorted at once. */
async function partsOf(
  connection: DuckDBConnection,
  record: RecordKind,
  where: string,
  by: keyof typeof partOf,
): Promise<readonly { readonly from: number; readonly to: number }[]> {
  const size = partOf[by]
  const reader = await connection.runAndReadAll(
    `SELECT ${by} // ${size} AS part, count(*) FROM "${record}" WHERE ${where} GROUP BY part ORDER BY part`,
  )
  const parts: { from: number; to: number; rows: number }[] = []
  for (const [part, count] of reader.getRows()) {
    const from = Number(part) * size
    const rows = Number(count)
    const last = parts.at(-1)
    if (last === undefined || last.rows + rows > sortedAtOnce) parts.push({ from, to: from + size, rows })
    else {
      last.to = from + size
      last.rows += rows
    }
  }
  return parts
}
