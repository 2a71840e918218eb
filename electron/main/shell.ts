import type { OpenDialogOptions, OpenDialogReturnValue, SaveDialogOptions, SaveDialogReturnValue } from 'electron'
import { type Keyring, type PowerEvent, type Shell, ShellRefusal } from '../../shared/shell.ts'
import { type Cipher, keyringOf } from './keyring.ts'

/** What the desktop shell needs of Electron: the parts themselves in main, stand-ins in the conformance suite. */
export interface ShellParts {
  readonly cipher: Cipher
  openDialog(options: OpenDialogOptions): Promise<Pick<OpenDialogReturnValue, 'canceled' | 'filePaths'>>
  saveDialog(options: SaveDialogOptions): Promise<Pick<SaveDialogReturnValue, 'canceled' | 'filePath'>>
  /** False: this desktop shows no notifications. */
  showNotification(message: { readonly title: string; readonly body: string }): boolean
  openExternal(address: string): Promise<void>
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
    async chooseSaveFile({ title, suggestedName }) {
      const chosen = await parts.saveDialog({ title, defaultPath: suggestedName })
      return chosen.canceled || chosen.filePath === '' ? null : chosen.filePath
    },
    async notify({ title, body }) {
      if (!parts.showNotification({ title, body })) {
        throw new ShellRefusal('unavailable', 'This desktop shows no notifications.')
      }
    },
    async openLink(address) {
      const url = URL.canParse(address) ? new URL(address) : null
      if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '') {
        throw new ShellRefusal('refused', 'Only https addresses without a user name are opened.')
      }
      try {
        await parts.openExternal(url.href)
      } catch {
        throw new ShellRefusal('refused', `No browser opened ${url.origin}.`)
      }
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
