import { appendFile, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFiles } from './files.ts'

let folder = ''
const abort = { current: new AbortController() }

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-files-'))
  abort.current = new AbortController()
})
afterEach(async () => {
  abort.current.abort()
  await rm(folder, { recursive: true, force: true })
})

/** Resolves at each change; the test fails by vitest's own timeout when none comes. */
function changes(path: string): { next(): Promise<void>; readonly count: number } {
  let count = 0
  let taken = 0
  let wake: () => void = () => undefined
  createFiles({ pollMs: 20 }).watch(
    path,
    () => {
      count += 1
      wake()
    },
    abort.current.signal,
  )
  return {
    get count() {
      return count
    },
    async next() {
      while (count <= taken) await new Promise<void>((resolve) => (wake = resolve))
      taken = count
    },
  }
}

test('text is read whole, and each way it cannot be has its own code', async () => {
  const files = createFiles()
  const file = join(folder, 'a.txt')
  await writeFile(file, 'grüße')
  expect(await files.readText(file)).toBe('grüße')
  await expect(files.readText(join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' })
  await expect(files.readText(join(file, 'below-a-file'))).rejects.toMatchObject({ code: 'not-found' })
  await expect(files.readText(file, 3)).rejects.toMatchObject({ code: 'too-large' })
  await expect(files.readText(folder)).rejects.toMatchObject({ code: 'invalid' })
  await writeFile(file, Buffer.from([0xff, 0xfe, 0x00]))
  await expect(files.readText(file)).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining(file) })
})

test('a file of exactly the limit is read, and a link is followed', async () => {
  const file = join(folder, 'a.txt')
  await writeFile(file, 'abc')
  await symlink(file, join(folder, 'link'))
  expect(await createFiles().readText(join(folder, 'link'), 3)).toBe('abc')
})

test('writing, replacing by a rename, removing and creating again are all noticed', async () => {
  const file = join(folder, 'svid.pem')
  await writeFile(file, 'one')
  const seen = changes(file)
  await appendFile(file, '+')
  await seen.next()
  await writeFile(join(folder, 'new'), 'two!')
  await rename(join(folder, 'new'), file)
  await seen.next()
  await rm(file)
  await seen.next()
  await writeFile(file, 'three')
  await seen.next()
})

test('a file in a folder that does not exist yet is noticed when it appears', async () => {
  const file = join(folder, 'later', 'a.txt')
  const seen = changes(file)
  const { mkdir } = await import('node:fs/promises')
  await mkdir(join(folder, 'later'))
  await writeFile(file, 'x')
  await seen.next()
})

test('a change right after watch returned is not lost', async () => {
  const file = join(folder, 'a.txt')
  await writeFile(file, 'x')
  const seen = changes(file)
  const { writeFileSync } = await import('node:fs')
  writeFileSync(file, 'xy')
  await seen.next()
})

test('nothing is reported for other files, or after the signal was aborted', async () => {
  const file = join(folder, 'a.txt')
  const other = join(folder, 'b.txt')
  await writeFile(file, 'x')
  const seen = changes(file)
  const witness = changes(other)
  await writeFile(other, 'x')
  await witness.next()
  expect(seen.count).toBe(0)
  abort.current.abort()
  abort.current = new AbortController()
  const second = changes(file)
  await writeFile(file, 'xyz')
  await second.next()
  expect(seen.count).toBe(0)
})
