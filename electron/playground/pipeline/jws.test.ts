import { generateKeyPairSync } from 'node:crypto'
import { CompactSign, compactVerify } from 'jose'
import { expect, test } from 'vitest'
import { claimedKey, signJws, verifyJws } from './jws.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const token = signJws({ alg: 'ES256', kid: 'gateway' }, { a: 'ä' }, privateKey)
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

test('what is signed here is verified by others, and what others sign is verified here', async () => {
  const verified = await compactVerify(token, publicKey, { algorithms: ['ES256'] })
  expect(JSON.parse(new TextDecoder().decode(verified.payload))).toEqual({ a: 'ä' })
  const theirs = await new CompactSign(new TextEncoder().encode('{"b":1}'))
    .setProtectedHeader({ alg: 'ES256', kid: 'gateway' })
    .sign(privateKey)
  expect(verifyJws(theirs, publicKey)).toEqual({ outcome: 'verified', payload: { b: 1 } })
  expect(claimedKey(theirs)).toBe('gateway')
})

test('another key, another payload and a cut signature are told from a token that was signed', () => {
  const [header = '', payload = '', signature = ''] = token.split('.')
  expect(verifyJws(token, other.publicKey)).toEqual({ outcome: 'wrong-key' })
  expect(verifyJws(`${header}.${encode({ a: 'b' })}.${signature}`, publicKey)).toEqual({ outcome: 'wrong-key' })
  expect(verifyJws(`${header}.${payload}.${signature.slice(4)}`, publicKey)).toEqual({ outcome: 'wrong-key' })
})

test.each([
  ['no token', ''],
  ['two parts', 'a.b'],
  ['an unsigned one', `${encode({ alg: 'none' })}.${encode({})}.`],
  ['another algorithm', `${encode({ alg: 'HS256' })}.${encode({})}.AAAA`],
  ['an extension that must be understood', `${encode({ alg: 'ES256', crit: ['x'] })}.${encode({})}.AAAA`],
  ['a header that is no JSON', `AAAA.${encode({})}.AAAA`],
  ['four parts', `${token}.AAAA`],
])('%s is malformed', (_what, text) => {
  expect(verifyJws(text, publicKey)).toEqual({ outcome: 'malformed' })
})

test('a payload that is no JSON is malformed, though it is signed', async () => {
  const text = await new CompactSign(new TextEncoder().encode('hello'))
    .setProtectedHeader({ alg: 'ES256' })
    .sign(privateKey)
  expect(verifyJws(text, publicKey)).toEqual({ outcome: 'malformed' })
  expect(claimedKey(text)).toBeNull()
})
