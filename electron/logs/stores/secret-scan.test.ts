import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mayHoldSecret, mayHoldSecretIn } from './secret-scan.ts'

// biome-ignore format: a list of words
const words = [
  'token', 'Secret', 'PASSWORD', 'passwd', 'pwd', 'api_key', 'apikey', 'api-Key', 'access_key', 'accesskey',
  'authorization', 'Cookie', 'signature', 'bearer', 'Basic', 'eyJ', 'EYJhbGci.', '-----BEGIN', '-----', 'ünï',
  'hvs.', 'HVS.', 'hvb.0123456789abcdef', 'AKIA', 'akia', 'ASIA0123456789ABCDEF', 'ghp_', 'xoxb-', '0123456789abcdefABCD',
  'ABCDEFGHIJKLMNOP', ':', '=', '"', "'", '\\', ' ', '\t', '\n', '\u00a0', '***', 'null', '""', ',', '{', '_', 'x', '7', '.', 'abc',
]
const pieces = fc.constantFrom(...words, ' '.repeat(60))

test('looking at bytes finds what looking at the text finds, wherever it stands', () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const bytes = Buffer.from(parts.join(''))
      expect(mayHoldSecretIn(bytes)).toBe(mayHoldSecret(bytes.toString('latin1')))
    }),
    { numRuns: 5000 },
  )
})

test.each([
  ['{"input":{"token":"abc"}}', true],
  ['{"path":"/x?api-key=abc"}', true],
  ['{"text":"{\\"password\\": \\"abc\\"}"}', true],
  ['{"h":"Bearer abc"}', true],
  ['{"h":"see eyJhbGciOiJFUzI1NiJ9.e30.x"}', true],
  ['{"k":"-----BEGIN PRIVATE KEY-----"}', true],
  ['{"path":"/v1/lookup/hvs.0123456789abcdefghijklmn"}', true],
  ['{"path":"/x/AKIA0123456789ABCDEF"}', true],
  ['{"path":"/x/ASIA0123456789ABCDEF"}', true],
  [`{"path":"/x/ghp_${'a1'.repeat(18)}"}`, true],
  ['{"path":"/x/xoxb-0123456789-0123456789"}', true],
  ['{"path":"/hvs.short","host":"hvs.example.com"}', false],
  ['{"authorization":"***","cookie":null,"signature":""}', false],
  ['{"monkey":"a","tokens":"b","basics":1,"id":"a-b-c","keyJ":"x"}', false],
  ['{"id":"a--b","forbearer ":1,"heyJude":"."}', false],
])('%s: %s', (text, expected) => {
  expect(mayHoldSecret(text)).toBe(expected)
  expect(mayHoldSecretIn(Buffer.from(text))).toBe(expected)
})
