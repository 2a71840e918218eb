import type { SealedStream } from '../../core/seals.ts'
import type { ArtefactWriter, OwnLine, TakenLine } from '../artefact.ts'

type Cells = readonly (string | number | null)[]

/** Writes what an artefact says, in batches, and counts it. */
export interface Recorder {
  /** A line of our own making. It is written with others, at the latest by `flush`. */
  line(file: string, record: OwnLine['record'], isException?: boolean): Promise<void>
  sealed(stream: SealedStream, lines: readonly TakenLine[]): Promise<void>
  file(name: string, bytes: Uint8Array): Promise<void>
  /** The first row of a file says its columns. */
  row(file: string, columns: readonly string[], cells: Cells): Promise<void>
  flush(): Promise<void>
  readonly records: number
  readonly exceptions: number
}

const batchLines = 2000

export function createRecorder(to: ArtefactWriter): Recorder {
  const waiting = new Map<string, OwnLine[]>()
  const begun = new Set<string>()
  let records = 0
  let exceptions = 0
  return {
    async line(file, record, isException = false) {
      records += 1
      if (isException) exceptions += 1
      const lines = waiting.get(file) ?? []
      lines.push({ record, isException })
      waiting.set(file, lines)
      if (lines.length < batchLines) return
      waiting.delete(file)
      await to.lines(file, lines)
    },
    async sealed(stream, lines) {
      for (const { take, isException } of lines) {
        if (take === 'leaf') continue
        records += 1
        if (isException) exceptions += 1
      }
      await to.sealed(stream, lines)
    },
    file: (name, bytes) => to.file(name, bytes),
    async row(file, columns, cells) {
      if (!begun.has(file)) {
        begun.add(file)
        await to.row(file, columns)
      }
      await to.row(file, cells)
    },
    async flush() {
      const rest = [...waiting]
      waiting.clear()
      for (const [file, lines] of rest) await to.lines(file, lines)
    },
    get records() {
      return records
    },
    get exceptions() {
      return exceptions
    },
  }
}

const nothing = async (): Promise<void> => undefined

/** For counting only. */
export const noWriter: ArtefactWriter = { lines: nothing, sealed: nothing, file: nothing, row: nothing }
