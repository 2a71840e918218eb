import { expect, it } from 'vitest'
import { diagnoseAddressSchema } from './address.ts'
import { namedBy, namedIn } from './request-named.ts'

it('a text that begins with a bracket is a line of a log, anything else an id of a kind to be found out', () => {
  expect(namedBy('  {"start_time":"x"} ')).toEqual({ ok: true, named: { by: 'line', line: '{"start_time":"x"}' } })
  expect(namedBy('[{"a":1}]')).toMatchObject({ ok: true, named: { by: 'line' } })
  expect(namedBy(' 7f3c92e0-4b1d ')).toEqual({ ok: true, named: { by: null, id: '7f3c92e0-4b1d' } })
})

it('what is too long for an id, and no line, is refused with what to do', () => {
  expect(namedBy('x'.repeat(201))).toEqual({ ok: false, why: expect.stringContaining('at most 200') })
  expect(namedBy('{')).toMatchObject({ ok: false })
})

it('an address with an id asks for it, of the kind that it names', () => {
  expect(namedIn({})).toBe(null)
  expect(namedIn({}, '{}')).toEqual({ by: 'line', line: '{}' })
  expect(namedIn({ id: 'a' }, '{}')).toEqual({ by: null, id: 'a' })
  expect(namedIn({ id: 'a', by: 'trace' })).toEqual({ by: 'trace', id: 'a' })
})

it('an address of nonsense shows the screen without it', () => {
  expect(diagnoseAddressSchema.parse({ env: 'lab', id: 17, by: 'line', tab: 'x', from: '' })).toEqual({ env: 'lab' })
})
