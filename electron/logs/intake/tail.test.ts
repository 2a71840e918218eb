import { appendFile, mkdir, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { longestBacklog, openTail, type Tail } from './tail.ts'

let folder: string
let file: string
let tail: Tail

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everyhop-tail-'))
  file = join(folder, 'access.ndjson')
  tail = openTail(file)
  onTestFinished(async () => {
    await tail.close()
    await rm(folder, { recursive: true, force: true })
  })
})

test('what is appended is read once, in order, whole lines only', async () => {
  await writeFile(file, 'a\nb\nhal')
  expect(await lines()).toEqual(['a', 'b'])
  expect(await lines()).toEqual([])
  await appendFile(file, 'f\nc\n')
  expect(await lines()).toEqual(['half', 'c'])
})

test('a file that is rotated is read to its end, then the new one from its beginning', async () => {
  await writeFile(file, 'a\n')
  await lines()
  await appendFile(file, 'late\n')
  await rename(file, `${file}.1`)
  await appendFile(`${file}.1`, 'later\n')
  await writeFile(file, 'new\n')
  expect(await lines()).toEqual(['late', 'later', 'new'])
})

test('lines that are written to a rotated file before the new one exists are not lost', async () => {
  await writeFile(file, 'a\n')
  await lines()
  await rename(file, `${file}.1`)
  await appendFile(`${file}.1`, 'late\n')
  expect(await tail.look()).toMatchObject({ lines: ['late'] })
  expect(await tail.look()).toMatchObject({ kind: 'unreadable', reason: 'unreachable' })
  await appendFile(`${file}.1`, 'later\n')
  await writeFile(file, 'new\n')
  expect(await lines()).toEqual(['later', 'new'])
})

test('a file that was emptied is read from its beginning, and that is said', async () => {
  await writeFile(file, 'first line\nsecond line\n')
  await lines()
  await truncate(file, 0)
  await appendFile(file, 'new\n')
  expect(await tail.look()).toMatchObject({ lines: ['new'], skipped: true })
})

test('a file that was emptied and has grown past where we were is noticed', async () => {
  await writeFile(file, 'first\n')
  await lines()
  await truncate(file, 0)
  await appendFile(file, 'other one\nother two\n')
  expect(await lines()).toEqual(['other one', 'other two'])
})

test('a file that is not there is said to be missing, and read when it comes', async () => {
  expect(await tail.look()).toMatchObject({
    kind: 'unreadable',
    reason: 'unreachable',
    detail: expect.stringContaining(file),
  })
  await writeFile(file, 'a\n')
  expect(await lines()).toEqual(['a'])
  await rm(file)
  expect(await tail.look()).toMatchObject({ kind: 'unreadable', reason: 'unreachable' })
  await writeFile(file, 'b\n')
  expect(await lines()).toEqual(['b'])
})

test('a folder in place of the file is told as one', async () => {
  await mkdir(file)
  expect(await tail.look()).toMatchObject({ kind: 'unreadable', reason: 'invalid' })
})

test('of a long file only the end is read, from a whole line on, and that is said', async () => {
  const line = `${'x'.repeat(1023)}\n`
  const count = longestBacklog / 1024 + 100
  await writeFile(file, line.repeat(count))
  const first = await tail.look()
  expect(first).toMatchObject({ kind: 'read', skipped: true, more: true })
  const rest = await lines()
  const read = (first.kind === 'read' ? first.lines.length : 0) + rest.length
  // The line that the entry fell into is not whole, and left out.
  expect(read).toBe(longestBacklog / 1024 - 1)
  expect(new Set(rest)).toEqual(new Set([line.trimEnd()]))
})

test('a hint comes when something is written', async () => {
  await writeFile(file, 'a\n')
  const hint = new Promise<void>((resolve) => tail.onChange(resolve))
  await lines()
  await appendFile(file, 'b\n')
  await hint
  expect(await lines()).toEqual(['b'])
})

/** All lines that are there now. */
async function lines(): Promise<readonly string[]> {
  const all: string[] = []
  for (;;) {
    const look = await tail.look()
    if (look.kind === 'unreadable') throw new Error(look.detail)
    all.push(...look.lines)
    if (!look.more) return all
  }
}
