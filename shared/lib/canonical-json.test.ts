import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from './canonical-json.ts'

test('the order in which members were added makes no difference, and names that are numbers are ordered as text', () => {
  expect(canonicalJson({ b: 1, a: { z: null, 9: true, 10: 'x' } })).toBe('{"a":{"10":"x","9":true,"z":null},"b":1}')
})

test('what it writes is read back as the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('the same value gives the same text however its members are ordered', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).toReversed())
      expect(canonicalJson(reversed)).toBe(canonicalJson(value))
    }),
  )
})

test('undefined members are left out, and what JSON cannot say is refused', () => {
  expect(canonicalJson({ a: undefined, b: [1] })).toBe('{"b":[1]}')
  expect(() => canonicalJson({ a: Number.NaN })).toThrow(TypeError)
  expect(() => canonicalJson([1n])).toThrow(TypeError)
})
