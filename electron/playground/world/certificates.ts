import 'reflect-metadata'
import { createHash, randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** A certificate authority whose key is in memory only: P-256, in the shape that SPIRE gives its own. */
export interface CertificateAuthority {
  /** PEM */
  readonly certificate: string
  readonly derBase64: string
  /** Lower-case hexadecimal of the subject key identifier; SPIRE calls it the authority's id. */
  readonly keyId: string
  readonly notAfter: number
  issue(order: LeafOrder): Promise<Leaf>
}

export interface AuthorityOrder {
  /** Distinguished name, `O=SPIFFE`. */
  readonly name: string
  readonly trustDomain?: string
  /** Milliseconds since 1970; a certificate keeps whole seconds. */
  readonly notBefore: number
  readonly notAfter: number
  readonly serial?: string
}

export interface LeafOrder {
  readonly spiffeId?: string
  readonly dnsNames?: readonly string[]
  readonly addresses?: readonly string[]
  readonly notBefore: number
  readonly notAfter: number
  /** Hexadecimal; a random one without it. */
  readonly serial?: string
}

export interface Leaf {
  /** PEM of the certificate alone. */
  readonly certificate: string
  /** PEM, PKCS #8. */
  readonly key: string
  /** Lower-case hexadecimal. */
  readonly serial: string
  readonly notBefore: number
  readonly notAfter: number
  /** SHA-256 of its DER, lower-case hexadecimal. */
  readonly fingerprint: string
}

export async function createCertificateAuthority(order: AuthorityOrder): Promise<CertificateAuthority> {
  x509.cryptoProvider.set(webcrypto)
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const keyIdentifier = await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: order.serial ?? newSerial(),
    name: order.name,
    notBefore: wholeSecond(order.notBefore),
    notAfter: wholeSecond(order.notAfter),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ...(order.trustDomain === undefined
        ? []
        : [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${order.trustDomain}` }])]),
      keyIdentifier,
    ],
  })
  return {
    certificate: root.toString('pem'),
    derBase64: root.toString('base64'),
    keyId: keyIdentifier.keyId.toLowerCase(),
    notAfter: root.notAfter.getTime(),
    issue: (leaf) => issueLeaf(root, keys, leaf),
  }
}

async function issueLeaf(
  root: x509.X509Certificate,
  authority: webcrypto.CryptoKeyPair,
  order: LeafOrder,
): Promise<Leaf> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const names: x509.JsonGeneralName[] = [
    ...(order.spiffeId === undefined ? [] : [{ type: 'url' as const, value: order.spiffeId }]),
    ...(order.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(order.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ]
  const serial = (order.serial ?? newSerial()).toLowerCase()
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject: 'O=SPIRE',
    issuer: root.subject,
    notBefore: wholeSecond(order.notBefore),
    notAfter: wholeSecond(Math.min(order.notAfter, root.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey: authority.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const exported = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    certificate: leaf.toString('pem'),
    key: x509.PemConverter.encode(exported, 'PRIVATE KEY'),
    serial,
    notBefore: leaf.notBefore.getTime(),
    notAfter: leaf.notAfter.getTime(),
    fingerprint: createHash('sha256').update(new Uint8Array(leaf.rawData)).digest('hex'),
  }
}

/** 128 bits. The first is 0 and the second 1: positive, and written with all its digits everywhere. */
function newSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

function wholeSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000)
}
