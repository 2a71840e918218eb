import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createNumberedLines } from './json-lines.ts'

function linesOf(text: string, number = 7) {
  const lines = createNumberedLines(0)
  const count = lines.add(Buffer.from(text), number)
  return { count, lines: lines.bytes().toString('utf8'), longest: lines.longest() }
}

test('each object of an array becomes one line with the numbers of its upload and its own', () => {
  expect(linesOf('[{"a":1} ,\n{"b":[{"c":"}"}]}]')).toEqual({
    count: 2,
    lines: '{"#n":7,"#i":0,"a":1}\n{"#n":7,"#i":1,"b":[{"c":"}"}]}\n',
    longest: '{"#n":7,"#i":1,"b":[{"c":"}"}]}\n'.length,
  })
  expect(linesOf(' [ ] ')).toMatchObject({ count: 0, lines: '' })
})

test('line ends between tokens do not cut a line', () => {
  expect(linesOf('[{\r\n "a":\n1}]').lines).toBe('{"#n":7,"#i":0,   "a": 1}\n')
})

test.each([
  '',
  '{"a":1}',
  '[1]',
  '["a"]',
  '[{}]',
  '[{"a":1}{"b":2}]',
  '[{"a":1},]',
  '[,{"a":1}]',
  '[{"a":1}][{"b":2}]',
  '[{"a":1}] x',
  '[{"a":1}',
  '[{"a":"1}]',
  '[{"a":"\n"}]',
  '[{"a":"\\"}]',
])('%j is left to the parser, and what came before it stays', (text) => {
  const lines = createNumberedLines(0)
  lines.add(Buffer.from('[{"z":0}]'), 1)
  const before = lines.bytes().toString()
  expect(lines.add(Buffer.from(text), 2)).toBeNull()
  expect(lines.bytes().toString()).toBe(before)
})

test('whatever an array of objects holds, its lines are the objects in their order', () => {
  const value = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { minKeys: 1 })
  fc.assert(
    fc.property(fc.array(value), fc.nat(3), (values, indent) => {
      const { count, lines } = linesOf(JSON.stringify(values, null, indent))
      expect(count).toBe(values.length)
      const read = lines.split('\n').slice(0, -1)
      // As text: keys such as `__proto__` and the number -0 are the same only there.
      expect(read.map((line) => JSON.stringify(JSON.parse(line.replace(/^\{"#n":7,"#i":\d+,/, '{'))))).toEqual(
        values.map((each) => JSON.stringify(JSON.parse(JSON.stringify(each)))),
      )
    }),
  )
})
