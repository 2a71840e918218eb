import { join } from 'node:path'
import { app } from 'electron'

/** Where the built parts are, seen from the bundle in `dist/desktop`. */
export const pageFolder = join(__dirname, '..', 'renderer')
export const preloadFile = join(__dirname, 'preload.cjs')
export const serviceFile = join(__dirname, '..', 'service', 'desktop.mjs')

/**
 * The folder of environments and settings: the same as `electron/service/home.ts` finds, in Electron's own terms.
 * Chromium's profile and the window's place are kept in `window/` of it, so that two homes are two Everyhops.
 */
export function homeFolder(): string {
  const chosen = process.env['EVERYHOP_HOME']
  return chosen === undefined || chosen === '' ? join(app.getPath('appData'), 'everyhop') : chosen
}
