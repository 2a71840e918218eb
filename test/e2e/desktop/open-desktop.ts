import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { _electron, type ElectronApplication, type Page } from 'playwright-core'
import { buildAll, pinnedTarget, testTarget } from '../../../scripts/build-desktop.ts'
import { root } from '../../../scripts/run-tool.ts'
import { ensureTestElectron, type TestElectron } from '../../lab/provision/electron.ts'
import { complaintsOf } from '../pages/complaints.ts'
import { startVirtualDisplay, type VirtualDisplay } from './virtual-display.ts'

/** The real desktop app in a real Electron on a virtual display. */
export interface Desktop {
  readonly app: ElectronApplication
  readonly page: Page
  /** Errors that the page reported: exceptions, console errors, refused by the content security policy. */
  readonly complaints: readonly string[]
  /** What main and the service wrote. */
  written(): string
  close(): Promise<void>
}

export interface Launcher {
  readonly electron: TestElectron
  readonly display: VirtualDisplay
  /** Of main and preload as built; the page and the service lie beside it. */
  readonly folder: string
  open(options: OpenOptions): Promise<Desktop>
  /** Starts it once more, without driving it; resolves with its exit code. */
  startAgain(home: string): Promise<number | null>
  close(): Promise<void>
}

export interface OpenOptions {
  readonly home: string
  /** Instead of the Node that runs the tests: what the service is started with. */
  readonly node?: string
  /** The service in a utility process, whichever Electron it is: for services that old Electron's Node can run. */
  readonly utility?: boolean
  /** Instead of the built app. */
  readonly folder?: string
  /** With an empty home the playground starts by itself, with this program of opa. */
  readonly playground?: { readonly opa: string }
}

const playwrightLoader = join(
  dirname(createRequire(import.meta.url).resolve('playwright-core/package.json')),
  'lib/server/electron/loader.js',
)

/** Makes sure of Electron, its display and the build; once for a test file. */
export async function prepareDesktop(): Promise<Launcher> {
  const electron = await ensureTestElectron(console.log)
  const target = electron.pinned ? pinnedTarget : testTarget
  // npm test builds before; a single file run by hand may find nothing built.
  if (!existsSync(join(root, target.folder, 'desktop', 'main.cjs'))) await buildAll(target)
  const built = join(root, target.folder, 'desktop')
  const display = await startVirtualDisplay()

  function environment({
    home,
    node,
    folder,
    playground,
    utility = electron.pinned,
  }: OpenOptions): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      DISPLAY: display.name,
      EVERYHOP_HOME: home,
      // Tests with an empty home are about something else.
      ...(playground === undefined ? { EVERYHOP_PLAYGROUND: 'off' } : { EVERYHOP_OPA: playground.opa }),
      EVERYHOP_TEST_APP: folder ?? built,
      // The pinned Electron runs the service in its own utility process, unless a test brings a Node.
      ...(node === undefined && utility ? {} : { EVERYHOP_SERVICE_NODE: node ?? process.execPath }),
    }
  }
  /** No sandbox: containers lack the rights that Chromium's needs. Only tests pass it. */
  function words(folder = built): string[] {
    return [...(electron.pinned ? [folder] : []), '--no-sandbox', '--disable-gpu']
  }

  return {
    electron,
    display,
    folder: built,
    async open(options) {
      const app = await _electron.launch({
        executablePath: electron.executable,
        args: words(options.folder),
        // The packaged stub of the old Electron loads it; Playwright gives it to others itself.
        env: { ...environment(options), EVERYHOP_TEST_LOADER: playwrightLoader },
        timeout: 60_000,
      })
      let text = ''
      for (const stream of [app.process().stdout, app.process().stderr]) {
        stream?.on('data', (chunk: Buffer) => (text += chunk.toString()))
      }
      const page = await app.firstWindow({ timeout: 60_000 })
      // A busy machine is no failure.
      page.setDefaultTimeout(90_000)
      const complaints = complaintsOf(page)
      return { app, page, complaints, written: () => text, close: () => app.close() }
    },
    startAgain(home) {
      const child = spawn(electron.executable, words(), {
        env: environment({ home }),
        stdio: 'ignore',
        timeout: 60_000,
      })
      return new Promise((resolve, reject) => {
        child.once('error', reject)
        child.once('exit', (code) => resolve(code))
      })
    },
    close: () => display.close(),
  }
}
