import { expect, it } from 'vitest'
import { momentAddressSchema, momentOf, momentText } from './moment-address.ts'

const at = Date.UTC(2026, 10, 21, 3, 12, 7)

it('reads back the time that it writes', () => {
  expect(momentText(at)).toBe('2026-11-21T03:12:07Z')
  expect(momentOf(momentText(at))).toBe(at)
  expect(momentOf(momentText(at + 250))).toBe(at + 250)
})

it('takes milliseconds, other zones, and UTC where none is said', () => {
  expect(momentOf(at)).toBe(at)
  expect(momentOf(String(at))).toBe(at)
  expect(momentOf('2026-11-21T04:12:07+01:00')).toBe(at)
  expect(momentOf('2026-11-21 03:12:07')).toBe(at)
  expect(momentOf('2026-11-21')).toBe(Date.UTC(2026, 10, 21))
})

it('is now where a link was damaged', () => {
  expect(momentOf(undefined)).toBeNull()
  expect(momentOf('yesterday')).toBeNull()
  expect(momentOf(-1)).toBeNull()
  expect(momentOf(1.5)).toBeNull()
  expect(momentAddressSchema.parse({ at: ['2026'] })).toEqual({})
})
