import { execFile, spawn } from 'node:child_process'
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { createStateFile } from './state-file.ts'

const module = JSON.stringify(join(import.meta.dirname, 'state-file.ts'))
const written = async (text: string) => ({ text, putAside: null })

test('what is written is read again, by this user only, and leaves nothing else behind', async () => {
  const folder = join(await temporaryFolder(), 'not', 'there', 'yet')
  const file = createStateFile(join(folder, 'some.json'))
  expect(await file.read()).toBe(null)
  await file.update(() => written('one'))
  await file.update((text) => written(`${text} and two`))
  expect(await file.read()).toBe('one and two')
  expect((await stat(file.path)).mode & 0o777).toBe(0o600)
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  expect((await readdir(folder)).filter((name) => name.endsWith('.new'))).toEqual([])
})

test('a change that fails or wants nothing leaves the file as it was', async () => {
  const file = createStateFile(join(await temporaryFolder(), 'some.json'))
  await file.update(() => written('one'))
  await file.update(async () => null)
  await expect(file.update(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await file.read()).toBe('one')
})

test('what is put aside never replaces what was put aside before', async () => {
  const folder = await temporaryFolder()
  const file = createStateFile(join(folder, 'some.json'))
  for (const text of ['one', 'two', 'three']) {
    await writeFile(file.path, text)
    await file.update(async () => ({ text: null, putAside: '.broken' }))
  }
  expect(await file.read()).toBe(null)
  const kept = (await readdir(folder)).filter((name) => name.includes('.broken')).toSorted()
  expect(kept).toEqual(['some.json.broken', 'some.json.broken-2', 'some.json.broken-3'])
  expect(await Promise.all(kept.map((name) => readFile(join(folder, name), 'utf8')))).toEqual(['one', 'two', 'three'])
})

test('no change is lost when several processes write at the same moment', async () => {
  const file = createStateFile(join(await temporaryFolder(), 'some.json'))
  const script = `const { createStateFile } = await import(${module});
    const file = createStateFile(${JSON.stringify(file.path)});
    for (let count = 0; count < 15; count += 1) {
      await file.update(async (text) => ({ text: String(Number(text ?? 0) + 1), putAside: null }));
    }`
  const run = promisify(execFile)
  const children = [1, 2, 3].map(() => run(process.execPath, ['--input-type=module', '-e', script]))
  for (let count = 0; count < 15; count += 1) await file.update((text) => written(String(Number(text ?? 0) + 1)))
  await Promise.all(children)
  expect(await file.read()).toBe('60')
})

test('a process that is killed while it writes leaves the old or the new content, never a part of one', async () => {
  const file = createStateFile(join(await temporaryFolder(), 'some.json'))
  await file.update(() => written(JSON.stringify('a'.repeat(2_000_000))))
  const script = `const { createStateFile } = await import(${module});
    const file = createStateFile(${JSON.stringify(file.path)});
    console.log('writing');
    for (let count = 0; ; count += 1) {
      await file.update(async () => ({ text: JSON.stringify(String(count % 10).repeat(2_000_000)), putAside: null }));
    }`
  for (let round = 0; round < 5; round += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    await new Promise((resolve) => setTimeout(resolve, 20 + round * 17))
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    expect(JSON.parse((await file.read()) ?? '')).toHaveLength(2_000_000)
  }
  await file.update(() => written('"after"'))
  expect(await file.read()).toBe('"after"')
  const left = await readdir(join(file.path, '..'))
  expect(left.filter((name) => name.endsWith('.new'))).toEqual([])
})

test.runIf(process.platform === 'linux')(
  'when nothing more can be written the old content stays, in words',
  async () => {
    const file = createStateFile(join(await temporaryFolder(), 'some.json'))
    await file.update(() => written('"old"'))
    const script = `const { createStateFile } = await import(${module});
    const file = createStateFile(${JSON.stringify(file.path)});
    const failure = await file.update(async () => ({ text: 'x'.repeat(3_000_000), putAside: null })).catch((reason) => reason);
    process.stderr.write(JSON.stringify([failure.name, failure.code, failure.message]));`
    // The system's own limit for the size of a file, in blocks of at most 1 KiB: writing ends in the middle, as on a full disk.
    const words = `trap '' XFSZ; ulimit -f 2000; exec "$0" --input-type=module -e "$1"`
    const { stderr } = await promisify(execFile)('bash', ['-c', words, process.execPath, script])
    expect(JSON.parse(stderr)).toEqual([
      'StateFileFailure',
      'full',
      expect.stringContaining('some.json cannot be written'),
    ])
    expect(await file.read()).toBe('"old"')
    expect((await readdir(join(file.path, '..'))).filter((name) => name.endsWith('.new'))).toEqual([])
  },
)

test('what may not be written or is no file says so', async () => {
  const folder = await temporaryFolder()
  await expect(createStateFile(folder).read()).rejects.toMatchObject({ code: 'unreadable' })
  const file = createStateFile(join('/dev/null', 'some.json'))
  await expect(file.update(() => written('one'))).rejects.toMatchObject({ code: 'forbidden' })
})

test.runIf(process.getuid?.() !== 0)('a file that may not be read says so', async () => {
  const file = createStateFile(join(await temporaryFolder(), 'some.json'))
  await file.update(() => written('one'))
  await chmod(file.path, 0)
  await expect(file.read()).rejects.toMatchObject({ code: 'forbidden' })
})

test('a writer that is waited for in vain is told', async () => {
  const path = join(await temporaryFolder(), 'some.json')
  const slow = createStateFile(path)
  const hasty = createStateFile(path, { patienceMs: 30, maxBytes: 1000 })
  await slow.update(async () => {
    await expect(hasty.update(() => written('two'))).rejects.toMatchObject({ code: 'busy' })
    return { text: 'one', putAside: null }
  })
  expect(await slow.read()).toBe('one')
})
