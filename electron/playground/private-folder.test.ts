import { spawnSync } from 'node:child_process'
import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { openPrivateFolder, removeLeftFolders } from './private-folder.ts'

/** The id of a process that has ended. */
function endedPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

test('a folder is its user’s alone, and removed with all that is in it', async () => {
  const parent = await temporaryFolder()
  const folder = await openPrivateFolder(parent)
  expect((await stat(folder.path)).mode & 0o777).toBe(0o700)
  await mkdir(join(folder.path, 'keys'))
  await writeFile(join(folder.path, 'keys', 'a.key'), 'x')
  await folder.remove()
  expect(await readdir(parent)).toEqual([])
})

test('two at once have folders of their own', async () => {
  const parent = await temporaryFolder()
  const [one, other] = await Promise.all([openPrivateFolder(parent), openPrivateFolder(parent)])
  expect(one.path).not.toBe(other.path)
  expect(await readdir(parent)).toHaveLength(2)
})

test('what a killed run left is removed; what lives and what others own stays', async () => {
  const parent = await temporaryFolder()
  const living = await openPrivateFolder(parent)
  const left = basename(living.path).replace(`-${process.pid}-`, `-${endedPid()}-`)
  await mkdir(join(parent, left, 'keys'), { recursive: true })
  await writeFile(join(parent, left, 'keys', 'a.key'), 'x')
  const target = await temporaryFolder()
  await symlink(target, join(parent, `${left.slice(0, -6)}linked`))
  await mkdir(join(parent, 'everyhop-play-of-a-person'))
  await removeLeftFolders(parent)
  expect((await readdir(parent)).toSorted()).toEqual(
    [basename(living.path), `${left.slice(0, -6)}linked`, 'everyhop-play-of-a-person'].toSorted(),
  )
})
