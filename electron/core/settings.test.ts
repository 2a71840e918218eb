import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defaultSettings } from '../../shared/contract/settings.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { createStateFile } from '../platform/state-file.ts'
import { type StateFile, StateFileFailure } from './ports.ts'
import { createSettings } from './settings.ts'
import { readSettings, settingsVersion } from './settings-upgrades.ts'

const quiet = { info() {}, warn() {}, error() {} }

async function start(text: string | null = null) {
  const folder = await temporaryFolder()
  const file = createStateFile(join(folder, 'settings.json'))
  if (text !== null) await writeFile(file.path, text)
  const raw = async (): Promise<unknown> => JSON.parse(await readFile(file.path, 'utf8'))
  return { folder, file, raw, settings: createSettings(file, quiet) }
}

/** Full: nothing can be written, everything can be read. */
function onFullDisk(file: StateFile): StateFile {
  return {
    ...file,
    async update(change) {
      const after = await change(await file.read())
      if (after !== null) throw new StateFileFailure('full', 'no space left on device (ENOSPC)')
      return null
    },
  }
}

test('without a file the defaults hold, and what is chosen is kept for the next start', async () => {
  const { settings, file } = await start()
  expect(await settings.get()).toEqual({ settings: defaultSettings, file: file.path, isNew: true, problem: null })
  await settings.put({ theme: 'light' })
  await settings.put({ defaultEnvironment: 'lab', theme: undefined })
  const again = await createSettings(file, quiet).get()
  expect(again).toMatchObject({ isNew: false, problem: null })
  expect(again.settings).toEqual({ ...defaultSettings, theme: 'light', defaultEnvironment: 'lab' })
})

const versions: Readonly<Record<number, { readonly file: object; readonly means: object }>> = {
  1: { file: { version: 1, theme: 'light', singleKeys: false }, means: { theme: 'light', singleKeys: false } },
  2: {
    file: {
      version: 2,
      theme: 'dark',
      startScreen: 'environments',
      reducedMotion: true,
      singleKeys: true,
      defaultEnvironment: 'lab',
    },
    means: { theme: 'dark', startScreen: 'environments', motion: 'reduced', defaultEnvironment: 'lab' },
  },
  3: {
    file: { version: 3, ...defaultSettings, startScreen: 'diagnose', lockSecretsAfterMinutes: 15 },
    means: { startScreen: 'diagnose', lockSecretsAfterMinutes: 15 },
  },
}

test('there is an example of every version that ever was', () => {
  expect(Object.keys(versions).map(Number)).toEqual(Array.from({ length: settingsVersion }, (_, at) => at + 1))
})

test.each(Object.entries(versions))('a file of version %s means what it meant', async (version, { file, means }) => {
  const { settings, raw, folder } = await start(JSON.stringify(file))
  expect(await settings.get()).toMatchObject({ problem: null, isNew: false })
  expect((await settings.get()).settings).toEqual({ ...defaultSettings, ...means })
  expect(await raw()).toEqual({ ...defaultSettings, ...means, version: settingsVersion })
  const isOld = Number(version) < settingsVersion
  const kept = (await readdir(folder)).filter((name) => name.startsWith('settings.json.'))
  expect(kept).toEqual(isOld ? [`settings.json.v${version}`] : [])
  if (isOld) expect(JSON.parse(await readFile(join(folder, kept[0] ?? ''), 'utf8'))).toEqual(file)
})

test('a file of a newer version is understood as far as possible, and never written', async () => {
  const text = JSON.stringify({ version: 99, theme: 'light', singleKeys: 'sometimes', orbit: true })
  const { settings, file } = await start(text)
  const found = await settings.get()
  expect(found.settings).toEqual({ ...defaultSettings, theme: 'light' })
  expect(found.problem).toMatchObject({ code: 'newer', detail: expect.stringContaining('version 99') })
  await expect(settings.put({ theme: 'dark' })).rejects.toMatchObject({ code: 'read-only' })
  expect(await file.read()).toBe(text)
})

test.each([
  ['is cut', '{"version": 3, "theme": "li'],
  ['has no version', '{"theme": "light"}'],
  ['has a value of another kind', JSON.stringify({ version: 3, theme: 7 })],
  ['is something else', '[]'],
])('a file that %s is put aside, and that is said', async (_what, text) => {
  const { settings, folder } = await start(text)
  const keptAs = join(folder, 'settings.json.broken')
  const problem = { code: 'broken', detail: expect.any(String), keptAs }
  expect(await settings.get()).toMatchObject({ settings: defaultSettings, problem })
  expect(await settings.get()).toMatchObject({ settings: defaultSettings, problem })
  expect(await readFile(keptAs, 'utf8')).toBe(text)
  expect(await settings.put({ theme: 'dark' })).toMatchObject({ settings: { theme: 'dark' }, problem: null })
})

test('an upgrade that was cut short is made again at the next start, and nothing is lost', async () => {
  const { settings, folder, raw } = await start(JSON.stringify(versions[1]?.file))
  // As a process leaves it that ends between writing and renaming.
  await writeFile(join(folder, '.settings.json.0000.new'), '{"version": 3, "theme')
  expect((await settings.get()).settings).toMatchObject({ theme: 'light', singleKeys: false })
  expect(await raw()).toMatchObject({ version: settingsVersion, theme: 'light' })
  expect((await readdir(folder)).filter((name) => name.endsWith('.new'))).toEqual([])
})

test('on a full disk old settings still hold, and a choice is refused in words', async () => {
  const old = JSON.stringify(versions[2]?.file)
  const { file } = await start(old)
  const settings = createSettings(onFullDisk(file), quiet)
  expect((await settings.get()).settings).toMatchObject({ motion: 'reduced' })
  await expect(settings.put({ theme: 'light' })).rejects.toMatchObject({
    code: 'exhausted',
    message: expect.stringContaining('ENOSPC'),
    advice: expect.stringContaining('room'),
  })
  expect(await file.read()).toBe(old)
})

test('two processes that choose different things at once both have their way', async () => {
  const { file } = await start(JSON.stringify(versions[1]?.file))
  const [one, other] = [createSettings(file, quiet), createSettings(createStateFile(file.path), quiet)]
  await Promise.all([one.put({ startScreen: 'environments' }), other.put({ motion: 'reduced' })])
  expect((await one.get()).settings).toMatchObject({ startScreen: 'environments', motion: 'reduced', theme: 'light' })
})

test('upgrading is a function of the text alone', () => {
  const text = JSON.stringify(versions[1]?.file)
  expect(readSettings(text)).toEqual(readSettings(text))
  expect(readSettings(text)).toMatchObject({ kind: 'upgraded', from: 1 })
})
