import { expect, test } from 'vitest'
import { BrokenFrame, clientFrame, createFrameReader, opcodes } from './web-socket.ts'

test('frames that come byte by byte are the same frames', () => {
  const reader = createFrameReader()
  const bytes = Buffer.from([0x02, 2, 0, 7, 0x89, 1, 9, 0x80, 1, 8, 0x88, 4, 0x03, 0xe8, 0x6f, 0x6b])
  const frames = [...bytes].flatMap((byte) => reader.push(Buffer.of(byte)))
  expect(frames).toEqual([
    { kind: 'ping', bytes: Buffer.of(9) },
    { kind: 'message', bytes: Buffer.of(0, 7, 8) },
    { kind: 'close', code: 1000, reason: 'ok' },
  ])
})

test.each([
  ['masked', [0x82, 0x81, 1, 2, 3, 4, 5]],
  ['with an extension', [0xc2, 1, 0]],
  ['a continuation of nothing', [0x80, 1, 0]],
  ['a new message inside another', [0x02, 1, 0, 0x82, 1, 0]],
  ['a ping in pieces', [0x09, 1, 0]],
  ['of an unknown kind', [0x8b, 0]],
  ['longer than 32 MB', [0x82, 127, 0, 0, 0, 0, 0xff, 0, 0, 0]],
])('a frame that is %s breaks the connection', (_name, bytes) => {
  expect(() => createFrameReader().push(Buffer.from(bytes))).toThrow(BrokenFrame)
})

test.each([0, 125, 126, 65_535, 65_536])('a frame of %i bytes is masked and says its length', (length) => {
  const payload = Buffer.alloc(length, 7)
  const frame = clientFrame(opcodes.binary, [payload])
  const at = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const said =
    at === 2 ? frame.readUInt8(1) & 0x7f : at === 4 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2))
  const mask = frame.subarray(at, at + 4)
  const unmasked = frame.subarray(at + 4).map((byte, index) => byte ^ (mask[index % 4] ?? 0))
  expect([frame.readUInt8(0), frame.readUInt8(1) & 0x80, said]).toEqual([0x82, 0x80, length])
  expect(Buffer.from(unmasked).equals(payload)).toBe(true)
})
