import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const hourMs = 60 * 60 * 1000

export interface TestAuthority {
  readonly certificate: string
  readonly derBase64: string
  issue(options: LeafOptions): Promise<TestLeaf>
}

export interface LeafOptions {
  readonly spiffeId?: string
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  readonly serial?: string
  readonly notBefore?: Date
  readonly notAfter?: Date
}

export interface TestLeaf {
  readonly certificate: string
  readonly key: string
}

/** A certificate authority for tests, in the shape SPIRE gives its own: trust domain as URI SAN, key identifiers set. */
export async function createTestAuthority(trustDomain = 'test.example'): Promise<TestAuthority> {
  x509.cryptoProvider.set(webcrypto)
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '0a01',
    name: `O=${trustDomain}`,
    notBefore: new Date(Date.now() - hourMs),
    notAfter: new Date(Date.now() + 24 * hourMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${trustDomain}` }]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return {
    certificate: root.toString('pem'),
    derBase64: root.toString('base64'),
    issue: (options) => issueLeaf(root, keys, options),
  }
}

async function issueLeaf(
  root: x509.X509Certificate,
  ca: webcrypto.CryptoKeyPair,
  options: LeafOptions,
): Promise<TestLeaf> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const names: x509.JsonGeneralName[] = [
    ...(options.spiffeId === undefined ? [] : [{ type: 'url' as const, value: options.spiffeId }]),
    ...(options.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(options.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ]
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: options.serial ?? '0b02',
    subject: 'O=SPIRE',
    issuer: root.subject,
    notBefore: options.notBefore ?? new Date(Date.now() - 60_000),
    notAfter: options.notAfter ?? new Date(Date.now() + hourMs),
    publicKey: keys.publicKey,
    signingKey: ca.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const exported = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { certificate: leaf.toString('pem'), key: x509.PemConverter.encode(exported, 'PRIVATE KEY') }
}
