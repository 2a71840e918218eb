import { stat } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { RecordKind } from '../../../core/log-store.ts'
import { createLineSplitter } from '../../intake/line-splitter.ts'
import { importedText } from '../held-text.ts'
import { bytesOf, valuesOf } from './file-values.ts'

/**
 * How the records of an imported file are numbered. lines: those that are neither empty nor too long, from 0; values: those of its
 * array, or one after the other, from 0.
 */
export type ImportForm = 'lines' | 'values'

/** What tells that a file is still the one that was imported. */
export interface FileMark {
  readonly bytes: number
  /** Milliseconds, as the file system has it. */
  readonly changedAt: number
}

export interface Imported extends FileMark {
  readonly number: number
  readonly file: string
  readonly form: ImportForm
  /** Its place among the frames. */
  readonly segment: number
  readonly offset: number
}

/** Of one kind, in their order. */
export async function importsOf(connection: DuckDBConnection, record: RecordKind): Promise<Imported[]> {
  const reader = await connection.runAndReadAll(
    `SELECT import, file, form, bytes::DOUBLE, changedAt, segment, frame::DOUBLE FROM imports
     WHERE record = $record ORDER BY segment, frame, import`,
    { record },
  )
  return reader.getRows().map(([number, file, form, bytes, changedAt, segment, offset]) => ({
    number: Number(number),
    file: String(file),
    form: form === 'values' ? 'values' : 'lines',
    bytes: Number(bytes),
    changedAt: Number(changedAt),
    segment: Number(segment),
    offset: Number(offset),
  }))
}

export async function markOf(file: string): Promise<FileMark> {
  const { size, mtimeMs } = await stat(file)
  return { bytes: size, changedAt: mtimeMs }
}

/** The texts of the records of an imported file, read through once. */
export interface ImportTexts {
  /**
   * @param items numbers, ascending, each greater than all asked for before.
   * @returns one text for each; null where the file is gone, was changed since, or cannot be read.
   */
  next(items: readonly number[]): Promise<readonly (string | null)[]>
  close(): Promise<void>
}

export function openImport(imported: Imported): ImportTexts {
  const texts = textsOf(imported)
  let held: readonly (() => string)[] = []
  /** Number of the first that is held. */
  let first = 0
  let isEnded = false

  async function more(): Promise<void> {
    first += held.length
    held = []
    try {
      const next = await texts.next()
      if (next.done === true) isEnded = true
      else held = next.value
    } catch {
      isEnded = true
    }
  }

  return {
    async next(items) {
      const found: (string | null)[] = []
      for (const item of items) {
        while (!isEnded && item >= first + held.length) await more()
        found.push(isEnded ? null : (held[item - first]?.() ?? null))
      }
      return found
    },
    close: async () => {
      await texts.return(undefined)
    },
  }
}

/** Many at once; a text is made when it is asked for. Gives nothing when it is not the file that was imported. */
async function* textsOf(imported: Imported): AsyncGenerator<readonly (() => string)[]> {
  const mark = await markOf(imported.file)
  if (mark.bytes !== imported.bytes || mark.changedAt !== imported.changedAt) return
  if (imported.form === 'values') {
    for await (const values of valuesOf(imported.file))
      yield values.map((value) => () => importedText(value.toString('utf8')))
    return
  }
  const splitter = createLineSplitter()
  for await (const chunk of bytesOf(imported.file)) {
    yield splitter.push(chunk).lines.map((line) => () => importedText(line))
  }
  yield splitter.push(Buffer.from('\n')).lines.map((line) => () => importedText(line))
}
