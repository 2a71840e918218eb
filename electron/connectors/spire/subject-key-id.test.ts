import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { createTestAuthority } from '../../../test/builders/test-authority.ts'
import { subjectKeyIdOf } from './subject-key-id.ts'

test('the key identifier of an authority is the one its leaves name as their authority', async () => {
  const authority = await createTestAuthority('test.example')
  const keyId = subjectKeyIdOf(new X509Certificate(authority.certificate).raw)
  expect(keyId).toMatch(/^[0-9a-f]{40}$/)
  const leaf = new X509Certificate((await authority.issue({ spiffeId: 'spiffe://test.example/x' })).certificate).raw
  expect(leaf.toString('hex')).toContain(keyId)
  expect(subjectKeyIdOf(leaf)).not.toBe(keyId)
})

test('bytes that are cut short or lie about their length are refused, not read past their end', async () => {
  const { raw } = new X509Certificate((await createTestAuthority('test.example')).certificate)
  for (let length = 0; length < raw.length; length += 7) {
    expect(() => subjectKeyIdOf(raw.subarray(0, length))).toThrow(RangeError)
  }
  expect(() => subjectKeyIdOf(Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff))).toThrow(RangeError)
  expect(() => subjectKeyIdOf(Uint8Array.of(0x30, 0x80, 0, 0))).toThrow(RangeError)
})
