import { describe, expect, it } from 'vitest'
import { UsageError } from './command.ts'
import { parseDuration, parseMoment, withMoments } from './moment.ts'

const now = Date.parse('2026-11-22T12:04:31Z')
const read = (text: string): string => new Date(parseMoment(text, now, '--at')).toISOString()

describe('a time on the command line', () => {
  it.each([
    ['2026-11-21T03:12:07Z', '2026-11-21T03:12:07.000Z'],
    ['2026-11-21T03:12:07.250Z', '2026-11-21T03:12:07.250Z'],
    ['2026-11-21 03:12', '2026-11-21T03:12:00.000Z'],
    ['2026-11-21 03:12:07 UTC', '2026-11-21T03:12:07.000Z'],
    ['2026-11-21T05:12:07+02:00', '2026-11-21T03:12:07.000Z'],
    ['2026-11-21', '2026-11-21T00:00:00.000Z'],
    ['-2h', '2026-11-22T10:04:31.000Z'],
    ['2h ago', '2026-11-22T10:04:31.000Z'],
    ['1h30m ago', '2026-11-22T10:34:31.000Z'],
    ['-1.5h', '2026-11-22T10:34:31.000Z'],
    ['-1d', '2026-11-21T12:04:31.000Z'],
    ['12:04:30', '2026-11-22T12:04:30.000Z'],
    ['12:05', '2026-11-21T12:05:00.000Z'],
    ['now', '2026-11-22T12:04:31.000Z'],
    ['1763694727000', '2025-11-21T03:12:07.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(read(text)).toBe(expected)
  })

  it.each([
    '',
    'yesterdayish',
    '2026-02-30',
    '2026-13-01',
    '2h',
    '-',
    '-2x',
    '25:00',
    '12',
    '2026-11-21T03:12:07Zjunk',
  ])('"%s" is none, and what may be written is said', (text) => {
    expect(() => parseMoment(text, now, '--at')).toThrow(UsageError)
    expect(() => parseMoment(text, now, '--at')).toThrow(/--at .* is no time.*2h ago/)
  })

  it('beginning with a dash is not taken for an option', () => {
    expect(withMoments(['--env', 'lab', '--at', '-2h', '--json'])).toEqual(['--env', 'lab', '--at=-2h', '--json'])
    expect(withMoments(['--at', '--json'])).toEqual(['--at', '--json'])
    expect(withMoments(['--env', '-2h'])).toEqual(['--env', '-2h'])
  })
})

describe('a length of time', () => {
  it.each([
    ['24h', 86_400_000],
    ['90m', 5_400_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['30 s', 30_000],
  ])('%s is %i ms', (text, expected) => {
    expect(parseDuration(text, '--last')).toBe(expected)
  })

  it.each(['', '0h', '24', '-2h', 'h', 'a day'])('"%s" is none', (text) => {
    expect(() => parseDuration(text, '--last')).toThrow(/--last takes a length of time/)
  })
})
