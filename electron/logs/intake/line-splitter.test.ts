import { expect, test } from 'vitest'
import { createLineSplitter, longestLine } from './line-splitter.ts'

test('lines are the same however their bytes are cut', () => {
  const text = 'one\r\n\nzwei äöü €\nthree\n'
  const bytes = Buffer.from(text)
  for (let size = 1; size <= bytes.length; size += 1) {
    const splitter = createLineSplitter()
    const lines: string[] = []
    for (let at = 0; at < bytes.length; at += size) lines.push(...splitter.push(bytes.subarray(at, at + size)).lines)
    expect(lines, `in pieces of ${size}`).toEqual(['one', 'zwei äöü €', 'three'])
  }
})

test('an unfinished line waits for its end', () => {
  const splitter = createLineSplitter()
  expect(splitter.push(Buffer.from('{"a":')).lines).toEqual([])
  expect(splitter.push(Buffer.from('1}\n{')).lines).toEqual(['{"a":1}'])
})

test('a line that is too long is refused once, with its beginning, and the next one is read', () => {
  const splitter = createLineSplitter()
  const long = `start ${'x'.repeat(longestLine)}`
  const first = splitter.push(Buffer.from(long))
  const second = splitter.push(Buffer.from(`${'y'.repeat(longestLine)}\nnext\n`))
  expect([...first.tooLong, ...second.tooLong].map((beginning) => beginning.slice(0, 8))).toEqual(['start xx'])
  expect([...first.lines, ...second.lines]).toEqual(['next'])
})

test('a line that is too long within one piece is refused as well', () => {
  const { lines, tooLong } = createLineSplitter().push(Buffer.from(`a\n${'x'.repeat(longestLine + 1)}\nb\n`))
  expect(lines).toEqual(['a', 'b'])
  expect(tooLong).toHaveLength(1)
})

test('a line that is as long as allowed is read', () => {
  const { lines, tooLong } = createLineSplitter().push(Buffer.from(`${'x'.repeat(longestLine)}\n`))
  expect(lines[0]).toHaveLength(longestLine)
  expect(tooLong).toEqual([])
})

test('after a reset in the middle of a line nothing of it is left', () => {
  const splitter = createLineSplitter()
  splitter.push(Buffer.from('half a li'))
  splitter.reset(true)
  expect(splitter.push(Buffer.from('ne\nwhole\n')).lines).toEqual(['whole'])
})
