import { expect, test } from 'vitest'
import type { JournalEntry } from '../../../../shared/contract/changes.ts'
import { ndjsonOf } from './export.ts'

const entry = (number: number): JournalEntry => ({
  number,
  at: number,
  environment: 'lab',
  action: 'policy.publish',
  phase: 'begun',
  begunBy: null,
  actor: 'ann',
  details: { text: 'two\nlines' },
  hash: 'a',
  previous: 'b',
})

test('the export has an entry a line, the oldest first, as the file of the journal has', () => {
  const text = ndjsonOf([entry(2), entry(1)])
  const lines = text.split('\n')
  expect(lines.pop()).toBe('')
  expect(lines.map((line) => JSON.parse(line))).toEqual([entry(1), entry(2)])
})
