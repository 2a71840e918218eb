import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { hourMs, type SealedWorld, sealedWorld } from '../../../test/builders/sealed-world.ts'
import { temporaryFolder } from '../../../test/builders/temporary-folder.ts'
import { maskingVersion } from '../../core/log-lines.ts'
import type { Seals } from '../../core/seals.ts'

async function world(): Promise<SealedWorld & { readonly seals: Seals }> {
  const made = sealedWorld(await temporaryFolder())
  const seals = await made.open()
  onTestFinished(() => seals.close())
  return { ...made, seals }
}

const sha256 = (...parts: (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** The definition of RFC 6962, 2.1, by hand. */
function rootOf(lines: readonly string[]): Buffer {
  const [only] = lines
  if (only === undefined) return sha256()
  if (lines.length === 1) return sha256('\0', only)
  let split = 1
  while (split * 2 < lines.length) split *= 2
  return sha256('\u0001', rootOf(lines.slice(0, split)), rootOf(lines.slice(split)))
}

test('a head holds exactly what came since the one before, by its root, signed by the device key', async () => {
  const { seals, add, clock, folder, linesOf } = await world()
  add('opa-decisions', '{"n":1}', '{"n":"é"}', '{"n":3}', '{"n":4}')
  add('envoy-access', '{"a":1}')
  const first = await seals.seal(clock.now())
  await clock.advance(hourMs)
  add('opa-decisions', '{"n":5}')
  const second = await seals.seal(clock.now())

  expect(first).toMatchObject({ number: 1, from: 1_700_000_000_000, previous: '0'.repeat(64), masking: maskingVersion })
  expect(first?.streams).toEqual([
    { stream: 'envoy-access', size: 1, root: rootOf(['{"a":1}']).toString('hex') },
    { stream: 'opa-decisions', size: 4, root: rootOf(['{"n":1}', '{"n":"é"}', '{"n":3}', '{"n":4}']).toString('hex') },
  ])
  expect(second).toMatchObject({ number: 2, from: first?.to, to: clock.now() + 1, sealedAt: clock.now() })

  const [lineOne = '', lineTwo = ''] = (await readFile(join(folder, 'seals', 'heads.ndjson'), 'utf8')).split('\n')
  expect(JSON.parse(lineTwo)).toEqual(second)
  expect(second?.previous).toBe(sha256(lineOne).toString('hex'))
  const { signature, ...signed } = JSON.parse(lineOne)
  // The members of a head stand in the order of their names, so what is left of the line is what was signed.
  const text = `everyhop-head-v1\n${lineOne.replace(/"signature":"[^"]*",/, '')}`
  expect(JSON.parse(text.split('\n')[1] ?? '')).toEqual(signed)
  expect(verify('sha256', Buffer.from(text), seals.deviceKey, Buffer.from(signature, 'base64'))).toBe(true)
  const spki = createPublicKey(seals.deviceKey).export({ type: 'spki', format: 'der' })
  expect(signed.key).toBe(sha256(spki).toString('hex'))
  expect(await seals.verify()).toEqual({ heads: 2, problem: null })
  expect((await linesOf(seals, 'opa-decisions')).map(({ head, index, line }) => [head, index, line])).toEqual([
    [1, 0, '{"n":1}'],
    [1, 1, '{"n":"é"}'],
    [1, 2, '{"n":3}'],
    [1, 3, '{"n":4}'],
    [2, 0, '{"n":5}'],
  ])
})

test('there is no head of nothing, and that something was sealed is no reason for another', async () => {
  const { seals, add, clock } = await world()
  expect(await seals.seal(clock.now())).toBeNull()
  add('vault-audit', '{}')
  expect(await seals.seal(clock.now())).toMatchObject({ number: 1 })
  await clock.advance(2 * hourMs)
  expect(await seals.seal(clock.now())).toBeNull()
  add('vault-audit', '{}')
  const second = await seals.seal(clock.now())
  // The entry about the first head is sealed by the second: each holds the other.
  expect(second?.streams).toMatchObject([
    { stream: 'journal', size: 1 },
    { stream: 'vault-audit', size: 1 },
  ])
})

test('events and entries of the journal are sealed too, as they stand', async () => {
  const { seals, events, clock, linesOf, folder } = await world()
  const change = {
    element: { kind: 'hop', id: 'hop/a' },
    name: 'a → b',
    aspect: 'transport',
    from: 'verified',
    to: 'failing',
    direction: 'worse',
  } as const
  events.push({ number: 1, at: 5, learntAt: 9, change })
  await seals.seal(clock.now())
  events.push({ number: 2, at: 4, learntAt: 10, change })
  await seals.seal(clock.now())
  const lines = await linesOf(seals, 'history-events')
  expect(lines.map(({ head, at, receivedAt }) => [head, at, receivedAt])).toEqual([
    [1, 5, 9],
    [2, 4, 10],
  ])
  expect(lines.map(({ line }) => JSON.parse(line ?? ''))).toEqual(events)
  const journal = (await readFile(join(folder, 'policy', 'journal.ndjson'), 'utf8')).split('\n')
  expect((await linesOf(seals, 'journal')).map(({ line }) => line)).toEqual([journal[0]])
})

test('what is held now is told apart from what was sealed: changed, gone, and never sealed', async () => {
  const { seals, add, kept, clock, linesOf } = await world()
  add('spire-audit', ...Array.from({ length: 9 }, (_none, index) => `{"n":${index}}`))
  await seals.seal(clock.now())
  const lines = kept.get('spire-audit') ?? []
  const [, , third, , fifth] = lines
  if (third === undefined || fifth === undefined) throw new Error('there are nine lines')
  const rest = lines.slice(2).map((line) => (line === fifth ? { ...fifth, text: '{"n":"forged"}' } : line))
  kept.set('spire-audit', [third, { ...third, cursor: `${third.cursor}a`, text: '{"n":"late"}' }, ...rest.slice(1)])
  const found = await linesOf(seals, 'spire-audit')
  expect(found.map(({ index, line, changed }) => [index, line, changed])).toEqual([
    [0, null, false],
    [1, null, false],
    [2, '{"n":2}', false],
    [3, '{"n":3}', false],
    [4, '{"n":"forged"}', true],
    ...[5, 6, 7, 8].map((n) => [n, `{"n":${n}}`, false]),
  ])
  // Of a line that is gone its place is still known.
  expect(found[0]).toMatchObject({
    source: 'envoy',
    at: clock.now() - 5,
    leaf: sha256('\0', '{"n":0}').toString('hex'),
  })
})

test('a line that was imported from a file that is gone is not sealed, and the next one is', async () => {
  const { seals, add, kept, clock, linesOf } = await world()
  add('opa-decisions', '{"n":1}', '{"n":2}', '{"n":3}')
  const lines = kept.get('opa-decisions') ?? []
  kept.set(
    'opa-decisions',
    lines.map((line, at) => (at === 1 ? { ...line, text: null } : line)),
  )
  expect((await seals.seal(clock.now()))?.streams).toMatchObject([{ size: 2 }])
  kept.set('opa-decisions', lines)
  expect(await seals.seal(clock.now())).toBeNull()
  expect((await linesOf(seals, 'opa-decisions')).map(({ line }) => line)).toEqual(['{"n":1}', '{"n":3}'])
})

test('more lines than a block, in several heads, are found again in their order', async () => {
  const { seals, add, clock, linesOf } = await world()
  const texts = Array.from({ length: 9000 }, (_none, index) => `{"n":${index}}`)
  add('envoy-access', ...texts.slice(0, 8500))
  await seals.seal(clock.now())
  add('envoy-access', ...texts.slice(8500))
  await seals.seal(clock.now())
  const lines = await linesOf(seals, 'envoy-access')
  expect(lines.map(({ line }) => line)).toEqual(texts)
  expect([lines[8499], lines[8500]]).toMatchObject([
    { head: 1, index: 8499 },
    { head: 2, index: 0 },
  ])
  expect(lines.some(({ changed }) => changed)).toBe(false)
})

test('a clock that steps back is said, and the times of heads go on', async () => {
  const { seals, add, clock, said, open, linesOf } = await world()
  add('envoy-access', '{"n":1}')
  const first = await seals.seal(clock.now())
  add('envoy-access', '{"n":2}')
  const second = await seals.seal(clock.now() - 5 * hourMs)
  expect(second).toMatchObject({ from: first?.to, to: first?.to, sealedAt: clock.now() - 5 * hourMs })
  expect(said).toContainEqual(expect.stringContaining('stepped back'))
  expect((await seals.verify()).problem).toBeNull()
  await seals.close()
  const again = await open()
  onTestFinished(() => again.close())
  expect(await linesOf(again, 'envoy-access')).toHaveLength(2)
})

test('heads of a window are those from its beginning on, since records may come late', async () => {
  const { seals, add, clock } = await world()
  const start = clock.now()
  for (let hour = 0; hour < 4; hour += 1) {
    add('envoy-access', `{"n":${hour}}`)
    await clock.advance(hourMs)
    await seals.seal(clock.now())
  }
  const numbers = async (from: number) => (await seals.heads({ from, to: from + 1 })).map(({ number }) => number)
  expect(await numbers(start - hourMs)).toEqual([1, 2, 3, 4])
  expect(await numbers(start + hourMs)).toEqual([2, 3, 4])
  expect(await numbers(start + 4 * hourMs + 1)).toEqual([])
})

test('leaves of old heads go, their heads stay, and which have none is told', async () => {
  const { seals, add, clock, linesOf, folder } = await world()
  add('envoy-access', '{"n":1}')
  await seals.seal(clock.now())
  await clock.advance(31 * 24 * hourMs)
  add('envoy-access', '{"n":2}')
  await seals.seal(clock.now())
  expect(await seals.leafless([1, 2])).toEqual([1])
  expect((await linesOf(seals, 'envoy-access')).map(({ line }) => line)).toEqual(['{"n":2}'])
  expect(await seals.verify()).toEqual({ heads: 2, problem: null })
  await expect(stat(join(folder, 'seals', 'leaves', '000000001'))).rejects.toThrow('ENOENT')
  await expect(
    seals.lines('envoy-access', [7], new AbortController().signal)[Symbol.asyncIterator]().next(),
  ).rejects.toThrow('no sealed head 7')
})

test('sealing that is stopped leaves nothing, and everything is sealed the next time', async () => {
  const { seals, add, clock, linesOf } = await world()
  add('envoy-access', '{"n":1}')
  const stopped = AbortSignal.abort(new Error('the service ends'))
  await expect(seals.seal(clock.now(), stopped)).rejects.toThrow('the service ends')
  expect(await seals.seal(clock.now())).toMatchObject({ number: 1 })
  expect(await linesOf(seals, 'envoy-access')).toHaveLength(1)
})
