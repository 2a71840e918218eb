import type { Session, WebContents } from 'electron'
import { pageOrigin } from './scheme.ts'

/** What the page may not do, whatever runs in it: it goes nowhere, opens nothing, and is allowed nothing. */
export function guardPage(page: WebContents): void {
  page.setWindowOpenHandler(() => ({ action: 'deny' }))
  page.on('will-navigate', (event, address) => {
    if (!isOurs(address)) event.preventDefault()
  })
  page.on('will-redirect', (event, address) => {
    if (!isOurs(address)) event.preventDefault()
  })
  // Frames are refused by the Content-Security-Policy already; a webview has none.
  page.on('will-attach-webview', (event) => event.preventDefault())
}

/**
 * One thing is granted: writing text to the clipboard when somebody presses a copy button. Chromium asks for it as for a
 * permission, and nothing comes back that way (docs/decisions).
 */
const granted = new Set(['clipboard-sanitized-write'])

export function guardSession(session: Session): void {
  session.setPermissionRequestHandler((page, permission, answer) => {
    answer(granted.has(permission) && isOurs(page.getURL()))
  })
  session.setPermissionCheckHandler((_page, permission, origin) => granted.has(permission) && isOurs(origin))
  session.setDevicePermissionHandler(() => false)
  // Whatever would become a file on the disk goes through a dialog of the shell port instead.
  session.on('will-download', (event) => event.preventDefault())
  session.setSpellCheckerEnabled(false)
}

export function isOurs(address: string): boolean {
  return address === pageOrigin || address.startsWith(`${pageOrigin}/`)
}
