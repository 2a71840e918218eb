import { expect, test } from 'vitest'
import { recordFrom, recordingSentence, startRecordingIn } from './serve-record.ts'

test('what is to be recorded is said by --record, all or by name', () => {
  expect(recordFrom({})).toBeNull()
  expect(recordFrom({ record: true })).toEqual({ names: null })
  expect(recordFrom({ record: true, env: ['lab', 'prod'] })).toEqual({ names: ['lab', 'prod'] })
  expect(recordFrom({ env: ['lab'], 'decision-logs': '8443' })).toBeNull()
  expect(recordFrom({ record: true, env: ['lab'], 'decision-logs': '8443' })).toEqual({ names: ['lab'] })
  expect(() => recordFrom({ env: ['lab'] })).toThrow('--env needs --decision-logs or --record')
  const two = { record: true, env: ['lab', 'prod'], 'decision-logs': '8443' }
  expect(() => recordFrom(two)).toThrow('decision logs belong to one environment')
})

test('what is recorded, where, and how long it is kept is one sentence', () => {
  expect(recordingSentence(['lab', 'prod'], 'data/history')).toBe(
    'Recording 2 environments (lab, prod). What was known when is kept in data/history: the last 30 d, at most 1 GB for each.',
  )
  expect(recordingSentence([], 'data/history')).toContain('Nothing is recorded yet')
})

test('where another Everyhop owns the data folder nothing is recorded beside it', async () => {
  const started = startRecordingIn({ composed: () => null, dataFolder: 'data' }, { names: null })
  await expect(started).rejects.toMatchObject({ code: 'locked', subject: 'data' })
})
