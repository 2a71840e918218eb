import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changedLines } from './difference.ts'
import { type Looked, valueAt } from './looked.ts'
import { propose } from './propose.ts'

const nothing: Looked = { decidedBy: 'failed', sought: null, data: [], input: [], constants: [] }
const given = (looked: Partial<Looked>, more: { data?: unknown; input?: unknown; allowedBy?: unknown } = {}) =>
  propose({ looked: { ...nothing, ...looked }, data: {}, input: {}, allowedBy: null, ...more })
const shown = (candidates: ReturnType<typeof propose>) =>
  candidates.map(({ root, path, after }) => [root, path.join('.'), after])

test('what a policy that allowed it had there comes first', () => {
  const looked = { data: [['callers', 'a']], sought: { kind: 'key', at: ['callers', 'a'], present: 1 } } as const
  const found = given(looked, { data: { callers: { b: ['x'] } }, allowedBy: { callers: { a: ['y'] } } })
  expect(shown(found).slice(0, 2)).toEqual([
    ['data', 'callers.a', ['y']],
    ['data', 'callers.a', ['x']],
  ])
})

test('an example of another call is made for this one', () => {
  const sought = { kind: 'key', at: ['calls', 'b'], present: 1 } as const
  const data = {
    calls: {
      a: [
        { method: 'GET', path: ['v1', 'x'] },
        { method: 'PUT', path: ['v1', 'y'] },
      ],
    },
  }
  const input = { attributes: { request: { http: { method: 'POST', path: '/v2/z?q=1' } } } }
  expect(given({ sought }, { data, input })[0]?.after).toEqual([{ method: 'POST', path: ['v2', 'z'] }])
})

test('what is masked is never proposed to be changed, nor who is called', () => {
  const looked = {
    sought: { kind: 'element', at: ['set'], value: 'x' },
    input: [
      { path: ['token'], masked: true },
      { path: ['attributes', 'destination', 'principal'], masked: false },
    ],
  } as const
  const found = given(looked, {
    data: { set: ['y'] },
    input: { token: 'x', attributes: { destination: { principal: 'x' } } },
  })
  expect(shown(found)).toEqual([['data', 'set', ['y', 'x']]])
})

const member = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor')
const path = fc.array(member, { maxLength: 4 })
const anything = fc.object({ key: member, maxDepth: 4 })
const sought = fc.oneof(
  fc.record({ kind: fc.constant('key' as const), at: path, present: fc.nat(3) }),
  fc.record({ kind: fc.constant('element' as const), at: path, value: fc.jsonValue() }),
  fc.record({ kind: fc.constant('value' as const), at: path, wanted: fc.jsonValue() }),
)
const looked = fc.record({
  decidedBy: fc.constantFrom('failed' as const, 'held' as const),
  sought: fc.option(sought),
  data: fc.array(path, { maxLength: 3 }),
  input: fc.array(fc.record({ path, masked: fc.boolean() }), { maxLength: 3 }),
  constants: fc.array(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { maxLength: 3 }),
})

test('whatever was looked at, few changes are proposed, each once, and none changes nothing or what is masked', () => {
  fc.assert(
    fc.property(looked, anything, anything, fc.option(anything), (at, data, input, allowedBy) => {
      const found = propose({ looked: at, data, input, allowedBy })
      expect(found.length).toBeLessThanOrEqual(24)
      expect(new Set(found.map((each) => JSON.stringify([each.root, each.path, each.after]))).size).toBe(found.length)
      for (const { root, path: place, before } of found) {
        expect(before).toEqual(valueAt(root === 'data' ? data : input, place))
        const isHidden = at.input.some((each) => each.masked && JSON.stringify(each.path) === JSON.stringify(place))
        const isOpen = at.input.some((each) => !each.masked && JSON.stringify(each.path) === JSON.stringify(place))
        if (root === 'input') expect(isHidden && !isOpen).toBe(false)
      }
    }),
    { numRuns: 300 },
  )
})

test('a difference has the lines that differ and some around them', () => {
  const before = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', ''].join('\n')
  const lines = changedLines(before, before.replace('e\n', 'e\nx\n'))
  expect(lines.map(({ kind, row, text }) => `${kind} ${row} ${text}`)).toEqual([
    'same 3 c',
    'same 4 d',
    'same 5 e',
    'added 6 x',
    'same 6 f',
    'same 7 g',
    'same 8 h',
  ])
})
