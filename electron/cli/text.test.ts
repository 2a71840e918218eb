import { expect, test } from 'vitest'
import { columns, jsonPieces, jsonText, plainText } from './text.ts'

const hostile = 'a\u001b[31mred\u009b2J\u202etxt.exe\u0007\r\nb\tc'

test('text from outside cannot steer the terminal or break the line', () => {
  expect(plainText(hostile)).toBe('a\ufffd[31mred\ufffd2J\ufffdtxt.exe\ufffd\ufffd b c')
})

test('JSON stays the same document, and cannot steer the terminal either', () => {
  const text = jsonText({ name: hostile })
  expect(JSON.parse(text)).toEqual({ name: hostile })
  expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u)
})

test('a document in pieces is the same text', () => {
  for (const document of [
    {},
    { a: 1 },
    { a: [], b: {}, c: [1, { d: [hostile] }], e: null, f: undefined, g: { h: 'x' } },
  ]) {
    expect([...jsonPieces(document)].join('')).toBe(jsonText(document))
  }
})

test('columns are as wide as their longest cell, without spaces at the end', () => {
  expect(
    columns([
      ['A', 'B', 'C'],
      ['long', '', 'x'],
      ['s', 'wide', ''],
    ]),
  ).toBe('A     B     C\nlong        x\ns     wide\n')
})
