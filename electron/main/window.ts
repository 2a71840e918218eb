import { BrowserWindow, nativeTheme, screen } from 'electron'
import { guardPage } from './guards.ts'
import { preloadFile } from './places.ts'
import { endedAddress, pageOrigin } from './scheme.ts'
import { placeWindow, readWindowState, smallest, writeWindowState } from './window-state.ts'

/** --bg-app of the page's two themes, so that nothing flashes before the page draws itself. */
const background = { dark: '#0b0d11', light: '#eef1f5' }
/** Pages that end more often than this within a minute are not loaded again. */
const mostReloads = 3

/** Opens the one window where it was left. Its place is kept whenever it changes. */
export function openWindow(stateFile: string): BrowserWindow {
  const displays = [screen.getPrimaryDisplay(), ...screen.getAllDisplays()].map(({ workArea }) => workArea)
  const place = placeWindow(readWindowState(stateFile), displays)
  const window = new BrowserWindow({
    x: place.x,
    y: place.y,
    width: place.width,
    height: place.height,
    minWidth: smallest.width,
    minHeight: smallest.height,
    title: 'Everyhop',
    backgroundColor: nativeTheme.shouldUseDarkColors ? background.dark : background.light,
    show: false,
    webPreferences: {
      preload: preloadFile,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
      navigateOnDragDrop: false,
      spellcheck: false,
    },
  })
  guardPage(window.webContents)
  keepPlace(window, stateFile)
  reloadWhenGone(window)
  window.once('ready-to-show', () => {
    if (place.maximized) window.maximize()
    window.show()
  })
  window.webContents.on('preload-error', (_event, path, error) => {
    process.stderr.write(`everyhop: the preload script ${path} failed: ${error.message}\n`)
  })
  // Failure shows in the window itself: the scheme answers with a sentence.
  window.loadURL(`${pageOrigin}/`).catch((reason: unknown) => {
    process.stderr.write(`everyhop: the page could not be loaded: ${String(reason)}\n`)
  })
  return window
}

/** Brings the window to the front, wherever it is. */
export function focusWindow(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

function keepPlace(window: BrowserWindow, stateFile: string): void {
  let timer: NodeJS.Timeout | undefined
  const keep = () => {
    clearTimeout(timer)
    if (window.isDestroyed() || window.isMinimized()) return
    const { x, y, width, height } = window.getNormalBounds()
    try {
      writeWindowState(stateFile, { x, y, width, height, maximized: window.isMaximized() })
    } catch (reason) {
      process.stderr.write(`everyhop: the window's place was not kept: ${String(reason)}\n`)
    }
  }
  // Dragging tells of every pixel.
  const soon = () => {
    clearTimeout(timer)
    timer = setTimeout(keep, 300)
  }
  window.on('move', soon)
  window.on('resize', soon)
  window.on('maximize', soon)
  window.on('unmaximize', soon)
  window.on('close', keep)
}

function reloadWhenGone(window: BrowserWindow): void {
  let reloads: number[] = []
  window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
    process.stderr.write(`everyhop: the page ended (${reason}, code ${exitCode})\n`)
    if (window.isDestroyed() || reason === 'clean-exit') return
    reloads = [...reloads.filter((at) => at > Date.now() - 60_000), Date.now()]
    if (reloads.length <= mostReloads) window.webContents.reload()
    else void window.loadURL(endedAddress)
  })
}
