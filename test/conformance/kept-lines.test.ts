import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { openEmbeddedStore } from '../../electron/logs/stores/embedded/embedded-store.ts'
import { openLogStore } from '../../electron/logs/stores/open-log-store.ts'
import { segmentPath } from '../../electron/logs/stores/segments/segment-files.ts'
import { accessLine, decisionEvent, noon, spireAuditLine, uploadOf, uuidOf } from '../builders/log-records.ts'
import { temporaryFolder } from '../builders/temporary-folder.ts'
import { idsOf, linesOf } from './kept-lines-suite.ts'
import { acknowledgedUntilKilled, decisions, retention } from './log-store-parts.ts'

let folder: string

beforeEach(async () => {
  folder = await temporaryFolder()
})

test('lines are the same after a restart, and when the columns are made again', async () => {
  const first = await openEmbeddedStore({ folder, retention, segmentLength: 3000 })
  for (let part = 0; part < 6; part += 1) {
    await first.append(decisions(part * 20, 25))
    await first.append(uploadOf('envoy-access', [accessLine({ number: part }), 'broken']))
    if (part % 2 === 0) await first.settle()
  }
  await first.settle()
  const lines = await linesOf(first, 'opa-decisions')
  expect(idsOf(lines)).toEqual(Array.from({ length: 125 }, (_, number) => uuidOf(number)))
  const access = await linesOf(first, 'envoy-access')
  expect(access).toHaveLength(6)
  await first.close()
  const second = await openEmbeddedStore({ folder, retention })
  expect(await linesOf(second, 'opa-decisions')).toEqual(lines)
  await second.close()
  for (const name of await readdir(folder)) if (name.startsWith('records')) await rm(join(folder, name))
  for (const older of ['records-1.duckdb', 'records-1.duckdb.wal'])
    await writeFile(join(folder, older), 'of an earlier one')
  const third = await openEmbeddedStore({ folder, retention })
  expect((await readdir(folder)).filter((name) => name.startsWith('records-1.'))).toEqual([])
  expect(await linesOf(third, 'opa-decisions')).toEqual(lines)
  expect(await linesOf(third, 'envoy-access')).toEqual(access)
  await third.close()
})

test('retention takes the first lines, and leaves the cursors of the others as they are', async () => {
  const store = await openEmbeddedStore({
    folder,
    retention: { maxAgeMs: 60_000, maxBytes: 1024 ** 3 },
    segmentLength: 1,
  })
  for (const minute of [0, 1, 2]) {
    await store.append(decisions(minute * 10, 10, noon + minute * 60_000))
    await store.settle()
  }
  const lines = await linesOf(store, 'opa-decisions')
  await store.retain(noon + 90_000)
  expect(await linesOf(store, 'opa-decisions')).toEqual(lines.slice(10))
  expect(await linesOf(store, 'opa-decisions', lines[3]?.cursor)).toEqual(lines.slice(10))
  await store.close()
})

test('a segment that somebody took away has its lines still, without their texts', async () => {
  const store = await openEmbeddedStore({ folder, retention, segmentLength: 1 })
  await store.append(decisions(0, 2))
  await store.append(decisions(2, 2))
  await store.settle()
  const lines = await linesOf(store, 'opa-decisions')
  await rm(segmentPath(join(folder, 'segments'), 1))
  expect(await linesOf(store, 'opa-decisions')).toEqual(
    lines.map((line, index) => (index < 2 ? { ...line, text: null } : line)),
  )
  await store.close()
})

test('a reading that ends before it began leaves nothing behind that nobody waits for', async () => {
  const store = await openLogStore({ folder, retention })
  for (let part = 0; part < 5; part += 1) await store.append(decisions(part * 400, 400))
  await store.settle()
  const unwaited: unknown[] = []
  const note = (reason: unknown): void => void unwaited.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  for (let round = 0; round < 20; round += 1) {
    const stop = new AbortController()
    const reading = store.lines('opa-decisions', null, stop.signal)[Symbol.asyncIterator]().next()
    stop.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  }
  // Whatever was still to be answered is by now.
  await store.counts()
  await store.close()
  expect(unwaited).toEqual([])
})

test('whoever reads while more is kept finds each line once, in order', async () => {
  const store = await openLogStore({ folder, retention })
  const never = new AbortController().signal
  const file = join(folder, 'old.ndjson')
  let number = 0
  const append = async (): Promise<void> => {
    for (let upload = 0; upload < 40; upload += 1) {
      await store.append(decisions((number += 10) - 10, 10))
      if (upload % 10 === 9) {
        await writeFile(file, `${JSON.stringify(decisionEvent({ number: 1_000_000 + upload }))}\n`)
        await store.importFile(file, 'opa-decisions', 'old', noon)
      }
    }
  }
  let isDone = false
  const appending = append().finally(() => {
    isDone = true
  })
  const seen: string[] = []
  const follow = async (): Promise<void> => {
    for await (const batch of store.lines('opa-decisions', seen.at(-1) ?? null, never))
      seen.push(...batch.map(({ cursor }) => cursor))
  }
  while (!isDone) await follow()
  await appending
  await store.settle()
  await follow()
  expect(seen).toEqual((await linesOf(store, 'opa-decisions')).map(({ cursor }) => cursor))
  expect(new Set(seen).size).toBe(404)
  await store.close()
})

test('the lines of a file are the same, whatever it looks like', { timeout: 60_000 }, async () => {
  const plain = Array.from({ length: 1500 }, (_, number) => decisionEvent({ number: (number * 7) % 1500 }))
  const odd = { ...decisionEvent({ number: 900_001 }), result: undefined }
  const events = [...plain.slice(0, 700), odd, { level: 'info' }, {}, ...plain.slice(650)]
  const texts = events.map((event) => JSON.stringify(event))
  const wanted = [...plain.slice(0, 700), odd, ...plain.slice(700)].map((event) => JSON.stringify(event))
  const long = `{"text":"${'x'.repeat(300_000)}"}`
  const files: Readonly<Record<string, string>> = {
    lines: texts.join('\n'),
    'line ends of Windows, empty lines': `\n${texts.join('\r\n\r\n')}\r\n\n`,
    'an array': `[${texts.join(' ,\n')}\n]\n`,
    'over several lines': events.map((event) => JSON.stringify(event, null, 1)).join('\n'),
    'with what is no JSON, and what is too long': [
      ...texts.slice(0, 1400),
      '{"decision_id": tru',
      long,
      ...texts.slice(1400),
    ].join('\n'),
  }
  for (const [name, text] of Object.entries(files)) {
    const packed = name === 'an array'
    const file = join(folder, packed ? 'decisions.json.gz' : 'decisions.ndjson')
    await writeFile(file, packed ? gzipSync(text) : text)
    const store = await openEmbeddedStore({ folder: join(folder, name), retention })
    await store.importFile(file, 'opa-decisions', 'opa', noon)
    const lines = await linesOf(store, 'opa-decisions')
    expect({ name, texts: lines.map((line) => line.text) }).toEqual({ name, texts: wanted })
    const tail = await linesOf(store, 'opa-decisions', lines[800]?.cursor)
    expect({ name, tail }).toEqual({ name, tail: lines.slice(801) })
    await store.close()
  }
})

test('more lines than are sorted at once keep their order, of uploads and of a file, from wherever they are read', async () => {
  const store = await openEmbeddedStore({ folder, retention })
  const texts = Array.from({ length: 80_000 }, (_, number) => JSON.stringify(spireAuditLine(number)))
  const ofFile = texts.splice(40_000)
  for (let from = 0; from < texts.length; from += 1000) {
    const bytes = Buffer.from(texts.slice(from, from + 1000).join('\n'))
    await store.append({ ...uploadOf('spire-audit', []), bytes })
  }
  await store.settle()
  const file = join(folder, 'audit.ndjson')
  await writeFile(file, ofFile.join('\n'))
  await store.importFile(file, 'spire-audit', 'file', noon)
  const wanted = [...texts, ...ofFile]
  const all = await linesOf(store, 'spire-audit')
  for (const at of [-1, 30_000, 39_999, 75_000]) {
    const found = at === -1 ? all : await linesOf(store, 'spire-audit', all[at]?.cursor)
    const another = found.findIndex(({ text }, index) => text !== wanted[at + 1 + index])
    expect({ at, lines: found.length, another }).toEqual({ at, lines: wanted.length - at - 1, another: -1 })
  }
  await store.close()
})

test('a file of one array is imported, of whatever kind; one that does not end is no array', async () => {
  const store = await openEmbeddedStore({ folder: join(folder, 'store'), retention })
  const file = join(folder, 'access.json')
  const lines = [1, 2, 3].map((number) => accessLine({ number }))
  await writeFile(file, JSON.stringify(lines, null, 2))
  expect(await store.importFile(file, 'envoy-access', 'gateway', noon)).toMatchObject({ accepted: 3, refused: 0 })
  expect((await linesOf(store, 'envoy-access')).map(({ text }) => JSON.parse(text ?? ''))).toEqual(lines)
  for (const broken of ['[{"a":1},', '[{"a":1}] {}', '[{"a":"', '["', '[1 2]', '[nul]']) {
    await writeFile(file, broken)
    expect({ broken, ...(await store.importFile(file, 'envoy-access', 'gateway', noon)) }).toMatchObject({
      broken,
      accepted: 0,
    })
  }
  await store.close()
})

test('a killed process loses no line of an upload that it acknowledged', { timeout: 60_000 }, async () => {
  const acknowledged = await acknowledgedUntilKilled(folder, 100)
  const store = await openEmbeddedStore({ folder, retention })
  const found = idsOf(await linesOf(store, 'opa-decisions'))
  expect(new Set(found).size).toBe(found.length)
  const missing = acknowledged
    .flatMap((number) => Array.from({ length: 10 }, (_, index) => uuidOf(number * 10 + index)))
    .filter((id) => !found.includes(id))
  expect(missing).toEqual([])
  await store.close()
})

test('closing while lines are read ends the reading, and not the process', async () => {
  for (let round = 0; round < 5; round += 1) {
    const place = join(folder, String(round))
    const store =
      round % 2 === 0
        ? await openLogStore({ folder: place, retention })
        : await openEmbeddedStore({ folder: place, retention })
    for (let part = 0; part < 5; part += 1) await store.append(decisions(part * 3000, 3000))
    await store.settle()
    const never = new AbortController().signal
    const readings = Array.from({ length: 4 }, async () => {
      for await (const batch of store.lines('opa-decisions', null, never)) if (batch.length === 0) return 'empty'
      return 'all'
    })
    const idle = store.lines('opa-decisions', null, never)[Symbol.asyncIterator]()
    await idle.next()
    const ended = Promise.all(readings.map((reading) => reading.catch((reason: Error) => reason.message)))
    await store.close()
    for (const words of await ended)
      expect(words).toMatch(/^all$|INTERRUPT|the log store (is closed|has ended)|closed|Failed/)
    await expect(
      (async () => {
        while ((await idle.next()).done !== true);
      })(),
    ).rejects.toThrow()
  }
})
