import { join } from 'node:path'
import { app, type BrowserWindow, ipcMain, Menu, MessageChannelMain, session } from 'electron'
import { guardSession } from './guards.ts'
import { launchService } from './launch.ts'
import { menuTemplate } from './menu.ts'
import { linkPage } from './page-link.ts'
import { homeFolder, pageFolder, serviceFile } from './places.ts'
import { registerScheme, serveScheme } from './scheme.ts'
import { keepService, type ServiceKeeper } from './service-keeper.ts'
import { createDesktopShell } from './shell.ts'
import { electronParts } from './shell-parts.ts'
import { serveShell } from './shell-port.ts'
import { focusWindow, openWindow } from './window.ts'

/** The desktop app: one window, one service, and what brings them together. Nothing slow may happen in this process. */

const home = homeFolder()
app.setPath('userData', join(home, 'window'))
registerScheme()

// The lock is kept in userData: a second Everyhop of the same home leaves the window to the first.
if (app.requestSingleInstanceLock()) run()
else app.exit(0)

function run(): void {
  let window: BrowserWindow | null = null
  let keeper: ServiceKeeper | null = null
  const kept = (): ServiceKeeper => {
    if (keeper === null) throw new Error('the service was not started yet')
    return keeper
  }
  const link = linkPage(ipcMain, kept)

  function open(): void {
    const opened = openWindow(join(home, 'window', 'place.json'))
    window = opened
    link.show(opened.webContents)
    opened.once('closed', () => {
      window = null
      link.show(null)
    })
  }

  function start(): void {
    serveScheme(pageFolder)
    guardSession(session.defaultSession)
    Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(process.platform, (command) => link.ask(command))))
    const shell = createDesktopShell(electronParts(() => window))
    const launch = launchService(serviceFile, home, process.env['EVERYHOP_SERVICE_NODE'])
    keeper = keepService(
      (events) => {
        const running = launch(events)
        const { port1, port2 } = new MessageChannelMain()
        serveShell(shell, port1)
        running.open('shell', port2)
        return running
      },
      (status) => {
        // Told while it is being made: nobody listens yet.
        if (keeper !== null) link.tell(status)
      },
      {
        now: () => Date.now(),
        after(ms, work) {
          const timer = setTimeout(work, ms)
          return () => clearTimeout(timer)
        },
      },
    )
    open()
  }

  let isStopped = false
  app.on('will-quit', (event) => {
    if (isStopped || keeper === null) return
    event.preventDefault()
    void keeper.stop().then(() => {
      isStopped = true
      // Not at once: Electron takes no second quit while it is still being told that this one waits.
      setImmediate(() => app.quit())
    })
  })
  app.on('second-instance', () => {
    if (window === null) open()
    else focusWindow(window)
  })
  app.on('activate', () => {
    if (window === null && keeper !== null) open()
  })
  app.on('window-all-closed', () => {
    // On a Mac an application stays until it is told to quit.
    if (process.platform !== 'darwin') app.quit()
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit())
  app.whenReady().then(start, (reason: unknown) => {
    process.stderr.write(`everyhop: ${String(reason)}\n`)
    app.exit(1)
  })
}
