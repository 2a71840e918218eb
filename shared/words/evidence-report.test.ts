import { expect, test } from 'vitest'
import { wholePopulation } from '../../test/builders/pack-parts.ts'
import { artefactIds } from '../domain/evidence/model.ts'
import { artefactShortTitles, artefactTitles, resultWords } from './evidence.ts'
import { limitationSentences } from './evidence-limitations.ts'
import { populationWords, reportingWords, reportWords, sealedWords, signedWithWords } from './evidence-report.ts'

/** What only an assessor may conclude. */
const concludes =
  /\b(?:non-?)?complian(?:t|ce)\b|\bcertif(?:y|ied|ication)\b|\bpass(?:ed|es)? (?:the )?audit\b|\baudit[- ]ready\b|\bguarantee/i

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(textsOf)
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}

test('no word about evidence concludes what an assessor concludes', () => {
  const some = { count: 1, gaps: 1, lines: 1, records: 1 }
  const sentences = Object.values(limitationSentences).map((say) => say(some))
  const texts = [...textsOf([reportWords, artefactTitles, artefactShortTitles, resultWords]), ...sentences]
  expect(texts.length).toBeGreaterThan(60)
  expect(texts.filter((text) => concludes.test(text))).toEqual([])
})

test('every artefact has titles of its own', () => {
  for (const titles of [artefactTitles, artefactShortTitles]) {
    expect(new Set(artefactIds.map((id) => titles[id])).size).toBe(artefactIds.length)
  }
})

test('what is not known of a population is said, and never a number', () => {
  expect(populationWords({ ...wholePopulation, count: null })).toBe('not known')
  const control = { value: 1000, source: 'Envoy', difference: -3 }
  expect(populationWords({ ...wholePopulation, count: 997, control })).toBe('997 records; Envoy: 1,000, difference -3')
  expect(reportingWords({ ...wholePopulation, expected: null, reporting: null })).toBe('not known')
  expect(reportingWords({ ...wholePopulation, expected: 3, reporting: null })).toBe('an unknown number of 3')
})

test('without seals it is said that nothing is proven of before', () => {
  expect(sealedWords([])).toContain('nothing about before')
  expect(sealedWords([{ number: 3, from: 0 }])).toContain('1 head of the seals, from number 3')
})

test('where a key file lies is not told', () => {
  expect(signedWithWords('file', 'secret/org.pem')).toBe('a key file')
  expect(signedWithWords('command', 'bin/sign')).toBe('the program sign')
})

test('of many sources that have gaps two are named, and how many more', () => {
  const sentence = (sources: string) => limitationSentences['result.gaps']?.({ gaps: 3, sources })
  expect(sentence('everyhop')).toBe('3 gaps of everyhop: what happened in them is not known.')
  expect(sentence('everyhop, opa/a')).toBe('3 gaps of everyhop and opa/a: what happened in them is not known.')
  expect(sentence('everyhop, opa/a, opa/b, opa/c')).toBe(
    '3 gaps of everyhop, opa/a and 2 more: what happened in them is not known.',
  )
})
