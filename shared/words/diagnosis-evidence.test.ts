import { expect, it } from 'vitest'
import { askedWords, recordLabel } from './diagnosis-evidence.ts'

it('sources are counted by who had an answer, and those that had none are named', () => {
  const asked = [
    { source: 'opa', answered: true },
    { source: 'logs', answered: false },
    { source: 'a-newer-one', answered: false },
  ]
  expect(askedWords.counts(asked)).toBe('1 of 3 sources had an answer; none from logs, a-newer-one')
  expect(askedWords.counts(asked.slice(0, 1))).toBe('1 of 1 sources had an answer')
})

it('a source that is silent now leaves what is the last known, or unknown', () => {
  expect(askedWords.silent(['envoy'])).toMatch(/^Envoy does not answer in full now.*the last that is known, or unknown/)
  expect(askedWords.silent(['envoy', 'opa'])).toMatch(/^Envoy, OPA do not answer/)
})

it('kinds of records have names, and a kind of a newer service is shown as itself', () => {
  expect(recordLabel('opa-decisions')).toBe('OPA log')
  expect(recordLabel('constructor')).toBe('constructor')
})
