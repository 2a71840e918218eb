import { expect, test } from 'vitest'
import { programText } from './environment-setup.ts'
import {
  identitySentence,
  rightsSentence,
  stepHead,
  supportSentence,
  testOutcomeWords,
  unknownSentence,
  unknownSentences,
} from './environment-tests.ts'

test('a source that was not reached is never called usable, and its rights are not known', () => {
  const identity = { kind: 'nobody', name: null } as const
  expect(testOutcomeWords({ outcome: 'unusable', reached: false, identity })).toBe('Not reached')
  expect(testOutcomeWords({ outcome: 'unusable', reached: true, identity })).toBe('Not usable')
  const missing = { kind: 'missing', name: null } as const
  expect(testOutcomeWords({ outcome: 'unusable', reached: false, identity: missing })).toBe('Not asked')
  expect(rightsSentence([])).toContain('not known')
})

test('rights are counted with what is missing and what is not known', () => {
  const of = (state: 'held' | 'missing' | 'unknown') => ({ what: 'x', right: 'x', state })
  expect(rightsSentence([of('held'), of('held')])).toBe('2 of 2 held.')
  expect(rightsSentence([of('held'), of('missing'), of('unknown')])).toBe('1 of 3 held, 1 missing, 1 not known.')
})

test('a code without a sentence of its own is still a sentence', () => {
  expect(unknownSentence('kubernetes', 'networkpolicies')).toBe('Which NetworkPolicy admits a hop will be unknown.')
  expect(unknownSentence('vault', 'new-thing')).toBe('New thing of this Vault will be unknown.')
})

test('a version that was never told is not called supported', () => {
  expect(supportSentence({ version: null, reached: true, support: { state: 'not-told', tested: ['1.15'] } })).toContain(
    'does not tell',
  )
  expect(
    supportSentence({ version: 'v1.20', reached: true, support: { state: 'untested', tested: ['1.36'] } }),
  ).toContain('tested with 1.36')
  const log = supportSentence({ version: null, reached: true, support: { state: 'no-version', tested: [] } })
  expect(log).toContain('A log has no version')
  expect(log).not.toMatch(/tested with/)
  expect(identitySentence({ kind: 'svid-files', name: 'svid.pem' })).toBe('Everyhop presents the SVID in svid.pem.')
})

test('what did not answer has no version that could be told, and a sentence is said once', () => {
  expect(supportSentence({ version: null, reached: false, support: { state: 'not-told', tested: [] } })).toContain(
    'not known',
  )
  expect(unknownSentences('vault', ['connection', 'leases'])).toEqual(['Leases will be unknown.'])
})

test('a program is shown as it would be typed', () => {
  expect(programText({ command: 'aws', arguments: ['--name', "it's 1"] })).toBe("aws --name 'it'\\''s 1'")
})

test('parts that failed in the same way share one head', () => {
  expect(stepHead(['listeners', 'counters'], 'timed-out')).toBe('Listeners, counters: no answer in time')
})
