import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import type { LogStore } from '../../electron/core/log-store.ts'
import { schemaVersion } from '../../electron/logs/stores/embedded/columns.ts'
import { openLogStore } from '../../electron/logs/stores/open-log-store.ts'
import { accessLine, decisionEvent, noon, uploadOf } from '../builders/log-records.ts'
import { type BenchRow, within } from './row.ts'

const count = 1_000_000
const uploadOfRecords = 500
const many = 10_000_000
const hour = 3_600_000
const retention = { maxAgeMs: 86_400_000 * 30, maxBytes: 100 * 1024 ** 3 }
const never = new AbortController().signal
/** Not in order and not alike, so that columns of them pack as those of real decisions do. */
const instances = Array.from({ length: 3 }, (_, number) => `b5a40546-268c-4399-adf1-92fbfc80cb6${number}`)

/** What evidence asks of the log store: all lines in order, and counts of everything. */
export async function run(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'everyhop-lines-'))
  try {
    const store = await openLogStore({ folder, retention })
    await fill(store)
    const rows = await lineRows(store, folder)
    await store.close()
    await grow(folder)
    const large = await openLogStore({ folder, retention })
    rows.push(...(await countRows(large)))
    await large.close()
    return rows
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function fill(store: LogStore): Promise<void> {
  for (let start = 0; start < count; start += uploadOfRecords) {
    const numbers = Array.from({ length: uploadOfRecords }, (_, index) => start + index)
    const decided = numbers.map((number) => decisionEvent({ number, allowed: number % 50 !== 0 }))
    const asked = numbers.map((number) => accessLine({ number, ...(number % 50 === 0 ? refused : {}) }))
    for (const upload of [uploadOf('opa-decisions', decided, { form: 'array' }), uploadOf('envoy-access', asked)]) {
      const packed = { ...upload, encoding: 'gzip' as const, bytes: gzipSync(upload.bytes, { level: 1 }) }
      while ((await store.append(packed)).outcome === 'exhausted')
        await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  await store.settle()
}

const refused = { code: 403, details: 'ext_authz_denied' }

async function lineRows(store: LogStore, folder: string): Promise<BenchRow[]> {
  const texts: string[] = []
  let length = 0
  let found = 0
  const before = process.memoryUsage.rss()
  let highest = before
  const took = await timed(async () => {
    for await (const batch of store.lines('opa-decisions', null, never)) {
      found += batch.length
      for (const { text } of batch) length += text?.length ?? 0
      highest = Math.max(highest, process.memoryUsage.rss())
      if (texts.length < count / 10) texts.push(...batch.map(({ text }) => text ?? ''))
    }
  })
  if (found !== count) throw new Error(`${found} of ${count} lines were found`)
  const file = join(folder, 'tenth.ndjson')
  await writeFile(file, texts.join('\n'))
  const plain = await timed(async () => {
    let lines = 0
    for await (const line of createInterface({ input: createReadStream(file) })) lines += line === '' ? 0 : 1
    if (lines !== texts.length) throw new Error(`${lines} lines were read of ${texts.length}`)
  })
  const window = { from: noon + count / 4, to: noon + count / 2 }
  const ends = await timed(async () => {
    if ((await store.linesWindow('opa-decisions', window))?.count !== count / 4 + 1) throw new Error('not the window')
  })
  const bytes = Math.round(length / count)
  return [
    within(`1 M lines of ${bytes} B in their order, from packed uploads`, took, 'ms', 10_000),
    {
      name: 'the same: per line',
      value: (took / count) * 1000,
      unit: 'µs',
      comparedWith: { name: 'readline over plain NDJSON', value: (plain / texts.length) * 1000 },
      ratio: plain / texts.length / (took / count),
    },
    within('the same: memory of the process that is more than before', (highest - before) / 1e6, 'MB', 300),
    within('where the lines of a window begin and end, 1 M records', ends, 'ms', 1000),
  ]
}

/** More of the same rows, by SQL: writing ten million events would measure the disk. */
async function grow(folder: string): Promise<void> {
  const instance = await DuckDBInstance.create(join(folder, `records-${schemaVersion}.duckdb`))
  const connection = await instance.connect()
  await connection.run(
    `UPDATE "opa-decisions" SET opaInstanceId = ['${instances.join("', '")}'][1 + random()::INTEGER + random()::INTEGER]`,
  )
  for (let start = count; start < many; start += count) {
    await connection.run(`INSERT INTO "opa-decisions" BY NAME
      SELECT * REPLACE (moment + ${start} AS moment, uuid() AS identity, uuid() AS decisionUuid) FROM "opa-decisions" WHERE moment < ${noon + count}`)
  }
  await connection.run('CHECKPOINT')
  connection.closeSync()
  instance.closeSync()
}

async function countRows(store: LogStore): Promise<BenchRow[]> {
  const all = { from: noon, to: noon + 3 * hour }
  const by = ['hour', 'opaInstanceId', 'path', 'revision', 'outcome'] as const
  const grouped = await middle(async () => {
    const { total, counts } = await store.decisionCounts({ window: all, by, limit: 1000 })
    if (total !== many || counts.length !== 18) throw new Error(`${total} decisions in ${counts.length} groups`)
  })
  const own = { from: noon, to: noon + count - 1 }
  const control = await middle(async () => {
    const { requests, unclaimed } = await store.authorisationCounts(own)
    if (requests.some(({ held, named }) => held !== named) || unclaimed !== 0) throw new Error('not the control total')
  })
  const denials = await middle(async () => {
    if ((await store.denialsBy(own, 96)).includes(null)) throw new Error('a part has nothing')
  })
  const coverage = await middle(async () => {
    if ((await store.hopCoverage(own, 60_000)).length !== 17) throw new Error('not the coverage')
  })
  return [
    within('10 M decisions by hour, OPA, path, revision and outcome', grouped, 'ms', 1000),
    within('control total: 1 M requests against 10 M decisions, by id', control, 'ms', 5000),
    within('denials in 96 parts, of 1 M requests and as many decisions', denials, 'ms', 1000),
    within('how each hop was secured, minute by minute, of 1 M requests', coverage, 'ms', 1000),
  ]
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

async function middle(work: () => Promise<void>): Promise<number> {
  const took: number[] = []
  for (let round = 0; round < 5; round += 1) took.push(await timed(work))
  return took.toSorted((left, right) => left - right)[2] ?? 0
}
