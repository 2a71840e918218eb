import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { generatedFolder, generateSpire } from './gen.ts'

test('the generated SPIRE messages are those of the protos beside them: run `npm run gen` when they are not', {
  timeout: 60_000,
}, async () => {
  const fresh = await mkdtemp(join(tmpdir(), 'everyhop-gen-'))
  onTestFinished(() => rm(fresh, { recursive: true, force: true }))
  generateSpire(fresh)
  expect(await contents(generatedFolder)).toEqual(await contents(fresh))
})

async function contents(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder)).sort()
  const entries = await Promise.all(
    names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const),
  )
  return Object.fromEntries(entries)
}
