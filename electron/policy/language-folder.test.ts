import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLanguageFolder, mostModules } from './language-folder.ts'

let place: string
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'eh-language-'))
  await mkdir(join(place, 'regal'))
})
afterEach(() => rm(place, { recursive: true, force: true }))

async function write(path: string, text: string): Promise<void> {
  const file = join(place, 'draft', path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}

async function inFolder(): Promise<readonly string[]> {
  const found = await readdir(join(place, 'regal'), { recursive: true, withFileTypes: true })
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(place, 'regal').length + 1))
    .toSorted()
}

const folder = () => createLanguageFolder(join(place, 'draft'), join(place, 'regal'))

test('Regal is given the open module, its package, and what it imports, and no more: each module makes it slower', async () => {
  await write('a/one.rego', 'package a\nimport data.lib.check\n')
  await write('a/two.rego', 'package a\n')
  await write('lib/check.rego', 'package lib.check\nok if data.deep.rules.good\n')
  await write('deep/rules.rego', 'package deep.rules\n')
  await write('other/far.rego', 'package other\n')
  await write('data.json', '{}')
  const { changes, isWhole } = await folder().sync(new Map([['a/one.rego', 'package a\nimport data.lib.check\n']]))
  expect(isWhole).toBe(true)
  expect(changes.every(({ type }) => type === 1)).toBe(true)
  expect(await inFolder()).toEqual(['a/one.rego', 'a/two.rego', 'lib/check.rego'])
})

test('what changes in the draft, from outside too, is taken over and told; what is no longer needed goes', async () => {
  await write('a.rego', 'package a\nimport data.b\n')
  await write('b.rego', 'package b\n')
  const regal = folder()
  await regal.sync(new Map([['a.rego', 'package a\nimport data.b\n']]))
  await write('b.rego', 'package b\n\nx := 1\n')
  expect((await regal.sync(new Map([['a.rego', 'package a\nimport data.b\n']]))).changes).toEqual([
    { path: 'b.rego', type: 2 },
  ])
  expect(await readFile(join(place, 'regal', 'b.rego'), 'utf8')).toContain('x := 1')
  // What is open is told by message; the text on the disk is older than what is typed.
  await write('a.rego', 'package a\nimport data.b\n\ny := 1\n')
  expect((await regal.sync(new Map([['a.rego', 'package a\nimport data.b\n']]))).changes).toEqual([])
  expect((await regal.sync(new Map([['a.rego', 'package a\n']]))).changes).toEqual([{ path: 'b.rego', type: 3 }])
  expect(await inFolder()).toEqual(['a.rego'])
})

test('a package of a hundred modules is cut, which is said', async () => {
  for (let at = 0; at < 100; at += 1) await write(`m${at}.rego`, 'package a\n')
  const { isWhole } = await folder().sync(new Map([['m0.rego', 'package a\n']]))
  expect(isWhole).toBe(false)
  expect(await inFolder()).toHaveLength(mostModules)
  expect(await inFolder()).toContain('m0.rego')
})

test('a file that is not written yet is there for Regal, which forgets open files that are not on the disk', async () => {
  await mkdir(join(place, 'draft'))
  await folder().sync(new Map([['new.rego', 'package new\n']]))
  expect(await readFile(join(place, 'regal', 'new.rego'), 'utf8')).toBe('package new\n')
})
