import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limitationSentence } from '../../words/evidence.ts'
import type { EvidenceGap, Population, ResultState } from './model.ts'
import { enforcedResult, resultState } from './result-state.ts'

const gap: EvidenceGap = { source: 'vault/main', from: 1, to: 2, why: 'disabled', detail: '' }
const whole: Population = {
  count: 10,
  method: 'm',
  control: null,
  dropped: {},
  expected: null,
  reporting: null,
  gaps: [],
}
const control = (difference: number) => ({ value: 10 - difference, source: 'envoy', difference })

const table: readonly (readonly [string, Partial<Population>, number, ResultState, string])[] = [
  ['everything was seen and nothing deviated', {}, 0, 'operated', 'result.operated'],
  ['something deviated', {}, 2, 'exception', 'result.exceptions'],
  ['the control total is equal', { control: control(0) }, 0, 'operated', 'result.operated'],
  ['the control total differs', { control: control(3) }, 0, 'insufficient', 'result.difference'],
  ['the control total differs the other way', { control: control(-1) }, 0, 'insufficient', 'result.difference'],
  ['one of three did not report', { expected: 3, reporting: 2 }, 0, 'insufficient', 'result.not-reporting'],
  ['nobody knows who reported', { expected: 3, reporting: null }, 0, 'insufficient', 'result.not-reporting'],
  ['all reported', { expected: 3, reporting: 3 }, 0, 'operated', 'result.operated'],
  ['a counter was read and is 0', { dropped: { buffer: 0 } }, 0, 'operated', 'result.operated'],
  ['records were dropped', { dropped: { rate: 0, buffer: 1 } }, 0, 'insufficient', 'result.dropped'],
  ['there is a gap', { gaps: [gap] }, 0, 'insufficient', 'result.gaps'],
  ['there is a gap, and exceptions', { gaps: [gap] }, 5, 'insufficient', 'result.gaps'],
  ['nobody knows how many there were', { count: null }, 0, 'insufficient', 'result.not-counted'],
  ['there was nothing, and nobody is known to have told', { count: 0 }, 0, 'insufficient', 'result.nothing-seen'],
  [
    'there was nothing, and nobody was expected',
    { count: 0, expected: 0, reporting: 0 },
    0,
    'insufficient',
    'result.nothing-seen',
  ],
  ['there was nothing, and all reported', { count: 0, expected: 2, reporting: 2 }, 0, 'operated', 'result.operated'],
]

test.each(table)('%s', (_, population, exceptions, state, code) => {
  const found = resultState({ population: { ...whole, ...population }, exceptions })
  expect([found.state, found.reason.code]).toEqual([state, code])
  // Every reason is a sentence.
  expect(limitationSentence(found.reason)).not.toContain(code)
})

const states = ['operated', 'exception', 'not-evaluated', 'insufficient'] as const
const populations = fc.record({
  count: fc.option(fc.nat(3)),
  method: fc.constant('m'),
  control: fc.option(fc.integer({ min: -2, max: 2 }).map(control)),
  dropped: fc.dictionary(fc.constantFrom('a', 'b'), fc.nat(2)),
  expected: fc.option(fc.nat(2)),
  reporting: fc.option(fc.nat(2)),
  gaps: fc.array(fc.constant(gap), { maxLength: 1 }),
})

test('whatever an artefact says of itself, it is operated only by the rule', () => {
  fc.assert(
    fc.property(fc.constantFrom(...states), populations, fc.nat(2), (state, population, exceptions) => {
      const proposed = { state, reason: { code: 'own', params: {} } }
      const enforced = enforcedResult(proposed, { population, exceptions })
      if (enforced.state === 'operated') expect(resultState({ population, exceptions }).state).toBe('operated')
      if (state === 'insufficient') expect(enforced).toBe(proposed)
      if (state === 'not-evaluated' && exceptions === 0) expect(enforced).toBe(proposed)
      if (exceptions > 0) expect(['exception', 'insufficient']).toContain(enforced.state)
    }),
  )
})
