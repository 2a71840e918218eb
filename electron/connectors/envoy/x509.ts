import { X509Certificate } from 'node:crypto'
import type { Certificate } from '../../../shared/domain/model/envoy-facts.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { NotUnderstood } from './problem.ts'

export interface Authority {
  readonly subjectKeyId: string | null
  readonly sha256: string
  readonly notAfter: EpochMs
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/** Certificates in PEM text, in order; anything else in it, such as a private key, is left where it is. */
export function pemCertificates(text: string): readonly string[] {
  return text.match(pemCertificate) ?? []
}

/** The leaf of a chain, by what it says itself. */
export function readCertificate(pem: string): Certificate {
  const found = open(pem)
  const names = subjectNames(found.raw)
  return {
    spiffeId: names.uris.find((uri) => uri.startsWith('spiffe://')) ?? null,
    dnsNames: names.dnsNames,
    serial: found.serialNumber.toLowerCase(),
    notBefore: found.validFromDate.getTime(),
    notAfter: found.validToDate.getTime(),
    issuer: found.issuer.split('\n').join(', ') || null,
    authorityKeyId: authorityKeyIdOf(found.raw),
    sha256: fingerprintOf(found),
  }
}

export function readAuthority(pem: string): Authority {
  const found = open(pem)
  return {
    subjectKeyId: subjectKeyIdOf(found.raw),
    sha256: fingerprintOf(found),
    notAfter: found.validToDate.getTime(),
  }
}

function open(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new NotUnderstood('invalid', 'a certificate cannot be parsed')
  }
}

function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

interface Element {
  readonly tag: number
  readonly content: Uint8Array
}

const sequence = 0x30
const octetString = 0x04
const objectIdentifier = 0x06
/** TBSCertificate's extensions, RFC 5280 section 4.1: `[3] EXPLICIT`. */
const extensionsTag = 0xa3
/** GeneralName, RFC 5280 section 4.2.1.6. */
const dnsNameTag = 0x82
const uriTag = 0x86
/** keyIdentifier of AuthorityKeyIdentifier, RFC 5280 section 4.2.1.1. */
const keyIdentifierTag = 0x80

/** OIDs 2.5.29.14, 2.5.29.17 and 2.5.29.35, as encoded. */
const subjectKeyIdentifier = '551d0e'
const subjectAltName = '551d11'
const authorityKeyIdentifier = '551d23'

function subjectKeyIdOf(der: Uint8Array): string | null {
  const [identifier] = elementsOf(extension(der, subjectKeyIdentifier))
  return identifier?.tag === octetString ? hex(identifier.content) : null
}

function authorityKeyIdOf(der: Uint8Array): string | null {
  const [outer] = elementsOf(extension(der, authorityKeyIdentifier))
  const identifier = elementsOf(outer?.content).find((element) => element.tag === keyIdentifierTag)
  return identifier === undefined ? null : hex(identifier.content)
}

/** Read from the certificate's bytes: the text form that Node gives is ambiguous for names with commas. */
function subjectNames(der: Uint8Array): { readonly uris: readonly string[]; readonly dnsNames: readonly string[] } {
  const [outer] = elementsOf(extension(der, subjectAltName))
  const names = elementsOf(outer?.content)
  const textOf = (tag: number) =>
    names.filter((name) => name.tag === tag).map((name) => new TextDecoder('latin1').decode(name.content))
  return { uris: textOf(uriTag), dnsNames: textOf(dnsNameTag) }
}

/** Content of one extension's value; undefined when the certificate has none of that kind. */
function extension(der: Uint8Array, oid: string): Uint8Array | undefined {
  const [certificate] = elementsOf(der)
  const [toBeSigned] = elementsOf(certificate?.content)
  const holder = elementsOf(toBeSigned?.content).find((element) => element.tag === extensionsTag)
  const [list] = elementsOf(holder?.content)
  for (const entry of elementsOf(list?.content)) {
    if (entry.tag !== sequence) continue
    const parts = elementsOf(entry.content)
    const [identifier] = parts
    if (identifier?.tag === objectIdentifier && hex(identifier.content) === oid) return parts.at(-1)?.content
  }
  return undefined
}

/** The DER elements that stand side by side in `bytes`. Stops at what is not DER: nothing is read past the end. */
function elementsOf(bytes: Uint8Array | undefined): readonly Element[] {
  const found: Element[] = []
  let offset = 0
  while (bytes !== undefined && offset + 2 <= bytes.length) {
    const first = bytes[offset + 1] ?? 0
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    let length = first < 0x80 ? first : 0
    for (let index = 0; index < lengthBytes; index += 1) length = length * 256 + (bytes[offset + 2 + index] ?? 0)
    const start = offset + 2 + lengthBytes
    if (lengthBytes > 4 || start + length > bytes.length) break
    found.push({ tag: bytes[offset] ?? 0, content: bytes.subarray(start, start + length) })
    offset = start + length
  }
  return found
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
