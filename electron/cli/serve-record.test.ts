import { expect, test } from 'vitest'
import { historyRetention } from '../core/history-retention.ts'
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
  const lab = { name: 'lab', retention: historyRetention({}) }
  const usual = 'the last 30 d, at most 1 GB'
  expect(recordingSentence([lab, { ...lab, name: 'prod' }], 'data/history')).toBe(
    `Recording 2 environments (lab, prod). What was known when is kept in data/history: ${usual} for each.`,
  )
  expect(recordingSentence([lab], 'data/history')).toMatch(/1 environment \(lab\).*, at most 1 GB\.$/)
  const prod = { name: 'prod', retention: historyRetention({ keep: { history: { days: 365, megabytes: 1536 } } }) }
  expect(recordingSentence([lab, prod], 'data/history')).toContain(
    `data/history: lab ${usual}; prod the last 365 d, at most 1.5 GB.`,
  )
  expect(recordingSentence([], 'data/history')).toContain('Nothing is recorded yet')
})

test('where another Everyhop owns the data folder nothing is recorded beside it', async () => {
  const started = startRecordingIn({ composed: () => null, dataFolder: 'data' }, { names: null })
  await expect(started).rejects.toMatchObject({ code: 'locked', subject: 'data' })
})
