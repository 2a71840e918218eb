import { expect, test } from 'vitest'
import { createLog, logLevelOf } from './log.ts'

function lines(level: 'info' | 'warn' | 'error' | 'off', use: (log: ReturnType<typeof createLog>) => void): unknown[] {
  const written: string[] = []
  use(createLog({ level, clock: { now: () => 0 }, write: (line) => written.push(line) }))
  return written.map((line) => JSON.parse(line) as unknown)
}

test('a line has time, level, message and fields, and fields cannot pose as them', () => {
  expect(lines('info', (log) => log.info('started', { port: 1, level: 'error' }))).toEqual([
    { time: '1970-01-01T00:00:00.000Z', level: 'info', message: 'started', port: 1 },
  ])
})

test('what is below the level is not written', () => {
  const use = (log: ReturnType<typeof createLog>) => {
    log.info('a')
    log.warn('b')
    log.error('c')
  }
  expect(lines('warn', use).length).toBe(2)
  expect(lines('off', use)).toEqual([])
  expect(logLevelOf({})).toBe('warn')
  expect(logLevelOf({ EVERYHOP_LOG: 'info' })).toBe('info')
  expect(logLevelOf({ EVERYHOP_LOG: 'loud' })).toBe('warn')
})

test('no value can break a line: circles, errors, big numbers, very long text, line feeds', () => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  const written = lines('info', (log) =>
    log.warn('two\nlines', { circle, big: 10n, error: new Error('x'), long: 'y'.repeat(9000) }),
  )
  expect(written).toMatchObject([{ message: 'two\nlines', circle: '(not writable as JSON)', big: '10' }])
  expect(JSON.stringify(written).length).toBeLessThan(6000)
})
