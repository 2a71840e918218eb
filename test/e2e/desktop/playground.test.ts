import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hops } from '../../../electron/playground/pipeline/topology.ts'
import { ensureBinaries } from '../../lab/provision/binaries.ts'
import { keepPicture } from '../open-window.ts'
import { playgroundPage } from '../pages/playground.ts'
import { type Desktop, type Launcher, prepareDesktop } from './open-desktop.ts'
import { descendantsOf, livingOf } from './processes.ts'

/** The desktop app, built, on a machine with nothing configured. */
const longMs = 90_000
let home: string
let launcher: Launcher
let desktop: Desktop

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'eh-desktop-play-'))
  const { 'opa-envoy': opa } = await ensureBinaries(['opa-envoy'], { log: console.log })
  launcher = await prepareDesktop()
  desktop = await launcher.open({ home, playground: { opa: opa.path } })
})
afterAll(async () => {
  await desktop?.close()
  await launcher?.close()
  await rm(home, { recursive: true, force: true })
})

/** Private folders of playgrounds that these processes run. */
const foldersOf = async (pids: readonly number[]): Promise<readonly string[]> =>
  (await readdir(tmpdir())).filter(
    (name) => /^everyhop-play-.*-(\d+)-\w{6}$/.test(name) && pids.some((pid) => name.includes(`-${pid}-`)),
  )

test('with nothing configured the window opens with the playground moving, and quitting leaves no process and no file of it', async () => {
  const playground = playgroundPage(desktop.page)
  await playground.banner.waitFor({ timeout: longMs })
  for (const { from, to } of hops) {
    await expect.poll(() => playground.hop(from, to), { timeout: longMs }).toContain('mTLS verified')
  }
  await keepPicture(desktop.page, 'desktop-playground')
  expect(desktop.complaints).toEqual([])
  const main = desktop.app.process().pid ?? Number.NaN
  const processes = await descendantsOf(main)
  expect(await foldersOf(processes)).toHaveLength(1)
  await desktop.close()
  await expect.poll(() => livingOf(processes), { timeout: longMs }).toEqual([])
  expect(await foldersOf(processes)).toEqual([])
})
