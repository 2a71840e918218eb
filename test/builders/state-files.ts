import { join } from 'node:path'
import { type SecretsPorts } from '../../electron/core/secrets.ts'
import { createSealing } from '../../electron/platform/passphrase.ts'
import { createStateFile } from '../../electron/platform/state-file.ts'
import { type Keyring, ShellRefusal } from '../../shared/shell.ts'
import { createManualClock } from './manual-clock.ts'

/** The least that a file may ask for: the tests are about everything but the cost. */
export const quickSealing = createSealing({ N: 2 ** 15, r: 8, p: 1 })

/** A keyring in memory that can be locked; what it seals is as opaque as a real one's. */
export function testKeyring(name: string | null = 'gnome_libsecret') {
  const key = quickSealing.newKey()
  const own = { isLocked: false }
  return {
    own,
    async keyring(): Promise<Keyring> {
      return { available: name !== null, name, problem: name === null ? 'there is no keyring' : null }
    },
    async seal(plain: string): Promise<string> {
      if (name === null) throw new ShellRefusal('unavailable', 'there is no keyring')
      return quickSealing.seal(key, plain, 'keyring')
    },
    async unseal(sealed: string): Promise<string> {
      if (name === null) throw new ShellRefusal('unavailable', 'there is no keyring here')
      const plain = own.isLocked ? null : quickSealing.open(key, sealed, 'keyring')
      if (plain === null) throw new ShellRefusal('refused', 'the keyring is locked')
      return plain
    },
  }
}

/** Parts of a store of secrets in `folder`, with no keyring unless one is given. */
export function secretsParts(folder: string, over: Partial<SecretsPorts> = {}): SecretsPorts {
  return {
    file: createStateFile(join(folder, 'secrets.json')),
    sealing: quickSealing,
    shell: testKeyring(null),
    clock: createManualClock(),
    lockAfterMs: async () => null,
    ...over,
  }
}
