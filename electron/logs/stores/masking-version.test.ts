import { expect, test } from 'vitest'
import { maskingVersion } from '../../core/log-lines.ts'
import { maskContent, maskingRules } from './mask-record.ts'
import versions from './masking-versions.json' with { type: 'json' }

const token = `eyJ${'a'.repeat(20)}.${'b'.repeat(20)}.${'c'.repeat(20)}`

const samples = {
  lines: [
    `{"authorization":"Bearer ${token}","path":"/v1/chat"}`,
    `{"headers":{"x-api-key":"k-12345","cookie":"a=b; c=d","x-plain":"stays"},"url":"/x?token=abc&user=1"}`,
    `{"text":"password=hunter2hunter2 and secret: s3cr3t","deep":{"client_secret":"x","n":1}}`,
    `{"cert":"-----BEGIN EC PRIVATE KEY-----\\nMHcCAQ\\n-----END EC PRIVATE KEY-----"}`,
    `{"token":"","authorization":"***","secret":null,"spiffe_id":"spiffe://a/b"}`,
    `[2026-11-22T12:00:00.000Z] "GET /v1?token=abcdef HTTP/2" 403 UAEX 0 0 5 - "-" "basic YWxhZGRpbg==" "r-1" "model" "10.0.0.7:8443"`,
    'no record, but authorization: Bearer abcdefghijkl',
    '{"plain":"nothing to be taken out","number":1}',
    `{"path":"/v1/hvs.${'A1'.repeat(12)}/x","key":"AKIA0123456789ABCDEF","said":"ghp_${'a1'.repeat(18)} xoxb-${'1'.repeat(20)}"}`,
  ].join('\n'),
  array: JSON.stringify([{ input: { authorization: `Bearer ${token}` } }, { n: 1, signature: 'abc' }]),
  'event-list': JSON.stringify({ kind: 'EventList', items: [{ requestURI: '/x?access_key=abc' }] }),
} as const

test('this version of the masking is the one that its name stands for', () => {
  const made = Object.entries(samples).map(([form, text]): [string, string[]] => [
    form,
    maskContent(Buffer.from(text), form as keyof typeof samples)
      .toString('utf8')
      .split('\n'),
  ])
  // What is sealed says by which version it was masked: what changes here gets a new name, and its own entry beside the old.
  expect({ rules: maskingRules, samples: Object.fromEntries(made) }).toEqual(versions[maskingVersion])
})

test('none of the secrets of the samples is left', () => {
  expect(JSON.stringify(versions)).not.toMatch(
    /eyJ[a-z]|k-12345|hunter2|s3cr3t|MHcCAQ|YWxh|abcdef|A1A1|0123456789ABCDEF|a1a1|xoxb/,
  )
})
