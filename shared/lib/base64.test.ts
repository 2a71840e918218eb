import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromBase64, toBase64 } from './base64.ts'

test('bytes become the text that everybody else makes of them, and come back from both alphabets', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = toBase64(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64'))
      for (const form of [text, text.replace(/=+$/, ''), Buffer.from(bytes).toString('base64url')]) {
        expect([...(fromBase64(form) ?? [])]).toEqual([...bytes])
      }
    }),
  )
})

test.each(['a', 'aaaaa', 'a===', 'aa=', 'aaa==', '=', 'aa a', 'aa\n', 'aé==', '****', 'ab=='])(
  '%j is no base64',
  (text) => {
    expect(fromBase64(text)).toBeNull()
  },
)
