import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { keepPicture } from '../open-window.ts'
import { type Desktop, type Launcher, prepareDesktop } from './open-desktop.ts'
import { descendantsOf, livingOf } from './processes.ts'

/** A window that says what is wrong, whatever is missing behind it. */
let launcher: Launcher
let folder: string
let desktop: Desktop | null

beforeAll(async () => {
  launcher = await prepareDesktop()
})
afterAll(async () => {
  await launcher?.close()
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-faults-'))
  desktop = null
})
afterEach(async () => {
  await desktop?.close()
  await rm(folder, { recursive: true, force: true })
})

async function open(options: { readonly script?: string; readonly app?: string } = {}): Promise<Desktop> {
  const node = join(folder, 'node')
  if (options.script !== undefined) await writeFile(node, `#!/bin/sh\n${options.script}\n`, { mode: 0o755 })
  desktop = await launcher.open({
    home: join(folder, 'home'),
    ...(options.script === undefined ? {} : { node }),
    ...(options.app === undefined ? {} : { folder: options.app }),
  })
  return desktop
}

/** A private copy of the built app, of which a part can be taken away. */
async function copyOfApp(parts: readonly string[]): Promise<string> {
  const built = dirname(launcher.folder)
  const copy = join(folder, 'app')
  await mkdir(copy)
  await cp(launcher.folder, join(copy, 'desktop'), { recursive: true })
  for (const part of parts) await symlink(join(built, part), join(copy, part))
  return join(copy, 'desktop')
}

test('a service that ends as soon as it starts is named with its last words, and the window stays', async () => {
  const { page, app } = await open({ script: 'echo "everyhop: the settings file is of a newer version" >&2; exit 3' })
  const notice = page.getByTestId('service-notice')
  await expect.poll(() => notice.textContent()).toContain('Everyhop’s service does not stay up')
  const text = await notice.textContent()
  expect(text).toContain('ended with code 3')
  expect(text).toContain('everyhop: the settings file is of a newer version')
  expect(await page.getByRole('navigation', { name: 'Main' }).count()).toBe(1)
  await page.getByText('Everyhop’s service does not answer').waitFor()
  await keepPicture(page, 'desktop-service-ends')
  const main = app.process().pid ?? Number.NaN
  const family = [main, ...(await descendantsOf(main))]
  await desktop?.close()
  desktop = null
  await expect.poll(() => livingOf(family)).toEqual([])
})

test('a program that is not there is named as the reason', async () => {
  desktop = await launcher.open({ home: join(folder, 'home'), node: join(folder, 'no-such-node') })
  await expect.poll(() => desktop?.page.getByTestId('service-notice').textContent()).toMatch(/no-such-node ENOENT/)
})

test('while a service says nothing the window says that it waits, and quitting ends that service', async () => {
  const { page, app } = await open({ script: 'exec sleep 600' })
  await page.getByText('Asking Everyhop’s service').waitFor()
  const main = app.process().pid ?? Number.NaN
  const family = [main, ...(await descendantsOf(main))]
  expect((await livingOf(family)).some(({ command }) => command === 'sleep 600')).toBe(true)
  await desktop?.close()
  desktop = null
  await expect.poll(() => livingOf(family)).toEqual([])
})

test('without its preload script the window says what it lacks', async () => {
  const app = await copyOfApp(['renderer', 'service'])
  await rm(join(app, 'preload.cjs'))
  const { page } = await open({ app })
  await expect.poll(() => page.getByTestId('service-notice').textContent()).toContain('the preload script is missing')
  await keepPicture(page, 'desktop-no-preload')
})

test('without its page the window says how to build it', async () => {
  const { page } = await open({ app: await copyOfApp(['service']) })
  await expect.poll(() => page.locator('body').textContent()).toContain('npm run build')
})

test('a page that crashes is loaded again, and is connected again', async () => {
  const { app, page } = await open()
  await page.getByText('No environment yet').waitFor()
  const textInPage = () =>
    app.evaluate(
      ({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript('document.body.textContent').catch(String) ??
        '',
    )
  await app.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents
    Object.assign(globalThis, { loadedAgain: false })
    contents?.once('did-finish-load', () => Object.assign(globalThis, { loadedAgain: true }))
    contents?.forcefullyCrashRenderer()
  })
  await expect.poll(() => app.evaluate(() => Reflect.get(globalThis, 'loadedAgain'))).toBe(true)
  await expect.poll(textInPage).toContain('No environment yet')
})

test('a window whose data folder cannot be used works, and says above every screen that nothing is kept, why, and what to do', async () => {
  await mkdir(join(folder, 'home'))
  // What cannot be a folder can be written by nobody, not by root either.
  await writeFile(join(folder, 'home', 'data'), 'no folder')
  const { page } = await open()
  const notice = page.getByTestId('not-kept')
  await expect.poll(() => notice.textContent()).toContain('Nothing is kept by this window')
  expect(await notice.textContent()).toContain(join(folder, 'home', 'data'))
  expect(await notice.textContent()).toContain('Let this user write to it. Then start Everyhop again.')
  await keepPicture(page, 'desktop-nothing-kept')
  await page.getByText('No environment yet').waitFor()
  await page.getByTestId('notices').getByRole('button', { name: 'Close' }).click()
  await notice.waitFor({ state: 'detached' })
})
