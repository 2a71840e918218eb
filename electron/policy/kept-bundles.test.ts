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

test('two that the store says it took in one second stay in the order in which they went live', async () => {
  const publish = (revision: string, publishedAt: number) =>
    kept.keep(
      'dev',
      'authz',
      { ...about, revision, keptAt: publishedAt + 5, publishedAt, author: 'ann' },
      bytesOf(revision),
    )
  // What HTTP tells afterwards: the second, for all of them, also for one whose first reading comes late.
  const find = (revision: string, askedAt: number) =>
    kept.keep('dev', 'authz', { ...about, revision, keptAt: askedAt, publishedAt: 7_000 }, bytesOf(revision))
  await find('r1', 7_100)
  await publish('r2', 7_300)
  await find('r2', 7_400)
  await publish('r3', 7_600)
  await find('r2', 7_500)
  await find('r3', 7_700)
  const listed = await kept.list('dev', 'authz')
  expect(listed.map(({ revision, publishedAt }) => [revision, publishedAt])).toEqual([
    ['r3', 7_600],
    ['r2', 7_300],
    ['r1', 7_000],
  ])
})

test('one that another made live again is the latest, with the time of that', async () => {
  await kept.keep('dev', 'authz', { ...about, keptAt: 10, publishedAt: 10, author: 'ann' }, bytesOf('one'))
  await kept.keep(
    'dev',
    'authz',
    { ...about, revision: 'r43', keptAt: 20, publishedAt: 20, author: 'ann' },
    bytesOf('two'),
  )
  // A store whose clock is behind: its time is shown, and orders nothing.
  await kept.keep('dev', 'authz', { ...about, keptAt: 30, publishedAt: 3 }, bytesOf('one'))
  expect(await kept.list('dev', 'authz')).toMatchObject([
    { revision: 'r42', publishedAt: 3, author: 'ann' },
    { revision: 'r43', publishedAt: 20 },
  ])
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
