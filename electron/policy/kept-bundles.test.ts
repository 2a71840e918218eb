import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createKeptBundles, type KeptBundles } from './kept-bundles.ts'

let folder: string
let kept: KeptBundles
const about = { revision: 'r42', keptAt: 1, publishedAt: null, author: null, rollsBackTo: null }
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-kept-'))
  kept = createKeptBundles(folder)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('bytes are kept by digest, and what is learnt of them later is added', async () => {
  const first = await kept.keep('dev', 'authz', about, bytesOf('one'))
  await kept.keep('dev', 'authz', { ...about, keptAt: 9, author: 'ann', publishedAt: 5 }, bytesOf('one'))
  await kept.keep('dev', 'authz', { ...about, revision: 'r43', keptAt: 7 }, bytesOf('two'))
  expect(await kept.list('dev', 'authz')).toMatchObject([
    { revision: 'r43', keptAt: 7 },
    { revision: 'r42', keptAt: 1, author: 'ann', publishedAt: 5 },
  ])
  expect(await kept.read('dev', 'authz', first.digest)).toEqual(Buffer.from('one'))
  expect(await kept.list('prod', 'authz')).toEqual([])
  expect(await kept.read('prod', 'authz', first.digest)).toBeNull()
})

test('many at once lose nothing', async () => {
  const names = Array.from({ length: 20 }, (_none, index) => `r${index}`)
  await Promise.all(names.map((revision) => kept.keep('dev', '../../x', { ...about, revision }, bytesOf(revision))))
  expect((await kept.list('dev', '../../x')).map(({ revision }) => revision).toSorted()).toEqual(names.toSorted())
})

test('bytes that are no longer what they were are not given out', async () => {
  const { digest } = await kept.keep('dev', 'authz', about, bytesOf('one'))
  const [place = ''] = await readdir(folder)
  await writeFile(join(folder, place, `${digest}.tar.gz`), 'other')
  expect(await kept.read('dev', 'authz', digest)).toBeNull()
  expect(await kept.read('dev', 'authz', '../index.json')).toBeNull()
})
