import { describe, expect, it } from 'vitest'
import type { HistoryRange } from '../contract/history.ts'
import { formatPast, formatTimeOf, rangeSentence, recordedWords, stateOfWords, watchGapSentence } from './moments.ts'

const now = Date.UTC(2026, 10, 22, 12, 4, 31)
const yesterday = Date.UTC(2026, 10, 21, 3, 12, 7)

describe('times of the past', () => {
  it('have their day, and their year when it is another', () => {
    expect(formatPast(yesterday, now)).toBe('21 Nov 03:12:07 UTC')
    expect(formatPast(Date.UTC(2025, 0, 2), now)).toBe('2 Jan 2025 00:00:00 UTC')
    expect(formatTimeOf(now - 1000, now)).toBe('12:04:30')
    expect(formatTimeOf(yesterday, now)).toBe('21 Nov 03:12:07')
  })

  it('are said as people say them', () => {
    expect(stateOfWords(now - 60_000, now)).toBe('State at 12:03:31')
    expect(stateOfWords(yesterday, now)).toBe('State at 03:12:07 yesterday')
    expect(stateOfWords(yesterday - 86_400_000, now)).toBe('State of 20 Nov 03:12:07')
  })
})

describe('what is recorded', () => {
  it('is counted against what is known to be missing', () => {
    const past = { at: yesterday, gap: null, sources: [] }
    expect(recordedWords({ ...past, recorded: { facts: 96, missing: 8 } })).toBe('96 of 104 facts recorded')
    expect(recordedWords({ ...past, recorded: { facts: 104, missing: 0 } })).toBe('all 104 facts recorded')
    expect(recordedWords({ ...past, recorded: { facts: 0, missing: 0 } })).toBe('no fact recorded')
  })

  it('names a gap with its end, or that it has none', () => {
    const from = now - 3_600_000
    expect(watchGapSentence({ from, to: now - 1_800_000, why: 'asleep' }, now)).toBe(
      'From 11:04:31 to 11:34:31 UTC, 30 m 00 s, the computer slept.',
    )
    expect(watchGapSentence({ from, to: null, why: 'not-kept' }, now)).toBe(
      'From 11:04:31 UTC to now, 1 h 00 m, nothing could be kept on the disk.',
    )
  })

  it('says why there is nothing, and that something ends with this run', () => {
    const range: HistoryRange = {
      began: null,
      from: null,
      to: null,
      recording: false,
      why: 'no-data-folder',
      gaps: [],
      retention: { maxAgeMs: 30 * 86_400_000, maxBytes: 1536 * 1024 ** 2 },
      bytes: 0,
    }
    expect(rangeSentence(range, now)).toMatch(/no folder/)
    expect(rangeSentence({ ...range, why: null }, now)).toBe('Nothing is recorded yet.')
    const some = { ...range, from: now - 7_200_000, to: now - 3_600_000 }
    expect(rangeSentence({ ...some, why: null }, now)).toBe('Recorded from 10:04:31 to 11:04:31 UTC, 1 h 00 m.')
    expect(rangeSentence({ ...some, recording: true, why: 'in-memory' }, now)).toBe(
      'Recorded from 10:04:31 UTC to now, 2 h 00 m. Recorded as long as Everyhop runs, and not beyond.',
    )
    const taken = rangeSentence({ ...some, began: yesterday, why: null }, now)
    expect(taken).toBe(
      'Recorded from 10:04:31 to 11:04:31 UTC, 1 h 00 m. ' +
        'What was recorded from 21 Nov 03:12:07 UTC until then is not kept any more. Kept: the last 30 d, at most 1.5 GB.',
    )
    expect(rangeSentence({ ...some, began: some.from, why: null }, now)).not.toContain('not kept')
  })
})
