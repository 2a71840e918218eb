import { hash } from 'node:crypto'

/** Cuts bytes that come in pieces into lines, without their line breaks. A line is only lent: it is overwritten by the next. */
export interface LineCutter {
  add(chunk: Buffer, take: (line: Buffer) => void): void
  /** Whether everything came to its line break. */
  readonly isWhole: boolean
  readonly problem: 'line-too-long' | null
}

export function createLineCutter(longest: number): LineCutter {
  let begun: Buffer | null = null
  let problem: LineCutter['problem'] = null
  return {
    get isWhole() {
      return begun === null
    },
    get problem() {
      return problem
    },
    add(chunk, take) {
      if (problem !== null) return
      let from = 0
      for (;;) {
        const end = chunk.indexOf(10, from)
        const piece = chunk.subarray(from, end === -1 ? chunk.length : end)
        const length = piece.length + (begun?.length ?? 0)
        if (length > longest) {
          problem = 'line-too-long'
          return
        }
        if (end === -1) {
          if (piece.length > 0) begun = begun === null ? Buffer.from(piece) : Buffer.concat([begun, piece])
          return
        }
        take(begun === null ? piece : Buffer.concat([begun, piece]))
        begun = null
        from = end + 1
      }
    },
  }
}

/** SHA-256(0x00 ‖ line), through one buffer for all. */
export function createLeafHasher(): (line: Buffer) => Buffer {
  let buffer = Buffer.alloc(4096)
  return (line) => {
    if (line.length + 1 > buffer.length) buffer = Buffer.alloc(2 * (line.length + 1))
    line.copy(buffer, 1)
    return sha256(buffer.subarray(0, line.length + 1))
  }
}

/** By way of text with one byte a character: a buffer that is made outside of the heap costs more than the hash. */
export const sha256 = (bytes: Uint8Array): Buffer => Buffer.from(hash('sha256', bytes, 'binary'), 'latin1')
