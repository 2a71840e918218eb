import type { MenuItemConstructorOptions } from 'electron'
import type { PageCommand } from '../../shared/desktop.ts'

/**
 * The menu: the system's own roles, and what the page can do, asked of the page. Keys that the page itself listens to are
 * shown and not taken (`registerAccelerator: false`).
 */
export function menuTemplate(
  platform: NodeJS.Platform,
  ask: (command: PageCommand) => void,
): MenuItemConstructorOptions[] {
  const isMac = platform === 'darwin'
  return [
    ...(isMac ? [{ role: 'appMenu' } as const] : []),
    {
      label: '&File',
      submenu: [
        // The page listens to the key itself.
        { label: 'Settings…', accelerator: 'CmdOrCtrl+,', registerAccelerator: false, click: () => ask('settings') },
        { type: 'separator' },
        isMac ? { role: 'close' } : { role: 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        { label: 'Graph', accelerator: 'CmdOrCtrl+1', click: () => ask('graph') },
        { label: 'Diagnose', accelerator: 'CmdOrCtrl+2', click: () => ask('diagnose') },
        { label: 'Policy', accelerator: 'CmdOrCtrl+3', click: () => ask('policy') },
        { label: 'Connections', accelerator: 'CmdOrCtrl+4', click: () => ask('environments') },
        { type: 'separator' },
        { label: 'Search…', accelerator: 'CmdOrCtrl+K', registerAccelerator: false, click: () => ask('search') },
        { type: 'separator' },
        { role: 'reload' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        { type: 'separator' },
        { role: 'toggleDevTools' },
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        { label: 'Keyboard and Symbols', click: () => ask('help') },
        ...(isMac ? [] : [{ role: 'about' } as const]),
      ],
    },
  ]
}
