import { createHash, createPublicKey, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import type { PackSigner } from '../../electron/evidence/signing/index.ts'

/** What every way of signing packs has to do. */
export function packSignerSuite(what: string, open: () => Promise<PackSigner>): void {
  const signal = new AbortController().signal

  test(`${what}: what is signed verifies with the public key that is told, as DER, and nothing else does`, async () => {
    const signer = await open()
    const key = createPublicKey(signer.publicKey)
    expect(key.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
    // Some signatures have numbers with a leading zero, or one that has to be put before.
    for (let turn = 0; turn < 6; turn += 1) {
      const bytes = createHash('sha512').update(String(turn)).digest()
      const signature = await signer.sign(bytes, signal)
      expect(signature[0]).toBe(0x30)
      expect(verify('sha256', bytes, key, signature)).toBe(true)
      expect(verify('sha256', bytes.subarray(1), key, signature)).toBe(false)
    }
  })

  test(`${what}: of the key nothing private is told`, async () => {
    const signer = await open()
    expect(signer.publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----/)
    expect(JSON.stringify(signer)).not.toMatch(/PRIVATE/)
    expect(signer.name).not.toBe('')
  })

  test(`${what}: a signature that nobody waits for is not made`, async () => {
    const signer = await open()
    await expect(signer.sign(new Uint8Array(3), AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
  })
}
