import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { Failure } from '../../core/failure.ts'
import type { SigningPlace } from './signer.ts'

const advice = 'Make one with: openssl ecparam -name prime256v1 -genkey -noout -out evidence.key.pem'

/**
 * A private key in PEM (PKCS#8 or SEC 1). Throws a `Failure` that names what it is instead, and nothing of what is in it.
 * @param name where it is, for people
 */
export function keyFileSigner(pem: string, name: string): SigningPlace {
  const key = privateKeyIn(pem, name)
  return {
    kind: 'file',
    name,
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
    assurance: 'file',
    signUnverified: async (bytes) => sign('sha256', bytes, key),
  }
}

function privateKeyIn(pem: string, name: string): KeyObject {
  const refuse = (words: string, what: string = advice): Failure =>
    new Failure('invalid', name, `The key ${name} ${words}.`, what)
  // With EC PARAMETERS before it, as openssl writes it, it is the second block.
  const blocks = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----[\s\S]{0,20000}?-----END \1-----/g)]
  const labels = blocks.map(([, label]) => label ?? '')
  const found = blocks.find(([, label]) => label?.endsWith('PRIVATE KEY') === true)
  if (found === undefined) {
    if (labels.includes('CERTIFICATE')) throw refuse('is a certificate: the private key is wanted')
    if (labels.includes('PUBLIC KEY')) throw refuse('is a public key: the private one is wanted')
    throw refuse(pem.trim() === '' ? 'is empty' : 'is no private key in PEM')
  }
  const [block, label] = found
  if (label === 'ENCRYPTED PRIVATE KEY' || block.includes('Proc-Type: 4,ENCRYPTED')) {
    throw new Failure(
      'locked',
      name,
      `The key ${name} is encrypted, and Everyhop asks nobody for its passphrase.`,
      'Keep it where it is never given out, a Vault or a token that an external command asks, or decrypt it with: openssl pkcs8 -in … -out …',
    )
  }
  if (label === 'OPENSSH PRIVATE KEY') throw refuse('is in the form of OpenSSH: PKCS#8 or SEC 1 is wanted')
  let key: KeyObject
  try {
    key = createPrivateKey(block)
  } catch {
    throw refuse('cannot be read: it is damaged') // OpenSSL's words might tell of what is in it
  }
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (key.asymmetricKeyType === 'ec' && curve === 'prime256v1') return key
  const type = key.asymmetricKeyType === 'ec' ? `of the curve ${curve}` : `of type ${key.asymmetricKeyType}`
  throw refuse(`is ${type}, and packs are signed with ECDSA P-256 (prime256v1)`)
}
