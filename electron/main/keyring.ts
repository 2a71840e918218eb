import type { SafeStorage } from 'electron'
import type { Keyring } from '../../shared/shell.ts'

/** Electron's safeStorage as we use it: https://www.electronjs.org/docs/latest/api/safe-storage */
export interface Cipher {
  available(): Promise<boolean>
  /** Linux: the store that Chromium chose; other systems have one only. */
  backend(): string
  encrypt(plain: string): Promise<Buffer>
  decrypt(sealed: Buffer): Promise<string>
}

/** Their key is in Chromium's source, or there is none: what they seal, anybody opens. */
const openToAll = new Set(['basic_text', 'unknown'])

/** Whether, and by what name, the operating system keeps a key for us. Never true for `basic_text`. */
export async function keyringOf(cipher: Cipher): Promise<Keyring> {
  const name = cipher.backend()
  const isOpen = openToAll.has(name)
  if (!isOpen && (await cipher.available().catch(() => false))) return { available: true, name, problem: null }
  const problem = isOpen
    ? `No keyring of this desktop was found (Chromium says “${name}”). Start GNOME Keyring or KWallet, or use a passphrase.`
    : `The keyring (${name}) cannot be used: it is locked, or access was denied. Unlock it, or use a passphrase.`
  return { available: false, name: isOpen ? null : name, problem }
}

/** The asynchronous functions, which may wait for somebody to unlock the keyring without stopping the window. */
export function safeStorageCipher(storage: SafeStorage, platform: NodeJS.Platform): Cipher {
  return {
    available: () => storage.isAsyncEncryptionAvailable(),
    backend: () =>
      platform === 'darwin' ? 'keychain' : platform === 'win32' ? 'dpapi' : storage.getSelectedStorageBackend(),
    encrypt: (plain) => storage.encryptStringAsync(plain),
    decrypt: async (sealed) => (await storage.decryptStringAsync(sealed)).result,
  }
}
