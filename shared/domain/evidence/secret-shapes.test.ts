import { expect, test } from 'vitest'
import { findSecret, lineNumberAt } from './secret-shapes.ts'

// Put together here, so that no scanner of repositories takes them for real.
const planted = [
  ['json-web-token', `{"token":"${'eyJhbGciOiJFUzI1NiJ9'}.${'eyJzdWIiOiJhIn0xyz'}.c2ln"}`],
  ['private-key', `-----BEGIN ${'EC '}PRIVATE KEY-----`],
  ['private-key', `"key":"-----BEGIN ${''}PRIVATE KEY-----\\nMIG"`],
  ['private-key', `tls.key: ${'LS0tLS1CRUdJTi'}BQUklWQVRFIEtFWS0tLS0t`],
  ['vault-token', `token hvs.${'CAESIJ1fQ2m5J8zX3kV7pR4tY6uB9nL0'}`],
  ['vault-token', `hvb.${'AAAAAQJ1fQ2m5J8zX3kV7pR4tY6uB9'}`],
  ['vault-token', `X-Vault-Token: s.${'iyNUhq8Ov4hIAx6snw5mB2nL'}`],
  ['aws-key', `AKIA${'IOSFODNN7EXAMPLE'}`],
  ['aws-key', `aws_secret_access_key = ${'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00'}`],
  ['authorization-header', `authorization: Bearer ${'abcdefghijklmnop1234'}`],
  ['authorization-header', `{"Authorization":"Basic ${'dXNlcjpwYXNz'}"}`],
  ['kubeconfig-key', `client-key-data: ${'Zm9vYmFyYmF6cXV4cXV4'}`],
  ['access-token', `gh${'p_'}${'a1'.repeat(18)}`],
] as const

test.each(planted)('%s is found where it begins: %s', (shape, text) => {
  expect(findSecret(text)?.shape).toBe(shape)
  const before = '{"path":"/v1/models","user":"spiffe://a/b"}\n'
  const found = findSecret(`${before}${before}${text}`)
  expect(found?.shape).toBe(shape)
  expect(lineNumberAt(`${before}${before}${text}`, found?.at ?? 0)).toBe(3)
})

test.each([
  '{"authorization":"***","cookie":null,"token":"***"}',
  'input.attributes.request.http.headers.authorization == sprintf("Bearer %s", [token])',
  'the bearer of this message authenticates with a bearer token',
  '-----BEGIN CERTIFICATE-----',
  '-----BEGIN PUBLIC KEY-----',
  'https://s.example.internal/abcdefghijklmnopqrstuvwx',
  'hmac-sha256:08ba357e274f528065766c770a639abf6809b39ccfd37c2a3157c7f51954da0a',
  'spiffe://prod.example/ns/ai/sa/model-server',
  'client-key-data: ***',
  'eyJhbGciOiJFUzI1NiJ9',
])('%s is no secret', (text) => {
  expect(findSecret(text)).toBeNull()
})

test('the first of several is told', () => {
  const text = `AKIA${'IOSFODNN7EXAMPLE'} and eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0`
  expect(findSecret(text)).toEqual({ shape: 'aws-key', at: 0 })
})
