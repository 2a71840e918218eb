import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { applyChange, placeChangedModule } from './changed-module.ts'
import { componentOf } from './components.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'changed-'))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

test('changes a line in a read-only file', async () => {
  const file = path.join(folder, 'a.go')
  await writeFile(file, 'one\ntwo\n')
  await chmod(file, 0o444)
  await applyChange(folder, { file: 'a.go', from: 'two', to: 'three' })
  expect(await readFile(file, 'utf8')).toBe('one\nthree\n')
})

test.each([
  ['is not there', 'one\n', '0 times'],
  ['is there twice', 'two two\n', '2 times'],
])('fails, naming file and line, when the line %s', async (_name, text, times) => {
  await writeFile(path.join(folder, 'a.go'), text)
  await expect(applyChange(folder, { file: 'a.go', from: 'two', to: 'three' })).rejects.toThrow(
    `a.go: the text to be changed stands in it ${times}, not once: two`,
  )
  expect(await readFile(path.join(folder, 'a.go'), 'utf8')).toBe(text)
})

test('does not build from a source with another sum than the pinned one', async () => {
  const vault = componentOf('vault')
  if (vault.source !== 'go' || vault.changed === undefined) throw new Error('Vault is built with changed lines')
  await writeFile(path.join(folder, 'go'), `#!/bin/sh\necho '{"Dir":"${folder}","Sum":"h1:another"}'\n`)
  await chmod(path.join(folder, 'go'), 0o755)
  vi.stubEnv('PATH', folder)
  const placing = placeChangedModule(vault, vault.changed, path.join(folder, 'src'), { folder, environment: {} })
  await expect(placing).rejects.toThrow('the source that was served has the sum h1:another, not h1:KHGcdSnJ')
})
