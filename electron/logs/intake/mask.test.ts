import { expect, test } from 'vitest'
import { masked, maskedPath, plainName } from './mask.ts'

const token = `eyJ${'a'.repeat(20)}.${'b'.repeat(20)}.${'c'.repeat(20)}`

test.each([
  [`authorization: Bearer ${token}`, token],
  ['Basic dXNlcjpwYXNzd29yZA==', 'dXNlcjpwYXNzd29yZA'],
  [`{"x-user-token":"${token}"}`, token],
  ['password=hunter2&x=1', 'hunter2'],
  ['{"api_key": "k-12345"}', 'k-12345'],
  ['-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----', 'MHcCAQ'],
  ['cut -----BEGIN PRIVATE KEY-----MHcCAQ', 'MHcCAQ'],
  [`GET /v1/lookup/hvs.${'Ab1'.repeat(8)}`, 'Ab1'],
  ['the key AKIA0123456789ABCDEF is known', '0123456789ABCDEF'],
  [`ghp_${'a1'.repeat(18)} and xoxb-0123456789-0123456789`, '0123456789'],
])('a secret in %j is not kept', (text, secret) => {
  expect(masked(text, 500)).not.toContain(secret)
})

test('a path keeps its beginning and loses its query and fragment', () => {
  expect(maskedPath('/v1/chat?session=abc', 100)).toBe('/v1/chat?…')
  expect(maskedPath('/v1/chat#abc', 100)).toBe('/v1/chat?…')
  expect(maskedPath(`/v1/${token}/x`, 100)).toBe('/v1/***/x')
  expect(maskedPath('/v1/chat', 100)).toBe('/v1/chat')
})

test('terminal escapes, direction marks and line breaks become spaces', () => {
  expect(masked('a\u001b[31mb\u202ec\nd\u0000', 100)).toBe('a [31mb c d ')
  expect(plainName('spiffe://a\u200b/b', 100)).toBe('spiffe://a /b')
})

test('text is cut to what was asked for', () => {
  expect(masked('x'.repeat(100_000), 400)).toHaveLength(400)
  expect(plainName('x'.repeat(1000), 10)).toBe(`${'x'.repeat(9)}…`)
})

test('ordinary text stays as it is', () => {
  const text = 'upstream_reset_before_response_started{remote_connection_failure|TLS_error:|268435581:SSL_routines}'
  expect(masked(text, 400)).toBe(text)
})
