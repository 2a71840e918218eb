import { expect, test } from 'vitest'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { createChangeModes } from './change-mode.ts'
import type { Journal, JournalNote } from './journal.ts'

function parts(production: boolean) {
  const notes: JournalNote[] = []
  const refuse = () => Promise.reject(new Error('not asked here'))
  const journal = {
    note: async (note: JournalNote) => {
      notes.push(note)
      return { ...note, number: 1, at: 0, phase: 'noted', begunBy: null, actor: '', hash: '', previous: '' } as const
    },
    begin: refuse,
    end: refuse,
    list: refuse,
    lines: refuse,
    verify: refuse,
    close: refuse,
  } satisfies Journal
  const clock = createManualClock(1_000_000)
  return { notes, clock, modes: createChangeModes({ clock, journal, isProduction: () => production }) }
}

test('writing is off until it is turned on, and off again when its time has passed', async () => {
  const { modes, clock } = parts(false)
  expect(() => modes.demand('dev')).toThrow(/only reads dev/)
  await modes.enable('dev', 15, null)
  expect(() => modes.demand('dev')).not.toThrow()
  expect(() => modes.demand('other')).toThrow(/only reads other/)
  await clock.advance(15 * 60_000)
  expect(modes.of('dev').until).toBeNull()
  expect(() => modes.demand('dev')).toThrow(/only reads dev/)
})

test('production has to be typed by its name', async () => {
  const { modes, notes } = parts(true)
  await expect(modes.enable('prod-eu', 15, null)).rejects.toThrow(/has to be typed/)
  await expect(modes.enable('prod-eu', 15, 'prod-us')).rejects.toThrow(/has to be typed/)
  expect(notes).toEqual([])
  expect((await modes.enable('prod-eu', 15, 'prod-eu')).until).not.toBeNull()
})

test('that it ended stands in the journal: when its time has passed, and when Everyhop ends; once, by the time that counts', async () => {
  const { modes, clock, notes } = parts(false)
  const ends = () => notes.flatMap(({ action, details }) => (action === 'change-mode.end' ? [details['why']] : []))
  await modes.enable('dev', 5, null)
  await modes.enable('dev', 15, null)
  await clock.advance(6 * 60_000)
  expect(ends()).toEqual([])
  await clock.advance(10 * 60_000)
  await expect.poll(ends).toEqual(['time'])
  await modes.enable('dev', 5, null)
  await modes.enable('test', 5, null)
  await modes.disable('test')
  await modes.close()
  expect(ends()).toEqual(['time', 'everyhop'])
  expect(modes.of('dev').until).toBeNull()
})

test('turning it on and off stands in the journal; turning off what is off does not', async () => {
  const { modes, notes } = parts(false)
  await modes.enable('dev', 5, null)
  await modes.disable('dev')
  await modes.disable('dev')
  expect(notes.map(({ action }) => action)).toEqual(['change-mode.enable', 'change-mode.disable'])
})
