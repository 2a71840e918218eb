import { type KeyObject, verify } from 'node:crypto'
import { Failure } from '../../core/failure.ts'
import { readPublicKey } from '../verify/key.ts'

/** The organisation's key, wherever it is kept. */
export interface PackSigner {
  readonly kind: 'file' | 'transit' | 'command'
  /** For people: where the key is. Never a part of it. */
  readonly name: string
  /** SPKI in PEM. */
  readonly publicKey: string
  /** file: whoever reads the file has the key. vault: it never leaves Vault. command: what the program says of it. */
  readonly assurance: 'file' | 'vault' | 'command'
  /** ECDSA P-256 with SHA-256 over the bytes, DER. Verified against `publicKey`. Rejects with a `Failure`. */
  sign(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
}

/** How one place signs: DER or r ‖ s, as it comes. */
export interface SigningPlace extends Omit<PackSigner, 'sign'> {
  signUnverified(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
}

const derLimits = { least: 8, most: 72 }

/** Nothing is handed out that does not verify: a pack with another signature would be found by the auditor, not here. */
export function verifying({ signUnverified, ...place }: SigningPlace): PackSigner {
  const { key } = publicKeyOf(place.publicKey, place.name)
  return {
    ...place,
    // As every program reads it: what else is in such a file, such as a byte order mark, is not every one's to read.
    publicKey: key.export({ type: 'spki', format: 'pem' }).toString(),
    async sign(bytes, signal) {
      signal.throwIfAborted()
      const signature = await signUnverified(bytes, signal)
      const der = derOf(signature, (candidate) => verify('sha256', bytes, key, candidate))
      if (der !== null) return der
      const words = `${place.name} gave ${signature.length} bytes that are no signature of its public key over what was asked for.`
      throw new Failure('invalid', place.name, words, invalidAdvice(signature.length))
    },
  }
}

/** A public key in PEM that packs can be verified with. Throws a `Failure` that names what it is instead. */
export function publicKeyOf(pem: string, name: string): { readonly key: KeyObject; readonly fingerprint: string } {
  const read = readPublicKey(pem)
  if (read.key !== null) return read.key
  const { code, found } = read.problem
  const words = {
    'key-empty': 'is empty',
    'key-private': 'is a private key',
    'key-certificate': 'is a certificate',
    'key-not-pem': 'is no public key in PEM',
    'key-not-p256': `is ${found === '' ? 'another key' : found}, and packs are signed with ECDSA P-256`,
  }[code]
  throw new Failure('invalid', name, `The public key of ${name} ${words}.`, 'Give the public half in PEM, of P-256.')
}

/** By what verifies: 64 bytes may be either form. null: neither verifies. */
function derOf(signature: Uint8Array, isGood: (der: Uint8Array) => boolean): Uint8Array | null {
  const { least, most } = derLimits
  if (signature.length >= least && signature.length <= most && isGood(signature)) return signature
  if (signature.length !== 64) return null
  const der = rawToDer(signature)
  return isGood(der) ? der : null
}

/** ECDSA-Sig-Value of RFC 3279, 2.2.3, of r ‖ s with 32 bytes each. */
export function rawToDer(raw: Uint8Array): Uint8Array {
  const numbers = [raw.subarray(0, 32), raw.subarray(32)].map((bytes) => {
    let first = 0
    while (first < bytes.length - 1 && bytes[first] === 0) first += 1
    const short = bytes.subarray(first)
    const value = (short[0] ?? 0) >= 0x80 ? [0, ...short] : [...short]
    return [0x02, value.length, ...value]
  })
  const content = numbers.flat()
  return Uint8Array.from([0x30, content.length, ...content])
}

function invalidAdvice(length: number): string {
  if (length === 0) return 'It has to write the signature, and nothing else, to standard output.'
  return length > 72
    ? 'The signature is wanted as bytes, DER or r ‖ s, and nothing else: no base64, no text around it.'
    : 'Look whether the public key belongs to it, and whether it signs the digest as it is, without hashing it again.'
}
