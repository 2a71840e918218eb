import { Buffer } from 'node:buffer'
import { createPublicKey, verify } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { envelopeText, inTotoPayloadType, longestEnvelope, parseEnvelope, preAuthenticationEncoding } from './dsse.ts'

/** The example of the DSSE specification, "Test vectors". */
const example = {
  payload: 'aGVsbG8gd29ybGQ=',
  payloadType: 'http://example.com/HelloWorld',
  signatures: [{ sig: 'A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==' }],
}
const point = {
  x: 46950820868899156662930047687818585632848591499744589407958293238635476079160n,
  y: 5640078356564379163099075877009565129882514886557779369047442380624545832820n,
}
const coordinate = (value: bigint): string =>
  Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toString('base64url')
const key = createPublicKey({
  format: 'jwk',
  key: { kty: 'EC', crv: 'P-256', x: coordinate(point.x), y: coordinate(point.y) },
})

function read(value: unknown) {
  return parseEnvelope(JSON.stringify(value))
}

test('the example of the specification is encoded and verified as it says', () => {
  const { envelope } = read(example)
  if (envelope === null) throw new Error('the example was not read')
  const signed = preAuthenticationEncoding(envelope.payloadType, envelope.payload)
  expect(Buffer.from(signed).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world')
  const signature = envelope.signatures[0]?.signature ?? new Uint8Array()
  expect(verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
  const other = preAuthenticationEncoding(envelope.payloadType, Buffer.from('hello worle'))
  expect(verify('sha256', other, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(false)
})

test('lengths are those of bytes', () => {
  const text = Buffer.from(preAuthenticationEncoding('t', Buffer.from('é'))).toString()
  expect(text).toBe('DSSEv1 1 t 2 é')
  expect(() => preAuthenticationEncoding('té', new Uint8Array())).toThrow(RangeError)
})

test('what is written is read again, in both alphabets of base64', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array({ minLength: 1, maxLength: 72 }), (payload, signature) => {
      const text = envelopeText(inTotoPayloadType, payload, signature, 'a-key')
      const url = text.replaceAll(/"(payload|sig)": "([^"]*)"/g, (_all, name, value) => {
        return `"${name}": "${value.replaceAll('+', '-').replaceAll('/', '_')}"`
      })
      for (const form of [text, url]) {
        const { envelope } = parseEnvelope(form)
        expect(envelope?.payloadType).toBe(inTotoPayloadType)
        expect([...(envelope?.payload ?? [])]).toEqual([...payload])
        expect(envelope?.signatures.map((one) => [one.keyId, ...one.signature])).toEqual([['a-key', ...signature]])
      }
    }),
  )
})

test.each([
  ['[]', 'not-an-envelope'],
  ['null', 'not-an-envelope'],
  ['{"payload":', 'not-json'],
  [JSON.stringify({ ...example, payload: 3 }), 'not-an-envelope'],
  [JSON.stringify({ ...example, signatures: [] }), 'not-an-envelope'],
  [JSON.stringify({ ...example, signatures: Array.from({ length: 17 }, () => ({ sig: 'aaaa' })) }), 'not-an-envelope'],
  [JSON.stringify({ ...example, payloadType: 'té' }), 'not-an-envelope'],
  [JSON.stringify({ ...example, payload: 'aGVsbG8gd29ybGQ=x' }), 'not-base64'],
  [JSON.stringify({ ...example, signatures: [{ sig: '!!!!' }] }), 'not-base64'],
  [' '.repeat(longestEnvelope + 1), 'too-large'],
])('what is no envelope is told apart: %#', (text, problem) => {
  expect(parseEnvelope(text)).toEqual({ envelope: null, problem })
})
