import { expect, test } from 'vitest'
import { inertBlock, inertCode, inertText } from './markdown.ts'

test('nothing in a sentence becomes a link, a picture, HTML or a line of its own', () => {
  const hostile = '[click](https://evil.example) ![x](y) <img src=x onerror=1>\n# heading\n| a | www.evil.example'
  const text = inertText(hostile)
  expect(text).not.toMatch(/(^|[^\\])[[\]()<>!#|]/)
  expect(text).not.toContain('\n')
  expect(text).not.toContain('https://')
  expect(text).not.toContain('www.evil')
})

test('code cannot be left from inside, whatever runs of backticks it has', () => {
  expect(inertCode('a `` b')).toBe('```a `` b```')
  expect(inertCode('`x`')).toBe('`` `x` ``')
  expect(inertCode('a\nb')).toBe('`a b`')
  expect(inertBlock('x\n```\n# y').split('\n')).toEqual(['````', 'x', '```', '# y', '````'])
})

test('control characters and direction marks are shown as what they are not', () => {
  expect(inertText('a\u001b[31mb')).not.toContain('\u001b')
  expect(inertCode('a\u202eb')).toBe('`a\uFFFDb`')
})
