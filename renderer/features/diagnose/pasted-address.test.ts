import { expect, it } from 'vitest'
import { isDesktopAddress, placeIn } from './pasted-address.ts'

it('an address that was copied from a desktop or a browser leads to its place, whoever served it', () => {
  const place = '#/diagnose?env=lab&id=7f3c92e0&runbook=ca-compromise'
  expect(placeIn(`app://everyhop/${place}`)).toBe(place)
  expect(placeIn(` http://127.0.0.1:4711/${place}\n`)).toBe(place)
  expect(placeIn(place)).toBe(place)
  expect(placeIn('https://everyhop.example.org/console/#/graph')).toBe('#/graph')
})

it('ids, lines of logs and addresses of other things are none', () => {
  const others = [
    '7f3c92e0-4b1d',
    '{"path":"http://x/#/diagnose"}',
    'spiffe://pipeline.example/ns/ai/sa/gateway',
    'https://example.org/#/elsewhere',
    'javascript:alert(1)#/diagnose',
    'app://everyhop/#/diagnosed',
    'gateway #/diagnose?env=lab',
  ]
  expect(others.filter((text) => placeIn(text) !== null)).toEqual([])
})

it('only the address of a desktop is no link', () => {
  expect([isDesktopAddress('app://everyhop/#/graph'), isDesktopAddress('http://127.0.0.1/#/graph')]).toEqual([
    true,
    false,
  ])
})
