import { expect, test } from 'vitest'
import { differenceOf } from './difference.ts'
import { jsonLines } from './json-lines.ts'

test('only space changes: no digit, no order, no escape', () => {
  const text = String.raw`{"b":[1.50,12345678901234567890,{}],"a":{"x\"{,":null,"y":[]},"é\u0041":true}`
  const lines = jsonLines(text)
  expect(lines).toBe(
    [
      '{',
      '  "b": [',
      '    1.50,',
      '    12345678901234567890,',
      '    {}',
      '  ],',
      '  "a": {',
      String.raw`    "x\"{,": null,`,
      '    "y": []',
      '  },',
      String.raw`  "é\u0041": true`,
      '}',
      '',
    ].join('\n'),
  )
  expect(lines?.replaceAll(/\s/g, '')).toBe(text)
  expect(jsonLines(lines ?? '')).toBe(lines)
})

test('a text that is no JSON stays what it is', () => {
  expect(jsonLines('{"a":')).toBeNull()
})

test('of data in one line the difference is what changed, and a number beyond the exact ones differs', () => {
  const bytes = (text: string) => new TextEncoder().encode(text)
  const one = new Map([['data.json', bytes('{"a":{"x":1,"y":9007199254740993},"b":2}')]])
  const other = new Map([['data.json', bytes('{"a":{"x":1,"y":9007199254740992},"b":2}')]])
  expect(differenceOf(one, other)).toMatchObject([{ path: 'data.json', change: 'changed', added: 1, removed: 1 }])
  const laidOut = new Map([['data.json', bytes('{ "a": {"x":1, "y":9007199254740993}, "b":2}')]])
  expect(differenceOf(one, laidOut)).toEqual([])
})
