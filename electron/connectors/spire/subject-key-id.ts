/** Object identifier 2.5.29.14, subjectKeyIdentifier (RFC 5280 section 4.2.1.2). */
const subjectKeyIdentifier = Uint8Array.of(0x55, 0x1d, 0x0e)

const sequence = 0x30
const octetString = 0x04
const objectIdentifier = 0x06
/** `[3] EXPLICIT Extensions` of the TBSCertificate (RFC 5280 section 4.1). */
const extensions = 0xa3

interface Element {
  readonly tag: number
  readonly content: Uint8Array
}

/**
 * Lower-case hex of the subject key identifier of a DER certificate; null when it has none. Node's X509Certificate does
 * not offer it. Throws RangeError on bytes that are no DER.
 */
export function subjectKeyIdOf(certificate: Uint8Array): string | null {
  const outer = only(certificate, sequence)
  const body = elements(outer)[0]
  if (body === undefined || body.tag !== sequence) throw new RangeError('no certificate body')
  const wrapped = elements(body.content).find((part) => part.tag === extensions)
  if (wrapped === undefined) return null
  for (const extension of elements(only(wrapped.content, sequence))) {
    // Extension ::= SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, OCTET STRING }
    const parts = elements(extension.content)
    const value = parts.at(-1)
    if (parts[0]?.tag !== objectIdentifier || !same(parts[0].content, subjectKeyIdentifier)) continue
    if (value === undefined || value.tag !== octetString) throw new RangeError('a key identifier without a value')
    return Buffer.from(only(value.content, octetString)).toString('hex')
  }
  return null
}

/** Content of the first element of `bytes`, which must have this tag. */
function only(bytes: Uint8Array, tag: number): Uint8Array {
  const first = elements(bytes)[0]
  if (first === undefined || first.tag !== tag) throw new RangeError(`expected element 0x${tag.toString(16)}`)
  return first.content
}

function elements(bytes: Uint8Array): readonly Element[] {
  const found: Element[] = []
  let at = 0
  while (at < bytes.length) {
    const tag = byte(bytes, at)
    let length = byte(bytes, at + 1)
    at += 2
    if (length & 0x80) {
      const lengthBytes = length & 0x7f
      if (lengthBytes === 0 || lengthBytes > 4) throw new RangeError('a length of a form that DER does not have')
      length = 0
      for (let index = 0; index < lengthBytes; index += 1) length = length * 256 + byte(bytes, at + index)
      at += lengthBytes
    }
    if (at + length > bytes.length) throw new RangeError('an element that is longer than what holds it')
    found.push({ tag, content: bytes.subarray(at, at + length) })
    at += length
  }
  return found
}

function byte(bytes: Uint8Array, index: number): number {
  const value = bytes[index]
  if (value === undefined) throw new RangeError('the bytes end too early')
  return value
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((value, index) => value === right[index])
}
