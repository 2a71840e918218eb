import { createLineCutter } from './lines.ts'

export interface WithheldLeaf {
  readonly index: number
  readonly leaf: Buffer
}

/** Leaves one after the other, of a file that is read as far as they are needed. */
export interface WithheldLeaves {
  /** The next one without taking it; null: there is none. Needed only after it was taken. */
  peek(): Promise<WithheldLeaf | null>
  take(): void
  /** The next one where it is at hand: a promise a line is too dear. undefined: ask `peek`. */
  readonly atHand: WithheldLeaf | null | undefined
  /** A line that is none, or an index that does not rise. */
  readonly malformed: boolean
}

const pattern = /^\{"i":(0|[1-9][0-9]{0,14}),"leaf":"([0-9a-f]{64})"\}$/
const longest = 110

export function withheldLeaves(pieces: AsyncIterable<Buffer>): WithheldLeaves {
  const iterator = pieces[Symbol.asyncIterator]()
  const cutter = createLineCutter(longest)
  let held: WithheldLeaf[] = []
  let next = 0
  let before = -1
  let ended = false
  let malformed = false

  async function fill(): Promise<void> {
    held = []
    next = 0
    while (held.length === 0 && !ended) {
      const { value, done } = await iterator.next()
      if (done === true) {
        ended = true
        if (!cutter.isWhole) malformed = true
        return
      }
      // What is malformed is read to its end all the same: its hash is asked for later.
      cutter.add(value, (line) => {
        const [, index, leaf] = pattern.exec(line.toString('latin1')) ?? []
        if (index === undefined || leaf === undefined || Number(index) <= before) {
          malformed = true
          return
        }
        before = Number(index)
        held.push({ index: before, leaf: Buffer.from(leaf, 'hex') })
      })
      if (cutter.problem !== null) malformed = true
    }
  }

  return {
    get malformed() {
      return malformed
    },
    get atHand() {
      return held[next] ?? (ended ? null : undefined)
    },
    async peek() {
      if (held[next] === undefined && !ended) await fill()
      return held[next] ?? null
    },
    take() {
      next += 1
    },
  }
}
