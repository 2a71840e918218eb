import { expect, test } from 'vitest'
import { type JournalEntry, journalEntries, mostEntries } from './changes.ts'

const entry = (number: number): JournalEntry => ({
  number,
  at: number,
  environment: 'lab',
  action: 'policy.publish',
  phase: 'begun',
  begunBy: null,
  actor: 'ann',
  details: {},
  hash: '',
  previous: '',
})
const all = Array.from({ length: 2 * mostEntries + 7 }, (_, index) => entry(2 * mostEntries + 7 - index))

async function ask({ limit, before }: { readonly limit: number; readonly before: number | null }) {
  if (limit < 1 || limit > mostEntries) throw new Error('refused by the contract')
  return all.filter(({ number }) => before === null || number < before).slice(0, limit)
}

test('a journal of more entries than are given at once is read whole, in order, each once', async () => {
  expect(await journalEntries(Number.POSITIVE_INFINITY, ask)).toEqual(all)
})

test('not more entries than are wanted are asked for', async () => {
  expect(await journalEntries(mostEntries + 2, ask)).toEqual(all.slice(0, mostEntries + 2))
})
