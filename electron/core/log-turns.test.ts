import { expect, test } from 'vitest'
import { chooseStreams } from './log-turns.ts'

const plain = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({
    id: `s${String(from + index).padStart(4, '0')}`,
    attended: false,
    failing: false,
  }))

test('with room for all, all are followed', () => {
  expect(chooseStreams(plain(60), 3).size).toBe(60)
})

test('everything comes to its turn, and never more than fit at once', () => {
  const streams = plain(500)
  const seen = new Set<string>()
  for (let turn = 0; turn < 9; turn += 1) {
    const chosen = chooseStreams(streams, turn)
    expect(chosen.size).toBe(60)
    for (const id of chosen) seen.add(id)
  }
  expect(seen.size).toBe(500)
})

test('what is looked at is always followed, then what fails, and some places always go round', () => {
  const attended = { id: 'a', attended: true, failing: false }
  const failing = plain(300, 1000).map((one) => ({ ...one, failing: true }))
  const streams = [...plain(100), attended, ...failing]
  const everFailing = new Set<string>()
  for (let turn = 0; turn < 10; turn += 1) {
    const chosen = chooseStreams(streams, turn)
    expect(chosen.has('a')).toBe(true)
    expect([...chosen].filter((id) => id < 's1000' && id !== 'a')).toHaveLength(10)
    for (const id of chosen) if (id >= 's1000') everFailing.add(id)
  }
  expect(everFailing.size).toBe(300)
})

test('even when everything is looked at there is a bound', () => {
  expect(
    chooseStreams(
      plain(100).map((one) => ({ ...one, attended: true })),
      0,
    ).size,
  ).toBe(60)
})
