import { appendFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type SealedWorld, sealedWorld } from '../../../test/builders/sealed-world.ts'
import { temporaryFolder } from '../../../test/builders/temporary-folder.ts'
import type { Seals } from '../../core/seals.ts'

/** Three heads of two lines each, closed. */
async function sealed(): Promise<SealedWorld & { readonly seals: string; reopen(): Promise<Seals> }> {
  const made = sealedWorld(await temporaryFolder())
  const first = await made.open()
  for (let head = 1; head <= 3; head += 1) {
    made.add('opa-decisions', `{"n":${head}}`, `{"n":"${head}b"}`)
    await first.seal(made.clock.now())
    await made.clock.advance(1000)
  }
  await first.close()
  return {
    ...made,
    seals: join(made.folder, 'seals'),
    async reopen() {
      const again = await made.open()
      onTestFinished(() => again.close())
      return again
    },
  }
}

async function rewrite(file: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(file, 'utf8')
  const changed = change(text)
  expect(changed).not.toBe(text)
  await writeFile(file, changed)
}

const cutLast = (text: string): string => text.replace(/[^\n]+\n$/, '')

test.each<[string, (seals: string, folder: string) => Promise<void>, number, RegExp]>([
  [
    'a changed size',
    (at) => rewrite(join(at, 'heads.ndjson'), (text) => text.replace('"size":2', '"size":3')),
    1,
    /changed after it was signed/,
  ],
  [
    'a changed root',
    (at) =>
      rewrite(join(at, 'heads.ndjson'), (text) =>
        text.replace(/"root":"./, '"root":"0').replace(/"root":"00/, '"root":"01'),
      ),
    1,
    /changed after it was signed/,
  ],
  [
    'another order of members',
    (at) => rewrite(join(at, 'heads.ndjson'), (text) => text.replace(/^\{("from":\d+),(.*?)\}\n/, '{$2,$1}\n')),
    1,
    /no head/,
  ],
  [
    'a head that was taken out',
    (at) => rewrite(join(at, 'heads.ndjson'), (text) => text.replace(/\n.*\n/, '\n')),
    2,
    /head 2 was written, and it is not there/,
  ],
  [
    'exchanged heads',
    (at) => rewrite(join(at, 'heads.ndjson'), (text) => `${text.trim().split('\n').toReversed().join('\n')}\n`),
    3,
    /stands where 1 should/,
  ],
  ['a line that is no head', (at) => appendFile(join(at, 'heads.ndjson'), '{"number":4}\n'), 4, /no head/],
  ['a chain that was cut', (at) => rewrite(join(at, 'heads.ndjson'), cutLast), 3, /ends with 2/],
  [
    'a chain that was cut, with its anchor',
    async (at) => {
      await rewrite(join(at, 'heads.ndjson'), cutLast)
      await rm(join(at, 'head.anchor.json'))
    },
    3,
    /ends with 2/,
  ],
  ['a chain that is gone', (at) => rm(at, { recursive: true }), 1, /ends with nothing/],
  [
    'an anchor of something else',
    (at) => rewrite(join(at, 'head.anchor.json'), (text) => text.replace(/"hash":"./, '"hash":"x')),
    3,
    /another one/,
  ],
  ['an anchor that cannot be read', (at) => writeFile(join(at, 'head.anchor.json'), '{'), -1, /head -1/],
  [
    'a public key that is gone',
    async (at, folder) => {
      await rm(join(at, 'keys'), { recursive: true })
      await rm(join(folder, 'device-key.pem'))
    },
    1,
    /public key .* is not here/,
  ],
])('%s is found and named', async (_what, harm, number, message) => {
  const { seals, folder, reopen, said } = await sealed()
  await harm(seals, folder)
  const again = await reopen()
  expect((await again.verify()).problem).toEqual({ number, message: expect.stringMatching(message) })
  expect(said).toContain('the seals do not verify')
})

test('a chain that was cut is written on with a number of its own, so that the hole stays, and nothing goes unsealed', async () => {
  const { seals, reopen, clock, add, linesOf } = await sealed()
  await rewrite(join(seals, 'heads.ndjson'), cutLast)
  const again = await reopen()
  add('opa-decisions', '{"n":4}')
  expect(await again.seal(clock.now())).toMatchObject({ number: 4 })
  expect((await again.verify()).problem).toEqual({ number: 3, message: 'head 3 was written, and it is not there' })
  // What only the head sealed that was taken away is sealed again.
  const lines = (await linesOf(again, 'opa-decisions')).map(({ line, head }) => [head, line])
  expect(lines.slice(4)).toEqual([
    [4, '{"n":3}'],
    [4, '{"n":"3b"}'],
    [4, '{"n":4}'],
  ])
})

test.each<[string, (leaves: string) => Promise<void>]>([
  [
    'a flipped bit in a leaf',
    async (file) => {
      const bytes = await readFile(file)
      bytes[9] = (bytes[9] ?? 0) ^ 1
      await writeFile(file, bytes)
    },
  ],
  [
    'places that cannot be unpacked',
    async (file) => {
      const bytes = await readFile(file)
      await writeFile(file, bytes.fill(255, 8 + 64))
    },
  ],
  ['a file that ends too early', async (file) => writeFile(file, (await readFile(file)).subarray(0, -1))],
  ['a file that begins with something else', (file) => writeFile(file, Buffer.alloc(100, 255))],
  ['an empty file', (file) => writeFile(file, '')],
  ['a file that is gone', (file) => rm(file)],
])('leaves with %s are not shown as what was sealed', async (_what, harm) => {
  const { seals, reopen, linesOf } = await sealed()
  await harm(join(seals, 'leaves', '000000002', 'opa-decisions.leaves'))
  const again = await reopen()
  await expect(linesOf(again, 'opa-decisions')).rejects.toMatchObject({ code: 'invalid', advice: expect.any(String) })
  // The chain of heads is whole: it tells that the leaves are wrong, not the lines.
  expect((await again.verify()).problem).toBeNull()
  await rm(join(seals, 'leaves', '000000002'), { recursive: true })
  expect(await again.leafless([1, 2, 3])).toEqual([2])
  expect((await linesOf(again, 'opa-decisions')).map(({ head }) => head)).toEqual([1, 1, 3, 3])
})

test('a head that was not written to its end is put aside, and what it held is sealed again', async () => {
  const { seals, reopen, clock, linesOf, add } = await sealed()
  add('opa-decisions', '{"n":4}')
  const line = (await readFile(join(seals, 'heads.ndjson'), 'utf8')).split('\n')[2] ?? ''
  await appendFile(join(seals, 'heads.ndjson'), line.slice(0, 200))
  const again = await reopen()
  expect(await again.verify()).toEqual({ heads: 3, problem: null })
  expect((await readdir(seals)).filter((name) => name.includes('.torn-'))).toHaveLength(1)
  expect(await again.seal(clock.now())).toMatchObject({ number: 4 })
  expect((await linesOf(again, 'opa-decisions')).map(({ line: text }) => text).slice(-2)).toEqual([
    '{"n":"3b"}',
    '{"n":4}',
  ])
})

test('leaves of which no head was written are dropped and sealed again', async () => {
  const { seals, reopen, clock, linesOf, add } = await sealed()
  add('opa-decisions', '{"n":4}')
  await mkdir(join(seals, 'leaves', '000000004'))
  await writeFile(join(seals, 'leaves', '000000004', 'opa-decisions.leaves'), 'half')
  const again = await reopen()
  await expect(stat(join(seals, 'leaves', '000000004'))).rejects.toThrow('ENOENT')
  expect(await again.seal(clock.now())).toMatchObject({ number: 4 })
  expect(await linesOf(again, 'opa-decisions')).toHaveLength(7)
})

test('an anchor and a journal that a crash left a head behind are caught up', async () => {
  const { seals, folder, reopen } = await sealed()
  const two = (await readFile(join(seals, 'heads.ndjson'), 'utf8')).trim().split('\n')[2] ?? ''
  await writeFile(join(seals, 'head.anchor.json'), JSON.stringify({ number: 2, hash: JSON.parse(two).previous }))
  const file = join(folder, 'policy', 'journal.ndjson')
  await rewrite(file, cutLast)
  await rm(join(folder, 'policy', 'journal.head.json'))
  const again = await reopen()
  expect(await again.verify()).toEqual({ heads: 3, problem: null })
  expect(JSON.parse(await readFile(join(seals, 'head.anchor.json'), 'utf8'))).toMatchObject({ number: 3 })
  expect(await readFile(file, 'utf8')).toMatch(/seal\.head.*"number":3/)
})

test('a device key that was lost is replaced, and the chain says so and still verifies', async () => {
  const { folder, reopen, clock, add } = await sealed()
  const before = await readFile(join(folder, 'device-key.pem'), 'utf8')
  await writeFile(join(folder, 'device-key.pem'), 'damaged')
  const again = await reopen()
  add('opa-decisions', '{"n":4}')
  const head = await again.seal(clock.now())
  const heads = await again.heads({ from: 0, to: clock.now() })
  expect(head?.key).not.toBe(heads[0]?.key)
  expect(await again.verify()).toEqual({ heads: 4, problem: null })
  const kept = await readdir(folder)
  expect(kept.filter((name) => name.startsWith('device-key.pem.damaged-'))).toHaveLength(1)
  expect(await readFile(join(folder, 'device-key.pem'), 'utf8')).not.toBe(before)
  expect((await stat(join(folder, 'device-key.pem'))).mode & 0o777).toBe(0o600)
})

test('what cannot be written is said, and sealed when it can be', async () => {
  const { seals, reopen, clock, add, linesOf } = await sealed()
  const again = await reopen()
  add('opa-decisions', '{"n":4}')
  await rename(join(seals, 'leaves'), join(seals, 'elsewhere'))
  await writeFile(join(seals, 'leaves'), 'no folder')
  await expect(again.seal(clock.now())).rejects.toMatchObject({
    code: 'exhausted',
    message: expect.stringContaining('cannot be sealed'),
    advice: expect.stringContaining('sealed later'),
  })
  await rm(join(seals, 'leaves'))
  await rename(join(seals, 'elsewhere'), join(seals, 'leaves'))
  expect(await again.seal(clock.now())).toMatchObject({ number: 4 })
  expect(await linesOf(again, 'opa-decisions')).toHaveLength(7)
})
