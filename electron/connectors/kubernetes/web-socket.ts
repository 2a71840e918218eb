import { randomFillSync } from 'node:crypto'

/**
 * Frames of RFC 6455, for one end of a connection whose handshake is done. Only what Kubernetes' channel protocol needs:
 * whole binary messages; no extensions are ever offered.
 */
export type Frame =
  | { readonly kind: 'message'; readonly bytes: Buffer }
  | { readonly kind: 'ping'; readonly bytes: Buffer }
  | { readonly kind: 'pong' }
  | { readonly kind: 'close'; readonly code: number | null; readonly reason: string }

/** The other side broke the protocol. */
export class BrokenFrame extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BrokenFrame'
  }
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

const longestMessage = 32 * 1024 * 1024

export interface FrameReader {
  /** The frames that are complete with these bytes. Throws `BrokenFrame`. */
  push(bytes: Buffer): readonly Frame[]
}

export function createFrameReader(): FrameReader {
  let rest: Buffer = Buffer.alloc(0)
  let pieces: readonly Buffer[] = []
  let piecesLength = 0

  function take(): Frame | 'more' | 'piece' {
    const header = headerOf(rest)
    if (header === null || rest.length < header.end) return 'more'
    const { opcode, isFinal, start, end } = header
    const payload = rest.subarray(start, end)
    rest = rest.subarray(end)
    if (opcode >= opcodes.close) return controlFrame(opcode, isFinal, payload)
    if ((opcode === opcodes.continuation) !== pieces.length > 0)
      throw new BrokenFrame('pieces of a message out of order')
    pieces = [...pieces, payload]
    piecesLength += payload.length
    if (piecesLength > longestMessage) throw new BrokenFrame('a message of more than 32 MB')
    if (!isFinal) return 'piece'
    const bytes = Buffer.concat(pieces)
    pieces = []
    piecesLength = 0
    return { kind: 'message', bytes }
  }

  return {
    push(bytes) {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      const frames: Frame[] = []
      for (let next = take(); next !== 'more'; next = take()) if (next !== 'piece') frames.push(next)
      return frames
    },
  }
}

function headerOf(bytes: Buffer) {
  if (bytes.length < 2) return null
  const first = bytes.readUInt8(0)
  const second = bytes.readUInt8(1)
  if ((first & 0x70) !== 0) throw new BrokenFrame('an extension that was not agreed on')
  if ((second & 0x80) !== 0) throw new BrokenFrame('a masked frame from a server')
  const short = second & 0x7f
  const start = short === 126 ? 4 : short === 127 ? 10 : 2
  if (bytes.length < start) return null
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  if (length > longestMessage) throw new BrokenFrame('a frame of more than 32 MB')
  return { opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, start, end: start + length }
}

function controlFrame(opcode: number, isFinal: boolean, payload: Buffer): Frame {
  if (!isFinal || payload.length > 125) throw new BrokenFrame('a control frame in pieces')
  if (opcode === opcodes.ping) return { kind: 'ping', bytes: payload }
  if (opcode === opcodes.pong) return { kind: 'pong' }
  if (opcode !== opcodes.close) throw new BrokenFrame(`an unknown kind of frame (${opcode})`)
  const code = payload.length >= 2 ? payload.readUInt16BE(0) : null
  return { kind: 'close', code, reason: payload.subarray(2).toString('utf8') }
}

/** One frame as a client sends it: masked, as the RFC demands, with bits nobody can foretell. */
export function clientFrame(opcode: number, parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(headerLength + 4 + length)
  frame.writeUInt8(0x80 | opcode, 0)
  if (headerLength === 2) frame.writeUInt8(0x80 | length, 1)
  else if (headerLength === 4) {
    frame.writeUInt8(0x80 | 126, 1)
    frame.writeUInt16BE(length, 2)
  } else {
    frame.writeUInt8(0x80 | 127, 1)
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  randomFillSync(frame, headerLength, 4)
  let at = headerLength + 4
  for (const part of parts) {
    frame.set(part, at)
    at += part.length
  }
  for (let index = 0; index < length; index += 1) {
    const place = headerLength + 4 + index
    frame[place] = (frame[place] ?? 0) ^ (frame[headerLength + (index & 3)] ?? 0)
  }
  return frame
}
