import { type Keyring, type Shell, ShellRefusal } from '../../shared/shell.ts'
import type { Sealing } from './ports.ts'
import type { SecretsContent } from './secrets-file.ts'

type Protection = SecretsContent['protection']

/** The label under which a passphrase's key seals the key of the values. */
const keyLabel = 'the key of secrets.json'

/** Chromium's stand-ins for a keyring, whose keys everybody knows, are none, whatever a place says of them. */
export async function realKeyring(shell: Pick<Shell, 'keyring'>): Promise<Keyring> {
  const keyring = await shell.keyring()
  if (!keyring.available || (keyring.name !== 'basic_text' && keyring.name !== 'unknown')) return keyring
  return { available: false, name: keyring.name, problem: keyring.problem ?? `${keyring.name} is no keyring` }
}

export async function protectByPassphrase(
  key: Uint8Array,
  passphrase: string,
  sealing: Sealing,
): Promise<Extract<Protection, { kind: 'passphrase' }>> {
  const derivation = sealing.newDerivation()
  const outer = await sealing.derive(passphrase, derivation)
  return { kind: 'passphrase', derivation, sealedKey: sealing.seal(outer, encode(key), keyLabel) }
}

/** null: another passphrase. */
export async function openByPassphrase(
  protection: Extract<Protection, { kind: 'passphrase' }>,
  passphrase: string,
  sealing: Sealing,
): Promise<Uint8Array | null> {
  const outer = await sealing.derive(passphrase, protection.derivation)
  const text = sealing.open(outer, protection.sealedKey, keyLabel)
  return text === null ? null : decode(text)
}

export async function protectByKeyring(
  key: Uint8Array,
  keyring: Keyring,
  shell: Pick<Shell, 'seal'>,
): Promise<Extract<Protection, { kind: 'keyring' }>> {
  return { kind: 'keyring', name: keyring.name, sealedKey: await shell.seal(encode(key)) }
}

/** The key, or in words why the keyring does not open it. */
export async function openByKeyring(
  protection: Extract<Protection, { kind: 'keyring' }>,
  shell: Pick<Shell, 'unseal'>,
): Promise<Uint8Array | string> {
  try {
    return decode(await shell.unseal(protection.sealedKey)) ?? 'what the keyring opened is not a key of Everyhop'
  } catch (reason) {
    // Words of the place, which never saw a value. Anything else may hold anything.
    return reason instanceof ShellRefusal ? reason.message : 'the keyring failed in an unexpected way'
  }
}

/** Hexadecimal: what the core can write without a library. */
function encode(key: Uint8Array): string {
  return Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function decode(text: string): Uint8Array | null {
  if (!/^[0-9a-f]{64}$/.test(text)) return null
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
