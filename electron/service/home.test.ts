import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { environmentFolder, homeFolder } from './home.ts'

const userFolder = join(resolve('/'), 'person')

test('the home folder is where each system keeps configuration, unless it is chosen', () => {
  const of = (platform: NodeJS.Platform, variables: Record<string, string>) =>
    homeFolder({ platform, variables, userFolder })
  expect(of('linux', {})).toBe(join(userFolder, '.config', 'everyhop'))
  expect(of('linux', { XDG_CONFIG_HOME: join(userFolder, 'cfg') })).toBe(join(userFolder, 'cfg', 'everyhop'))
  expect(of('linux', { XDG_CONFIG_HOME: 'relative' })).toBe(join(userFolder, '.config', 'everyhop'))
  expect(of('darwin', {})).toBe(join(userFolder, 'Library', 'Application Support', 'everyhop'))
  expect(of('win32', { APPDATA: join(userFolder, 'roaming') })).toBe(join(userFolder, 'roaming', 'everyhop'))
  expect(of('linux', { EVERYHOP_HOME: join(userFolder, 'own') })).toBe(join(userFolder, 'own'))
  expect(of('linux', { EVERYHOP_HOME: '' })).toBe(join(userFolder, '.config', 'everyhop'))
})

test('a folder that is not a folder is an error, not an empty list', async () => {
  const home = await mkdtemp(join(tmpdir(), 'everyhop-home-'))
  expect(await environmentFolder(home).list()).toEqual([])
  await writeFile(join(home, 'environments'), 'a file')
  await expect(environmentFolder(home).list()).rejects.toThrow()
  await rm(home, { recursive: true })
})
