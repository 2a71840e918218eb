import { mkdir, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDraftFiles } from './draft-files.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-draft-files-'))
  await mkdir(join(folder, 'a'))
  await writeFile(join(folder, 'a', 'one.rego'), 'package a\n')
  await writeFile(join(folder, 'data.json'), '{}')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A moment at which what was just written is long settled. */
const later = { now: () => Date.now() + 60_000 }
const texts = (files: ReadonlyMap<string, Uint8Array>) =>
  Object.fromEntries([...files].map(([path, content]) => [path, new TextDecoder().decode(content)]))

/** The tick of a file system may be longer than a test: written until the file tells that it was. */
async function rewrite(path: string, text: string): Promise<void> {
  const file = join(folder, path)
  const { ctimeNs: before } = await stat(file, { bigint: true })
  await expect
    .poll(async () => {
      await writeFile(file, text)
      return (await stat(file, { bigint: true })).ctimeNs
    })
    .not.toBe(before)
}

test('a file that has not changed is not read again, one that has is, and one that is gone goes', async () => {
  const drafts = createDraftFiles(later)
  const first = await drafts.read('d', folder)
  expect(texts(first)).toEqual({ 'a/one.rego': 'package a\n', 'data.json': '{}' })
  await rewrite('data.json', '[]') // of the same length
  await writeFile(join(folder, 'new.rego'), 'package new\n')
  const second = await drafts.read('d', folder)
  expect(second.get('a/one.rego')).toBe(first.get('a/one.rego'))
  expect(texts(second)).toEqual({ 'a/one.rego': 'package a\n', 'data.json': '[]', 'new.rego': 'package new\n' })
  await rm(join(folder, 'a'), { recursive: true })
  expect([...(await drafts.read('d', folder)).keys()].toSorted()).toEqual(['data.json', 'new.rego'])
})

test('times that somebody set back hide no change', async () => {
  const drafts = createDraftFiles(later)
  const long = new Date('2020-01-01T00:00:00Z')
  await utimes(join(folder, 'data.json'), long, long)
  await drafts.read('d', folder)
  await rewrite('data.json', '[]')
  await utimes(join(folder, 'data.json'), long, long)
  expect(texts(await drafts.read('d', folder))['data.json']).toBe('[]')
})

test('what was written a moment ago is read each time: its times may not tell the next write', async () => {
  const drafts = createDraftFiles({ now: () => Date.now() })
  const first = await drafts.read('d', folder)
  const second = await drafts.read('d', folder)
  expect(second.get('data.json')).not.toBe(first.get('data.json'))
  expect(texts(second)).toEqual(texts(first))
})

test('links, what a write has not finished and the manifest are no files of a draft', async () => {
  await symlink('/etc/hostname', join(folder, 'link.rego'))
  await writeFile(join(folder, '.data.json.1.new'), '{')
  await writeFile(join(folder, '.manifest'), '{}')
  const found = await createDraftFiles(later).read('d', folder)
  expect([...found.keys()].toSorted()).toEqual(['a/one.rego', 'data.json'])
})

test('more files than are read at once are all there, each with its own text', async () => {
  const names = Array.from({ length: 50 }, (_none, at) => `m${at}.rego`)
  for (const name of names) await writeFile(join(folder, name), `package ${name}`)
  const read = await createDraftFiles(later).read('d', folder)
  for (const name of names) expect(texts(read)[name]).toBe(await readFile(join(folder, name), 'utf8'))
})
