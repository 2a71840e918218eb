import { expect, test } from 'vitest'
import { csvRow } from './csv.ts'

test('cells are quoted where they must be, and absent ones are empty', () => {
  expect(csvRow(['a', 1, null, 'b,c', 'd"e', 'f\ng', ' h'])).toEqual({
    text: 'a,1,,"b,c","d""e","f\ng"," h"\n',
    prefixed: 0,
  })
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1+1', '＠SUM(A1)'])(
  '%j is no formula afterwards',
  (cell) => {
    const { text, prefixed } = csvRow([cell])
    expect(prefixed).toBe(1)
    expect(text.replace(/^"/, '')).toMatch(/^'/)
  },
)

test('a NUL leaves no trace that a reader could stop at', () => {
  expect(csvRow(['\0=1', -5])).toEqual({ text: "'\uFFFD=1,-5\n", prefixed: 1 })
})
