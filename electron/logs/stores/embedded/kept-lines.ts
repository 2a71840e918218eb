import type { FileHandle } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { KeptLine, KeptLines, LineCursor } from '../../../core/log-lines.ts'
import type { RecordKind, TimeWindow, Upload } from '../../../core/log-store.ts'
import { giveBack } from '../../../platform/give-back.ts'
import { heldTexts } from '../held-text.ts'
import type { FramePlace } from '../segments/frame.ts'
import { frameAt, openSegment } from '../segments/segment-files.ts'
import { unpack } from '../unpack.ts'
import { type Imported, importsOf, openImport } from './imported-lines.ts'
import { numbersOf } from './ingest.ts'
import { cursorOf, type LinePlace, placeOf } from './line-cursor.ts'
import { type Ask, type LineRows, rowsOf } from './line-rows.ts'
import { between } from './queries.ts'

/** Lines that are given at once, and characters of them from which fewer are. */
const linesAtOnce = 256
const charactersAtOnce = 256 * 1024

/** Rows of one frame. */
interface FrameRows extends LineRows {
  readonly frame: number
}

/** `ask` runs each step on a connection; nothing else may run on these two until the lines are read or left. */
export interface LineSources {
  readonly ofFrames: DuckDBConnection
  readonly ofImports: DuckDBConnection
  readonly segments: string
  readonly ask: Ask
}

/** See `KeptLines.lines`. */
export async function* keptLines(
  from: LineSources,
  record: RecordKind,
  after: LineCursor | null,
  signal: AbortSignal,
): AsyncGenerator<readonly KeptLine[]> {
  let batch: KeptLine[] = []
  let characters = 0
  for await (const lines of linesOf(from, record, after === null ? null : placeOf(after))) {
    for (const line of lines) {
      batch.push(line)
      characters += line.text?.length ?? 0
      if (batch.length < linesAtOnce && characters < charactersAtOnce) continue
      signal.throwIfAborted()
      yield batch
      batch = []
      characters = 0
    }
    signal.throwIfAborted()
  }
  if (batch.length > 0) yield batch
}

async function* linesOf(
  from: LineSources,
  record: RecordKind,
  start: LinePlace | null,
): AsyncGenerator<readonly KeptLine[]> {
  const { ofFrames, ofImports, ask } = from
  // First of all: what becomes rows, or is imported, while this is read lies behind it.
  const end = await ask(() => endOfRows(ofFrames))
  const imports = (await ask(() => importsOf(ofImports, record))).filter(
    (each) => isAfter(start, each) && isUpTo(each, end),
  )
  const importsUpTo = (segment: number, offset: number): readonly Imported[] => {
    const place = { segment, offset }
    const next = imports.findIndex((each) => !isUpTo(each, place))
    return imports.splice(0, next === -1 ? imports.length : next)
  }
  for (const segment of await ask(() => segmentsWith(ofFrames, record, start, end))) {
    const file = await openSegment(from.segments, segment)
    try {
      // The next frame is read while somebody works on the lines of this one.
      let held: { readonly rows: FrameRows; readonly content: Promise<Content | null> } | null = null
      for await (const rows of framesOf(from, record, segment, start, end)) {
        const content = contentOf(file, { segment, offset: rows.frame })
        content.catch(() => {})
        if (held !== null) yield linesOfFrame(segment, held.rows, await held.content)
        for (const each of importsUpTo(segment, rows.frame)) yield* importedLines(from, record, each, start)
        held = { rows, content }
      }
      if (held !== null) yield linesOfFrame(segment, held.rows, await held.content)
    } finally {
      await file?.close()
    }
  }
  for (const each of imports) yield* importedLines(from, record, each, start)
}

function isUpTo(imported: Imported, place: FramePlace): boolean {
  if (imported.segment < place.segment) return true
  return imported.segment === place.segment && imported.offset <= place.offset
}

/** Some of it is after the place. */
function isAfter(start: LinePlace | null, { segment, offset, number }: Imported): boolean {
  if (start === null || segment !== start.segment) return start === null || segment > start.segment
  if (offset !== start.offset) return offset > start.offset
  return start.importNumber !== null && number >= start.importNumber
}

/** Where the first upload begins that has not become rows. */
async function endOfRows(connection: DuckDBConnection): Promise<FramePlace> {
  const [segment = 0, offset = 0] = await numbersOf(connection, 'SELECT max(segment), max(frame) FROM progress')
  return { segment, offset }
}

async function segmentsWith(
  connection: DuckDBConnection,
  record: RecordKind,
  start: FramePlace | null,
  end: FramePlace,
): Promise<readonly number[]> {
  const reader = await connection.runAndReadAll(
    `SELECT DISTINCT segment FROM "${record}" WHERE segment BETWEEN ${start?.segment ?? 0} AND ${end.segment} ORDER BY segment`,
  )
  return reader.getRows().map(([segment]) => Number(segment))
}

/** Rows of a segment, all of one frame at a time, in order. */
async function* framesOf(
  { ofFrames, ask }: LineSources,
  record: RecordKind,
  segment: number,
  start: LinePlace | null,
  end: FramePlace,
): AsyncGenerator<FrameRows> {
  let after = segment === end.segment ? `AND frame < ${end.offset}` : ''
  if (start !== null && start.segment === segment) {
    const item = start.importNumber === null ? start.item : -1
    after += ` AND (frame > ${start.offset} OR (frame = ${start.offset} AND item > ${item}))`
  }
  let held: FrameRows | null = null
  for await (const rows of rowsOf(ask, ofFrames, record, { where: `segment = ${segment} ${after}`, by: 'frame' })) {
    for (const [index, frame] of rows.frames.entries()) {
      if (held === null || held.frame !== frame) {
        if (held !== null) yield held
        held = { frame, items: [], moments: [], receivedAts: [], sources: [] }
      }
      held.items.push(rows.items[index] ?? 0)
      held.moments.push(rows.moments[index] ?? 0)
      held.receivedAts.push(rows.receivedAts[index] ?? 0)
      held.sources.push(rows.sources[index] ?? '')
    }
  }
  if (held !== null) yield held
}

interface Content {
  readonly bytes: Buffer
  readonly form: Upload['form']
}

/** null: it cannot be read any more; its lines have no text then. */
async function contentOf(file: FileHandle | null, place: FramePlace): Promise<Content | null> {
  const frame = file === null ? null : await frameAt(file, place)
  if (frame === null) return null
  const unpacked = await unpack({ encoding: frame.header.encoding, bytes: frame.payload })
  return unpacked.kind === 'refused' ? null : { bytes: unpacked.content, form: frame.header.form }
}

/** The content is gone after. */
function linesOfFrame(segment: number, rows: FrameRows, content: Content | null): readonly KeptLine[] {
  const texts = content === null ? [] : heldTexts(content.bytes, content.form, rows.items)
  // All of its memory: unpacking left some room behind the content, and is over.
  if (content !== null) giveBack(Buffer.from(content.bytes.buffer))
  return rows.items.map((item, index) => ({
    cursor: cursorOf({ segment, offset: rows.frame, importNumber: null, item }),
    source: rows.sources[index] ?? '',
    at: rows.moments[index] ?? 0,
    receivedAt: rows.receivedAts[index] ?? 0,
    text: texts[index] ?? null,
  }))
}

async function* importedLines(
  { ofImports, ask }: LineSources,
  record: RecordKind,
  imported: Imported,
  start: LinePlace | null,
): AsyncGenerator<readonly KeptLine[]> {
  const { segment, offset, number } = imported
  const first = start?.importNumber === number ? start.item + 1 : 0
  const texts = openImport(imported)
  try {
    for await (const rows of rowsOf(ask, ofImports, record, {
      where: `import = ${number} AND item >= ${first}`,
      by: 'item',
    })) {
      const found = await texts.next(rows.items)
      yield rows.items.map((item, index) => ({
        cursor: cursorOf({ segment, offset, importNumber: number, item }),
        source: rows.sources[index] ?? '',
        at: rows.moments[index] ?? 0,
        receivedAt: rows.receivedAts[index] ?? 0,
        text: found[index] ?? null,
      }))
    }
  } finally {
    await texts.close()
  }
}

/** See `KeptLines.linesWindow`. */
export async function windowOfLines(
  connection: DuckDBConnection,
  record: RecordKind,
  window: TimeWindow,
): Promise<Awaited<ReturnType<KeptLines['linesWindow']>>> {
  const ends = async (where: string, order: string): Promise<readonly number[] | undefined> => {
    const found = await connection.runAndReadAll(
      `SELECT segment, frame, item FROM "${record}" WHERE ${where} ORDER BY ${order} LIMIT 1`,
    )
    return found.getRows()[0]?.map(Number)
  }
  const [count = 0] = await numbersOf(connection, `SELECT count(*) FROM "${record}" WHERE ${between(window)}`)
  if (count === 0) return null
  const cursors: LineCursor[] = []
  for (const direction of ['', 'DESC']) {
    const order = ['segment', 'frame', 'item'].map((name) => `${name} ${direction}`).join(', ')
    const [segment, offset, item] = (await ends(`${between(window)} AND import IS NULL`, order)) ?? []
    if (segment === undefined || offset === undefined || item === undefined) continue
    cursors.push(cursorOf({ segment, offset, importNumber: null, item }))
  }
  const imports = await importsOf(connection, record)
  for (const { number, segment, offset } of imports) {
    const reader = await connection.runAndReadAll(
      `SELECT min(item), max(item) FROM "${record}" WHERE import = ${number} AND ${between(window)} HAVING count(*) > 0`,
    )
    for (const item of reader.getRows()[0] ?? [])
      cursors.push(cursorOf({ segment, offset, importNumber: number, item: Number(item) }))
  }
  cursors.sort()
  const [first] = cursors
  const last = cursors.at(-1)
  return first === undefined || last === undefined ? null : { first, last, count }
}
