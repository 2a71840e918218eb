import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import type { Composed } from '../../electron/service/compose.ts'
import { packageFolder } from '../../electron/service/compose.ts'
import { startWebHost, type WebHost } from '../../electron/service/web.ts'
import { ensureBrowser } from './browser.ts'
import { complaintsOf } from './pages/complaints.ts'

/** Everyhop's window in a real Chromium, served by the web host of a composed service. */
export interface OpenWindow {
  readonly page: Page
  readonly context: BrowserContext
  readonly host: WebHost
  /** Errors that the page reported: exceptions, console errors, refused by the content security policy. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

export interface WindowOptions {
  readonly theme?: 'dark' | 'light'
  readonly size?: { readonly width: number; readonly height: number }
  readonly port?: number
}

export async function openWindow(service: Composed, options: WindowOptions = {}): Promise<OpenWindow> {
  const host = await serveWindow(service, options.port ?? 0)
  const browser = await launchBrowser()
  const context = await browser.newContext({
    viewport: options.size ?? { width: 1440, height: 900 },
    colorScheme: options.theme ?? 'dark',
  })
  const page = await context.newPage()
  const complaints = complaintsOf(page)
  await page.goto(host.newAddress())
  return {
    page,
    context,
    host,
    complaints,
    async close() {
      await browser.close()
      await host.close()
    },
  }
}

export function serveWindow(service: Composed, port: number): Promise<WebHost> {
  return startWebHost({
    router: service.router,
    clock: service.clock,
    log: service.log,
    files: join(packageFolder, 'dist', 'renderer'),
    port,
    codeHint: 'Press Enter where Everyhop runs.',
  })
}

export async function launchBrowser(): Promise<Browser> {
  const executablePath = await ensureBrowser(console.log)
  // Chromium's own sandbox needs rights that a container often lacks; the tested page is ours.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}

/** Kept for looking at: in test/results, which Git ignores. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = join(packageFolder, 'test', 'results')
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`) })
}
