import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { fromBase64 } from '../../../shared/lib/base64.ts'

/** A P-256 public key and the SHA-256 of its SPKI, by which people compare keys. */
export interface TrustedKey {
  readonly key: KeyObject
  readonly fingerprint: string
}

export interface KeyProblem {
  readonly code: 'key-empty' | 'key-private' | 'key-certificate' | 'key-not-pem' | 'key-not-p256'
  readonly found: string
}

/** SPKI of every P-256 key with its point not compressed (RFC 5480): these bytes, 0x04, and the 64 bytes of the point. */
const p256Prefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex')
const p256Length = 91

/** Reads one public key in PEM. Other things that people pass by mistake are named; nothing of a private key is kept. */
export function readPublicKey(
  pem: string,
): { readonly key: TrustedKey } | { readonly key: null; readonly problem: KeyProblem } {
  const refused = (code: KeyProblem['code'], found = '') => ({ key: null, problem: { code, found } })
  if (pem.trim() === '') return refused('key-empty')
  const labels = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----/g)].map(([, label]) => label ?? '')
  if (labels.some((label) => label.endsWith('PRIVATE KEY'))) return refused('key-private')
  if (labels.includes('CERTIFICATE')) return refused('key-certificate')
  const [label] = labels
  if (label === undefined || labels.length > 1) return refused('key-not-pem')
  if (label !== 'PUBLIC KEY') return refused('key-not-p256', label)
  // OpenSSL wants a line for itself, which a byte order mark takes from it: editors of Windows write one.
  const [, block = ''] = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]*)-----END PUBLIC KEY-----/.exec(pem) ?? []
  const der = fromBase64(block.replaceAll(/\s/g, ''))
  if (der === null) return refused('key-not-pem')
  let key: KeyObject
  try {
    key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
  } catch {
    return refused('key-not-pem')
  }
  const spki = key.export({ type: 'spki', format: 'der' })
  if (spki.length !== p256Length || !spki.subarray(0, p256Prefix.length).equals(p256Prefix)) {
    return refused('key-not-p256', key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? '')
  }
  return { key: { key, fingerprint: createHash('sha256').update(spki).digest('hex') } }
}
