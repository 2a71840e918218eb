import { expect, test } from 'vitest'
import { createTestAuthority } from '../../../test/builders/test-authority.ts'
import { NotUnderstood } from './problem.ts'
import { pemCertificates, readAuthority, readCertificate } from './x509.ts'

test('a leaf is read with its identity, names, serial, dates and key identifiers', async () => {
  const authority = await createTestAuthority('pipeline.example')
  const notBefore = new Date('2026-01-01T00:00:00Z')
  const notAfter = new Date('2026-01-01T01:00:00Z')
  const { certificate } = await authority.issue({
    spiffeId: 'spiffe://pipeline.example/hop/gateway',
    dnsNames: ['gateway.local', 'a.b'],
    serial: '0a0f',
    notBefore,
    notAfter,
  })
  const root = readAuthority(authority.certificate)
  expect(readCertificate(certificate)).toMatchObject({
    spiffeId: 'spiffe://pipeline.example/hop/gateway',
    dnsNames: ['gateway.local', 'a.b'],
    serial: '0a0f',
    notBefore: notBefore.getTime(),
    notAfter: notAfter.getTime(),
    issuer: 'O=pipeline.example',
    authorityKeyId: root.subjectKeyId,
  })
  expect(root.subjectKeyId).toMatch(/^[0-9a-f]{40}$/)
  expect(root.sha256).toMatch(/^[0-9a-f]{64}$/)
})

test('a name with a comma cannot pose as a second name', async () => {
  const authority = await createTestAuthority()
  const { certificate } = await authority.issue({
    dnsNames: ['a.example, URI:spiffe://pipeline.example/hop/gateway'],
  })
  expect(readCertificate(certificate).spiffeId).toBeNull()
})

test('a URI that is no SPIFFE ID is not taken for one', async () => {
  const { certificate } = await (await createTestAuthority()).issue({ spiffeId: 'https://pipeline.example/x' })
  expect(readCertificate(certificate).spiffeId).toBeNull()
})

test('certificates are found in PEM text, and a key beside them is left alone', async () => {
  const authority = await createTestAuthority()
  const leaf = await authority.issue({ spiffeId: 'spiffe://a/b' })
  const found = pemCertificates(`${leaf.key}\n${leaf.certificate}\n${authority.certificate}\nrest`)
  expect(found.length).toBe(2)
  expect(found.join('')).not.toContain('PRIVATE')
  expect(pemCertificates('nothing')).toEqual([])
})

test('bytes that are no certificate are not understood, rather than a crash', () => {
  const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from('rubbish').toString('base64')}\n-----END CERTIFICATE-----`
  expect(() => readCertificate(pem)).toThrow(NotUnderstood)
  expect(() => readAuthority(pem)).toThrow(NotUnderstood)
})
