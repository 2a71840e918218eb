import { type BrowserWindow, dialog, powerMonitor, safeStorage } from 'electron'
import { safeStorageCipher } from './keyring.ts'
import type { ShellParts } from './shell.ts'

/** Electron's own parts; dialogs belong to the window where there is one. */
export function electronParts(window: () => BrowserWindow | null): ShellParts {
  return {
    cipher: safeStorageCipher(safeStorage, process.platform),
    openDialog(options) {
      const parent = window()
      return parent === null ? dialog.showOpenDialog(options) : dialog.showOpenDialog(parent, options)
    },
    power: {
      on: (event, listener) =>
        event === 'suspend' ? powerMonitor.on('suspend', listener) : powerMonitor.on('resume', listener),
      off: (event, listener) =>
        event === 'suspend' ? powerMonitor.off('suspend', listener) : powerMonitor.off('resume', listener),
    },
  }
}
