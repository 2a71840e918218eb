import { createCipheriv, createDecipheriv, createHash, randomBytes, scrypt } from 'node:crypto'
import type { KeyDerivation, Sealing } from '../core/ports.ts'

const keyBytes = 32
/** NIST SP 800-38D: 96 bits, and never twice with one key; at random that is safe for far more texts than we seal. */
const nonceBytes = 12
const tagBytes = 16
const version = 1
/** scrypt (RFC 7914) takes 128 · N · r bytes: 128 MiB and a good part of a second, which is what makes guessing dear. */
const cost = { N: 2 ** 17, r: 8, p: 1 }

/** AES-256-GCM and scrypt of Node's OpenSSL. What is sealed is base64 of: version (1 byte), nonce (12), text, tag (16). */
export function createSealing(chosen: { readonly N: number; readonly r: number; readonly p: number } = cost): Sealing {
  return {
    newKey: () => randomBytes(keyBytes),
    newDerivation: () => ({ name: 'scrypt', ...chosen, salt: randomBytes(16).toString('base64') }),
    derive,
    seal(key, plain, label) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
      cipher.setAAD(associated(label))
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return Buffer.concat([Buffer.of(version), nonce, text, cipher.getAuthTag()]).toString('base64')
    },
    open(key, sealed, label) {
      const bytes = Buffer.from(sealed, 'base64')
      if (bytes.length < 1 + nonceBytes + tagBytes || bytes[0] !== version) return null
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 1 + nonceBytes), {
        authTagLength: tagBytes,
      })
      decipher.setAAD(associated(label))
      decipher.setAuthTag(bytes.subarray(-tagBytes))
      try {
        const text = decipher.update(bytes.subarray(1 + nonceBytes, -tagBytes))
        return Buffer.concat([text, decipher.final()]).toString('utf8')
      } catch {
        return null // not authentic: OpenSSL says no more than that
      }
    },
    digest: (text) => createHash('sha256').update(text, 'utf8').digest('base64'),
  }
}

function associated(label: string): Buffer {
  return Buffer.from(`everyhop ${version} ${label}`, 'utf8')
}

function derive(passphrase: string, { N, r, p, salt }: KeyDerivation): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // The same letters are the same passphrase on every keyboard and system.
    const letters = passphrase.normalize('NFC')
    const maxmem = 256 * N * r
    scrypt(letters, Buffer.from(salt, 'base64'), keyBytes, { N, r, p, maxmem }, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}
