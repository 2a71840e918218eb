import { spawn } from 'node:child_process'
import { appendFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, expect, test } from 'vitest'
import type { LogStore } from '../../electron/core/log-store.ts'
import { openEmbeddedStore } from '../../electron/logs/stores/embedded/embedded-store.ts'
import { openLogStore } from '../../electron/logs/stores/open-log-store.ts'
import { accessLine, decisionEvent, noon, uploadOf, uuidOf } from '../builders/log-records.ts'
import { temporaryFolder } from '../builders/temporary-folder.ts'
import { acknowledgedUntilKilled, decisions, retention } from './log-store-parts.ts'

const all = { from: noon - 3_600_000, to: noon + 3_600_000 }
let folder: string

beforeEach(async () => {
  folder = await temporaryFolder()
})

test('a killed process loses no upload that it acknowledged', { timeout: 60_000 }, async () => {
  const acknowledged = await acknowledgedUntilKilled(folder, 400)
  const store = await openEmbeddedStore({ folder, retention })
  try {
    const missing: number[] = []
    for (const number of acknowledged) {
      const { records } = await store.find({ by: 'decision', id: uuidOf(number * 10 + 9) }, all, 2)
      if (records.length !== 1) missing.push(number)
    }
    expect(missing).toEqual([])
    const { records } = await store.state()
    expect(records['opa-decisions']).toBeGreaterThanOrEqual(acknowledged.length * 10)
    // Whole uploads, each once.
    expect(records['opa-decisions'] % 10).toBe(0)
  } finally {
    await store.close()
  }
})

test('what a crash left half written is passed over, and what comes later is kept', async () => {
  const first = await openEmbeddedStore({ folder, retention })
  await first.append(decisions(0, 2))
  await first.close()
  await appendFile(join(folder, 'segments', '0000000001.segment'), 'EHS1 and then the power went')
  const second = await openEmbeddedStore({ folder, retention })
  await second.append(decisions(2, 2))
  await second.settle()
  await second.close()
  const third = await openEmbeddedStore({ folder, retention })
  expect((await third.state()).records['opa-decisions']).toBe(4)
  const [record] = (await third.find({ by: 'decision', id: uuidOf(3) }, all, 1)).records
  expect(record?.locator).toMatchObject({ segment: 2 })
  await third.close()
})

test('columns that are lost are made again from the segments', async () => {
  const first = await openEmbeddedStore({ folder, retention })
  await first.append(decisions(0, 50))
  await first.append(uploadOf('envoy-access', [accessLine({ number: 1 })]))
  await first.settle()
  const before = await wholeOf(first)
  await first.close()
  for (const name of await readdir(folder)) if (name.startsWith('records')) await rm(join(folder, name))
  const second = await openEmbeddedStore({ folder, retention })
  expect(await wholeOf(second)).toEqual(before)
  await second.close()
})

test('many decisions at once become the same rows as few, whatever they hold', async () => {
  const odd: readonly unknown[] = [
    { ...decisionEvent({ number: 900_001 }), result: true },
    { ...decisionEvent({ number: 900_002 }), result: 'true' },
    { ...decisionEvent({ number: 900_003 }), result: { allowed: 'true' } },
    { ...decisionEvent({ number: 900_004 }), result: undefined, error: { code: 'eval_conflict_error', message: 'x' } },
    { ...decisionEvent({ number: 900_005 }), result: undefined },
    { ...decisionEvent({ number: 900_006 }), bundles: { a: { revision: '1' }, b: { revision: '2' } } },
    { ...decisionEvent({ number: 900_007 }), bundles: {}, revision: 'old' },
    { ...decisionEvent({ number: 900_008 }), timestamp: '2026-11-22T12:00:01Z' },
    { ...decisionEvent({ number: 900_009 }), timestamp: '2026-11-22T13:00:01.5+01:00' },
    { ...decisionEvent({ number: 900_010 }), timestamp: 'yesterday' },
    { ...decisionEvent({ number: 900_011 }), labels: {} },
    { ...decisionEvent({ number: 900_012 }), input: { source_principal: 'spiffe://a/b' } },
    { ...decisionEvent({ number: 900_013 }), input: 'erased' },
    { ...decisionEvent({ number: 900_014 }), path: 'a/b?token=abcdefgh' },
    { ...decisionEvent({ number: 900_015 }), trace_id: 'a'.repeat(32) },
    { ...decisionEvent({ number: 900_016 }), metrics: { timer_rego_query_eval_ns: 1.5 } },
    { ...decisionEvent({ number: 900_017 }), metrics: {} },
    decisionEvent({ number: 900_018, allowed: false, reasons: ['no grant', 'quote " and ünï'] }),
    decisionEvent({ number: 900_019, allowed: false, reasons: ['classification restricted is above confidential'] }),
    decisionEvent({ number: 900_020, requestId: 'r-1', caller: 'CN=old' }),
    decisionEvent({ number: 900_021, requestId: 'zero\u200bwidth\n' }),
    decisionEvent({ number: 900_022, decisionId: 'not-a-uuid' }),
    decisionEvent({ number: 900_023, at: noon - 86_400_000 * 400 }),
    decisionEvent({ number: 1 }),
    { level: 'info', msg: 'OPA writes this too' },
    {},
    [],
    7,
    null,
    { '#n': 99, '#i': 99, ...decisionEvent({ number: 900_024 }) },
  ]
  const plain = Array.from({ length: 3000 }, (_, number) => decisionEvent({ number }))
  const parsed = { folder: join(folder, 'few'), retention, moulds: false, bulkFrom: Number.POSITIVE_INFINITY }
  const few = await openEmbeddedStore(parsed)
  for (let start = 0; start < plain.length; start += 500) {
    await few.append(uploadOf('opa-decisions', plain.slice(start, start + 500), { form: 'array' }))
    await few.settle()
  }
  await few.append(uploadOf('opa-decisions', [...plain.slice(0, 90), ...odd], { form: 'array' }))
  await few.settle()
  const expected = await wholeOf(few)
  await few.close()
  for (const moulds of [false, true]) {
    const many = await openEmbeddedStore({ folder: join(folder, `many-${moulds}`), retention, moulds, bulkFrom: 0 })
    for (let start = 0; start < plain.length; start += 500) {
      void many.append(uploadOf('opa-decisions', plain.slice(start, start + 500), { form: 'array' }))
    }
    // Some of them among others that are like those before them.
    const [head, tail] = [odd.slice(0, 6), odd.slice(6)]
    void many.append(
      uploadOf('opa-decisions', [...plain.slice(0, 60), ...head, ...plain.slice(60, 90)], { form: 'array' }),
    )
    await many.append(uploadOf('opa-decisions', tail, { form: 'array' }))
    await many.settle()
    expect({ moulds, ...(await wholeOf(many)) }).toEqual({ moulds, ...expected })
    await many.close()
  }
})

test('one upload that is no JSON does not spoil the others it came with', async () => {
  const store = await openEmbeddedStore({ folder, retention })
  const broken = { ...uploadOf('opa-decisions', [], { form: 'array' }), bytes: Buffer.from('[{"decision_id": tru},{]') }
  void store.append(decisions(0, 2500))
  void store.append(broken)
  await store.append(decisions(2500, 500))
  await store.settle()
  expect((await store.counts())[0]).toMatchObject({ accepted: 3000, refused: 1 })
  await store.close()
})

test('no secret is written to the disk', async () => {
  const store = await openEmbeddedStore({ folder, retention })
  const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl'
  await store.append(
    uploadOf('opa-decisions', [{ ...decisionEvent({ number: 1 }), input: { authorization: `Bearer ${token}` } }]),
  )
  await store.append(uploadOf('envoy-access', [accessLine({ number: 2, path: `/x?password=hunter2hunter2` })]))
  await store.append(uploadOf('opa-decisions', [`broken ${token}`]))
  await store.settle()
  await store.close()
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  expect(files.length).toBeGreaterThan(1)
  for (const file of files) {
    const text = (await readFile(join(file.parentPath, file.name))).toString('latin1')
    expect(text).not.toMatch(/eyJ|hunter2/)
  }
})

test('retention deletes the oldest uploads with their records, by age and by size', async () => {
  const small = { maxAgeMs: 60_000, maxBytes: 1024 ** 3 }
  const store = await openEmbeddedStore({ folder, retention: small, segmentLength: 1 })
  for (const minute of [0, 1, 2]) {
    await store.append(decisions(minute * 10, 10, noon + minute * 60_000))
    await store.settle()
  }
  const [old] = (await store.find({ by: 'decision', id: uuidOf(0) }, all, 1)).records
  await store.retain(noon + 90_000)
  expect((await store.state()).records['opa-decisions']).toBe(20)
  if (old === undefined) throw new Error('nothing was found')
  expect(await store.raw(old)).toMatchObject({ outcome: 'gone' })
  await store.close()
  const again = await openEmbeddedStore({ folder, retention: { maxAgeMs: 86_400_000, maxBytes: 1 }, segmentLength: 1 })
  await again.retain(noon)
  // What is still written to stays.
  expect((await again.state()).records['opa-decisions']).toBe(10)
  await again.close()
})

test('the disk holds what the size allows, of the newest, however long records keep coming', {
  timeout: 60_000,
}, async () => {
  const maxBytes = 4 * 1024 * 1024
  const options = { folder, retention: { maxAgeMs: 86_400_000, maxBytes }, segmentLength: 128 * 1024 }
  const store = await openEmbeddedStore(options)
  const kept: number[] = []
  let next = 0
  for (let round = 0; round < 12; round += 1) {
    const group = Array.from({ length: 8 }, () => decisions((next += 500) - 500, 500, noon + round))
    await Promise.all(
      group.map((upload) => store.append({ ...upload, encoding: 'gzip', bytes: gzipSync(upload.bytes) })),
    )
    await store.settle()
    await store.retain(noon)
    const { records, bytes } = await store.state()
    expect(bytes).toBe(await bytesOf(folder))
    expect(bytes).toBeLessThan(maxBytes)
    kept.push(records['opa-decisions'])
  }
  // It was full at some time, and then never emptied.
  expect(Math.max(...kept)).toBeLessThan(next)
  expect(Math.min(...kept.slice(1))).toBeGreaterThan(4000)
  expect((await store.find({ by: 'decision', id: uuidOf(next - 1) }, null, 1)).records).toHaveLength(1)
  expect((await store.find({ by: 'decision', id: uuidOf(0) }, null, 1)).records).toHaveLength(0)
  await store.close()
})

test('a file of decisions is imported alike, whatever its lines look like', { timeout: 60_000 }, async () => {
  const plain = Array.from({ length: 3000 }, (_, number) => decisionEvent({ number }))
  const odd = { ...decisionEvent({ number: 900_001 }), result: undefined }
  const passed = { level: 'info', msg: 'OPA writes this too' }
  const events = [...plain.slice(0, 1000), odd, passed, {}, ...plain.slice(900)]
  const lines = events.map((event) => JSON.stringify(event))
  const files: Readonly<Record<string, string>> = {
    lines: lines.join('\n'),
    'line ends of Windows, empty lines': `\n${lines.join('\r\n')}\r\n\n`,
    // As many keys as there are lines, so that no line is like another.
    unlike: events.map((event, number) => JSON.stringify({ [`key${number}`]: 'ü', ...event })).join('\n'),
    'an array': JSON.stringify(events),
    'over several lines': events.map((event) => JSON.stringify(event, null, 1)).join('\n'),
    'with what is no JSON': [...lines.slice(0, 2900), '{"decision_id": tru', ...lines.slice(2900)].join('\n'),
  }
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, 'decisions.ndjson')
    await writeFile(file, text)
    const store = await openEmbeddedStore({ folder: join(folder, name), retention })
    const result = await store.importFile(file, 'opa-decisions', 'opa', noon)
    const refused = name === 'with what is no JSON' ? 2 : 1
    expect({ name, ...result }).toEqual({ name, accepted: 3001, refused, repeated: 100, passedOver: 1 })
    expect((await store.counts())[0]).toMatchObject({ accepted: 3001, lastRecordAt: noon + 900_001 })
    for (const number of [0, 999, 2999, 900_001]) {
      const { records } = await store.find({ by: 'decision', id: uuidOf(number) }, null, 2)
      expect(records).toMatchObject([{ at: noon + number, requestId: uuidOf(number + 0x100000), source: 'opa' }])
    }
    await store.close()
  }
})

test('an import is deleted by age and by size like an upload of its time', async () => {
  const file = join(folder, 'decisions.ndjson')
  await writeFile(
    file,
    Array.from({ length: 100 }, (_, n) => `${JSON.stringify(decisionEvent({ number: n }))}\n`).join(''),
  )
  const small = { folder: join(folder, 'store'), segmentLength: 1 }
  const store = await openEmbeddedStore({ ...small, retention })
  await store.append(decisions(1000, 10, noon))
  await store.settle()
  await store.importFile(file, 'opa-decisions', 'opa', noon + 1)
  await store.append(decisions(2000, 10, noon + 2))
  await store.settle()
  await store.close()
  const tight = await openEmbeddedStore({ ...small, retention: { maxAgeMs: 10_000, maxBytes: 1024 ** 3 } })
  await tight.retain(noon + 10_001)
  expect((await tight.state()).records['opa-decisions']).toBe(110)
  await tight.retain(noon + 10_002)
  expect((await tight.state()).records['opa-decisions']).toBe(10)
  await tight.importFile(file, 'opa-decisions', 'opa', noon + 3)
  await tight.close()
  const full = await openEmbeddedStore({ ...small, retention: { maxAgeMs: 10_000, maxBytes: 1 } })
  await full.retain(noon + 4)
  // What is still written to stays.
  expect((await full.state()).records['opa-decisions']).toBe(10)
  await full.close()
})

test('a second process is told that the folder is in use', { timeout: 30_000 }, async () => {
  const store = await openEmbeddedStore({ folder, retention })
  const child = spawn(process.execPath, [join(import.meta.dirname, 'log-store-child.test-process.ts'), folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let words = ''
  for await (const chunk of child.stderr) words += String(chunk)
  expect(words).toContain('lock')
  await store.close()
})

test('calls to a store that has ended are rejected', async () => {
  const store = await openLogStore({ folder, retention })
  await store.close()
  await expect(store.counts()).rejects.toThrow('the log store has ended')
})

/** Of all files in a folder. */
async function bytesOf(place: string): Promise<number> {
  const files = (await readdir(place, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** All that can be asked of a store, for comparing two. */
async function wholeOf(store: LogStore) {
  const found = []
  const { records } = await store.state()
  const ids = [...Array.from({ length: 20 }, (_, n) => n * 7), ...Array.from({ length: 30 }, (_, n) => 900_000 + n)]
  for (const id of [...ids.map(uuidOf), 'not-a-uuid']) {
    const answer = await store.find({ by: 'decision', id }, null, 5)
    // Where it lies differs from store to store.
    found.push(answer.records.map((record) => ({ ...record, locator: null })))
  }
  return { records, found, counts: await store.counts(), hops: await store.hopActivity(all) }
}

test('closing while questions are under way ends each of them, and not the process', async () => {
  const answers: string[] = []
  for (let round = 0; round < 5; round += 1) {
    const store = await openLogStore({ folder, retention })
    const asked = Array.from({ length: 20 }, () => [store.hopActivity(all), store.counts()]).flat()
    const ended = Promise.all(
      asked.map((answer) =>
        answer.then(
          () => 'answered',
          (reason: Error) => reason.message,
        ),
      ),
    )
    await store.close()
    answers.push(...(await ended))
  }
  expect(answers).toHaveLength(200)
  const refused = answers.filter((answer) => answer !== 'answered')
  expect(refused.filter((words) => !/INTERRUPT|the log store (is closed|has ended)/.test(words))).toEqual([])
})
