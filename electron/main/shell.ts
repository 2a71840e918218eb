import type { OpenDialogOptions, OpenDialogReturnValue } from 'electron'
import { type Keyring, type PowerEvent, type Shell, ShellRefusal } from '../../shared/shell.ts'
import { type Cipher, keyringOf } from './keyring.ts'

/** What the desktop shell needs of Electron: the parts themselves in main, stand-ins in the conformance suite. */
export interface ShellParts {
  readonly cipher: Cipher
  openDialog(options: OpenDialogOptions): Promise<Pick<OpenDialogReturnValue, 'canceled' | 'filePaths'>>
  readonly power: {
    on(event: PowerEvent, listener: () => void): unknown
    off(event: PowerEvent, listener: () => void): unknown
  }
}

/** The shell port of the desktop app. */
export function createDesktopShell(parts: ShellParts): Shell {
  const { cipher } = parts

  /** Rejects `unavailable` in the keyring's own words. */
  async function openKeyring(): Promise<void> {
    const keyring: Keyring = await keyringOf(cipher)
    if (!keyring.available) throw new ShellRefusal('unavailable', keyring.problem ?? 'There is no keyring here.')
  }

  return {
    place: 'desktop',
    keyring: () => keyringOf(cipher),
    async seal(plain) {
      await openKeyring()
      try {
        return (await cipher.encrypt(plain)).toString('base64')
      } catch {
        throw new ShellRefusal('refused', 'The keyring did not encrypt. Unlock it and try again.')
      }
    },
    async unseal(sealed) {
      await openKeyring()
      try {
        return await cipher.decrypt(Buffer.from(sealed, 'base64'))
      } catch {
        // The system's own words are left out: they may quote what was sealed.
        throw new ShellRefusal(
          'refused',
          'The keyring did not decrypt: it is locked, or this was sealed by another account or machine.',
        )
      }
    },
    async chooseFile({ title, extensions }) {
      const filters = extensions.length === 0 ? {} : { filters: [{ name: title, extensions: [...extensions] }] }
      const chosen = await parts.openDialog({ title, properties: ['openFile', 'showHiddenFiles'], ...filters })
      return chosen.canceled ? null : (chosen.filePaths[0] ?? null)
    },
    onPower(told) {
      const listeners = (['suspend', 'resume'] as const).map((event) => [event, () => told(event)] as const)
      for (const [event, listener] of listeners) parts.power.on(event, listener)
      return () => {
        for (const [event, listener] of listeners.splice(0)) parts.power.off(event, listener)
      }
    },
  }
}
