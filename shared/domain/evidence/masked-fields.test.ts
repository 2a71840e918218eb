import { expect, test } from 'vitest'
import { countMasked } from './masked-fields.ts'

test('masked fields are counted by their names, and what is masked inside a text as such', () => {
  const counts = new Map<string, number>()
  countMasked(
    '{"authorization":"***","headers":{"cookie": "***"},"path":"/x?token=***&y=1"}\n{"authorization":"Bearer ***"}',
    counts,
  )
  countMasked('no field: *** and ****', counts)
  expect(Object.fromEntries(counts)).toEqual({ authorization: 2, cookie: 1, path: 1, text: 2 })
})

test('names of others do not grow without end', () => {
  const counts = new Map<string, number>()
  for (let at = 0; at < 500; at += 1) countMasked(`{"n${at}":"***"}`, counts)
  expect(counts.size).toBe(201)
  expect(counts.get('other')).toBe(300)
})
