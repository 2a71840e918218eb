import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createManualClock } from '../../test/builders/manual-clock.ts'
import { openJournal } from './journal-file.ts'

const quiet = { info: () => {}, warn: () => {}, error: () => {} }
let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-journal-'))
  file = join(folder, 'journal.ndjson')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const opened = () => openJournal(folder, { clock: createManualClock(1_000), log: quiet, actor: 'ann' })
const note = (details = {}) => ({ environment: 'dev', action: 'policy.publish', details })

/** Three entries in a journal that was closed. */
async function written(): Promise<void> {
  const journal = await opened()
  const begun = await journal.begin(note({ revision: 'r43' }))
  await journal.end(begun, 'succeeded', { seconds: 9 })
  await journal.note({ ...note(), environment: 'prod' })
  await journal.close()
}

test('an action stands there before and after it, in a chain that verifies and goes on after a restart', async () => {
  await written()
  const journal = await opened()
  await journal.note(note())
  expect(await journal.verify()).toMatchObject({ entries: 4, intact: true, problem: null })
  const [latest, end, begun] = await journal.list('dev', 10, null)
  const earlier = await journal.list('dev', 10, end?.number ?? null)
  expect(earlier.map(({ number }) => number)).toEqual([begun?.number])
  expect([latest?.phase, end?.phase, begun?.phase]).toEqual(['noted', 'succeeded', 'begun'])
  expect(end?.begunBy).toBe(begun?.number)
  expect(begun?.actor).toBe('ann')
  await journal.close()
})

test('lines of an environment and of none are those of the file; that something was sealed is no change', async () => {
  await written()
  const journal = await opened()
  await journal.note({ environment: 'dev', action: 'seal.head', details: { number: 1 } })
  await journal.note({ environment: '', action: 'journal.torn', details: {} })
  const lines = (await readFile(file, 'utf8')).trim().split('\n')
  const found = await journal.lines('dev', 1)
  expect(found.map(({ number, action }) => [number, action])).toEqual([
    [2, 'policy.publish'],
    [4, 'seal.head'],
    [5, 'journal.torn'],
  ])
  expect(found.map(({ text }) => text)).toEqual([lines[1], lines[3], lines[4]])
  expect((await journal.list('dev', 10, null)).map(({ number }) => number)).toEqual([2, 1])
  await journal.close()
})

test('entries written at the same time are a chain, too', async () => {
  const journal = await opened()
  await Promise.all(Array.from({ length: 20 }, (_none, index) => journal.note(note({ index }))))
  expect(await journal.verify()).toMatchObject({ entries: 20, intact: true })
  await journal.close()
})

test.each([
  ['a changed word', async () => writeFile(file, (await readFile(file, 'utf8')).replace('r43', 'r44')), 1],
  ['a removed line', async () => writeFile(file, (await readFile(file, 'utf8')).replace(/^.*\n/, '')), 1],
  [
    'exchanged lines',
    async () => writeFile(file, `${(await readFile(file, 'utf8')).trim().split('\n').toReversed().join('\n')}\n`),
    1,
  ],
  ['a line that is no entry', async () => appendFile(file, '{"number":4}\n'), 4],
  [
    'entries cut off at the end',
    async () => writeFile(file, (await readFile(file, 'utf8')).split('\n').slice(0, 2).join('\n').concat('\n')),
    3,
  ],
])('%s is found, and where', async (_what, tamper, number) => {
  await written()
  await tamper()
  const journal = await opened()
  expect(await journal.verify()).toMatchObject({ intact: false, problem: { number } })
  await journal.close()
})

test('a line that a crash tore is set aside, said in the journal, and no entry is lost', async () => {
  await written()
  await appendFile(file, '{"number":4,"at":1')
  const journal = await opened()
  expect(await journal.verify()).toMatchObject({ entries: 4, intact: true })
  const [torn] = await journal.list(null, 1, null)
  expect(torn).toMatchObject({ action: 'journal.torn' })
  expect(await readFile(String(torn?.details['keptIn']), 'utf8')).toBe('{"number":4,"at":1')
  await journal.close()
})

test('a crash between an entry and its head is no broken chain', async () => {
  await written()
  const head = join(folder, 'journal.head.json')
  const before = await readFile(head, 'utf8')
  const journal = await opened()
  await journal.note(note())
  await journal.close()
  await writeFile(head, before)
  const again = await opened()
  expect(await again.verify()).toMatchObject({ entries: 4, intact: true })
  await again.close()
})

test('an action that was begun and never ended is said at the next start, once, and one that runs now is not', async () => {
  const killed = await opened()
  const finished = await killed.begin(note())
  await killed.end(finished, 'failed', {})
  const { number } = await killed.begin(note({ revision: 'r44' }))
  await killed.close()
  for (const _start of [1, 2]) {
    const journal = await opened()
    const running = await journal.begin(note({ revision: 'r45' }))
    const { unfinished, intact, entries } = await journal.verify()
    expect(unfinished.map((entry) => entry.number)).toEqual([number])
    expect(intact).toBe(true)
    await journal.end(running, 'succeeded', {})
    const all = await journal.list('dev', 100, null)
    expect(all.filter(({ action }) => action === 'journal.unfinished')).toMatchObject([
      { phase: 'noted', begunBy: number, environment: 'dev', details: { action: 'policy.publish' } },
    ])
    expect(all).toHaveLength(entries + 1)
    await journal.close()
  }
})

test('an emptied journal is noticed', async () => {
  await written()
  await truncate(file, 0)
  const journal = await opened()
  expect(await journal.verify()).toMatchObject({ intact: false, problem: { number: 1 } })
  await journal.close()
})
