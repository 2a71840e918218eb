import { expect, test } from 'vitest'
import { shortIdentity, shortSentence } from './short.ts'

const now = Date.UTC(2026, 10, 22, 12, 0, 0)

test('times of today lose their date, others keep it', () => {
  expect(shortSentence('Valid to 2026-11-22 13:00:07 UTC.', now)).toBe('Valid to 13:00:07.')
  expect(shortSentence('Valid to 2026-11-23 13:00:07 UTC.', now)).toBe('Valid to 2026-11-23 13:00:07.')
})

test('key identifiers and UUIDs are told by their beginning, names are left as they are', () => {
  expect(shortSentence('8b864e05b4a115e0af1b23bac7f3366d287fdb29, which it trusts.', now)).toBe(
    '8b864e05…, which it trusts.',
  )
  expect(shortSentence('its agent f3a84ac0-8513-415a-ade6-09aa72ec4b41 is silent', now)).toBe(
    'its agent f3a84ac0… is silent',
  )
  expect(shortSentence('tool-runtime is wrong', now)).toBe('tool-runtime is wrong')
})

test('identities are told without their trust domain', () => {
  expect(shortIdentity('spiffe://pipeline.example/ns/ai/sa/a, spiffe://x/b')).toBe('…/ns/ai/sa/a, …/b')
})
