import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askForMicrophone, followLinks, openWindows, permissionsLeft, tryForeignContent } from './in-page.ts'
import { type Desktop, type Launcher, prepareDesktop } from './open-desktop.ts'

/** What the page may not do, in a real Electron. */
let home: string
let launcher: Launcher
let desktop: Desktop

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'eh-guards-'))
  launcher = await prepareDesktop()
  desktop = await launcher.open({ home })
  await desktop.page.getByText('No environment yet').waitFor()
})
afterAll(async () => {
  await desktop?.close()
  await launcher?.close()
  await rm(home, { recursive: true, force: true })
})

test('frames, inline scripts and other hosts are refused by the content security policy', async () => {
  expect(await desktop.page.evaluate(tryForeignContent)).toEqual(['connect-src', 'frame-src', 'script-src-elem'])
})

test('permissions are denied', async () => {
  expect(await desktop.page.evaluate(permissionsLeft)).toEqual([])
  expect(await desktop.page.evaluate(askForMicrophone)).not.toBe('given')
})

// Last: Playwright waits for a navigation that was refused before it does anything else in the page.
test('pop-ups and other addresses are refused: the page stays where it is, and no window opens', async () => {
  const { page, app } = desktop
  const before = page.url()
  expect(await page.evaluate(openWindows)).toEqual([true, true, true])
  await page.evaluate(followLinks)
  const windows = () =>
    app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map(({ webContents }) => webContents.getURL()))
  expect(await windows()).toEqual([before])
  // The page that was not left still answers.
  const text = () =>
    app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript('document.body.textContent'),
    )
  expect(await text()).toContain('No environment yet')
  expect(await windows()).toEqual([before])
})
