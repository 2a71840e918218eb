import { defaultParseSearch } from '@tanstack/react-router'
import { expect, it } from 'vitest'
import { addressOf } from './address-of.ts'

it('the router reads every value as the text that it was, also one that looks like a number or a document', () => {
  for (const id of [
    'r-3408b375',
    '12345678901234567890123456789012',
    '1e5',
    'null',
    '{"a":1}',
    '"quoted"',
    'a&b=c#d',
  ]) {
    const [screen, search] = addressOf('diagnose', { env: 'prod-eu', id }).split('?')
    expect(screen).toBe('#/diagnose')
    expect(defaultParseSearch(`?${search}`)).toEqual({ env: 'prod-eu', id })
  }
})

it('what is not known is not in the address', () => {
  expect(addressOf('graph', { env: 'lab', selected: null })).toBe('#/graph?env=lab')
})

it('takes the time along that is looked at, and none where that is now', () => {
  const at = '2026-11-21T03:12:07Z'
  const here = `#/graph?env=lab&at=${encodeURIComponent(at)}&selected=x`
  expect(addressOf('diagnose', { env: 'lab' }, here)).toBe(`#/diagnose?env=lab&at=${encodeURIComponent(at)}`)
  expect(addressOf('diagnose', { env: 'lab' }, '#/graph?env=lab')).toBe('#/diagnose?env=lab')
  expect(addressOf('diagnose', { env: 'lab' }, '')).toBe('#/diagnose?env=lab')
})
