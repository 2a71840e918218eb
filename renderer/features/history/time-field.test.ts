import { expect, it } from 'vitest'
import { fieldText, localWords, timeOfField } from './time-field.ts'

const at = Date.UTC(2026, 10, 21, 3, 12, 7)

it('reads and writes the field in UTC, whatever the zone of the machine', () => {
  expect(fieldText(at)).toBe('2026-11-21T03:12:07')
  expect(timeOfField('2026-11-21T03:12:07')).toBe(at)
  expect(timeOfField('2026-11-21T03:12')).toBe(at - 7000)
})

it('takes nothing that is no time', () => {
  expect(timeOfField('')).toBeNull()
  expect(timeOfField('2026-13-41T03:12')).toBeNull()
  expect(timeOfField('0001-01-01T00:00')).toBeNull()
})

it('says the time where the reader is, with the day that it is there', () => {
  expect(localWords(Date.UTC(2026, 10, 21, 23, 30), 'Europe/Berlin')).toBe(
    '00:30:00 on Sun 22 Nov, where you are (Europe/Berlin)',
  )
})
