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

/** Rows in the order of frame and item, some thousand at once; `where` is ours alone. An import has the frame 0. */
export async function* rowsOf(
  ask: Ask,
  connection: DuckDBConnection,
  record: RecordKind,
  where: string,
): AsyncGenerator<LineRows & { readonly frames: readonly number[] }> {
  // Numbers as DuckDB gives them to JavaScript without a detour: none is above 2^53.
  const result = await ask(() =>
    connection.stream(
      `SELECT coalesce(frame, 0)::DOUBLE, item::DOUBLE, moment::DOUBLE, receivedAt::DOUBLE, source
       FROM "${record}" WHERE ${where} ORDER BY frame, item`,
    ),
  )
  for (;;) {
    const chunk = await ask(() => result.fetchChunk())
    if (chunk === null || chunk.rowCount === 0) return
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
