import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { recordKinds } from '../../electron/core/log-store.ts'
import { schemaVersion } from '../../electron/logs/stores/embedded/columns.ts'
import { openLogStore } from '../../electron/logs/stores/open-log-store.ts'
import { callerOf, idOf, isAllowed, noon, uploads, writeEvents } from './log-events.ts'
import { refusalRows } from './refusals.ts'
import { type BenchRow, within } from './row.ts'

const liveCount = 300_000
const importCount = 1_000_000
const lookUps = 40
const retention = { maxAgeMs: 86_400_000 * 30, maxBytes: 100 * 1024 ** 3 }

/**
 * The log store on the decision events of the lab: live intake, import, look-up and grouping, against SQLite with the
 * columns and indexes one would give it, and against reading the NDJSON file through.
 * @param full ten million records instead of one, for the look-up and the grouping.
 */
export async function run(full = process.argv.includes('--full')): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'everyhop-bench-'))
  try {
    return [...(await refusalRows(folder)), ...(await live(folder)), ...(await large(folder, full))]
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function live(folder: string): Promise<BenchRow[]> {
  const sent = uploads(0, liveCount)
  const store = await openLogStore({ folder: join(folder, 'live'), retention })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const used = process.cpuUsage()
  const own = process.threadCpuUsage()
  const began = performance.now()
  let next = 0
  // As many senders as a few OPAs are: each waits for its answer before it sends again.
  const sender = async (): Promise<void> => {
    for (let bytes = sent[next++]; bytes !== undefined; bytes = sent[next++]) {
      const upload = {
        record: 'opa-decisions',
        source: 'opa-shared',
        receivedAt: noon,
        form: 'array',
        encoding: 'gzip',
        bytes,
      } as const
      while ((await store.append(upload)).outcome === 'exhausted') {
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }
  await Promise.all(Array.from({ length: 16 }, sender))
  const acknowledged = rate(liveCount, began)
  await store.settle()
  const found = rate(liveCount, began)
  const foundCost = costOf(used, liveCount)
  const ownCost = process.threadCpuUsage(own)
  delay.disable()
  const { records } = await store.state()
  if (records['opa-decisions'] !== liveCount) throw new Error(`${records['opa-decisions']} of ${liveCount} were found`)
  await store.close()
  const sqlite = sqliteLive(join(folder, 'live.sqlite'), sent.slice(0, 300))
  return [
    atLeast('live intake: acknowledged and durable', acknowledged, 'events/s', 60_000),
    atLeast('live intake: durable and to be found', found, 'events/s', 60_000),
    against('live intake: durable and to be found', found, 'events/s', 'SQLite, a commit for each upload', sqlite),
    within('live intake: processor time, of all threads', foundCost, 'µs/event', 2e6 / 60_000),
    {
      name: 'live intake: of that in the thread that answers requests',
      value: (ownCost.user + ownCost.system) / liveCount,
      unit: 'µs/event',
      comparedWith: null,
      ratio: null,
    },
    within('live intake: longest the service waited for its own thread', delay.max / 1e6, 'ms', 50),
  ]
}

async function large(folder: string, full: boolean): Promise<BenchRow[]> {
  const count = full ? 10_000_000 : importCount
  const file = join(folder, 'decisions.ndjson')
  writeEvents(file, 0, importCount)
  const store = await openLogStore({ folder: join(folder, 'large'), retention })
  const used = process.cpuUsage()
  const began = performance.now()
  const imported = await store.importFile(file, 'opa-decisions', 'opa-shared', noon)
  const importRate = rate(importCount, began)
  const importCost = costOf(used, importCount)
  if (imported.accepted !== importCount) throw new Error(`${imported.accepted} of ${importCount} were imported`)
  await store.close()
  if (full) await grow(folder, importCount, count)
  const again = await openLogStore({ folder: join(folder, 'large'), retention })
  const wanted = Array.from({ length: lookUps }, (_, index) => Math.floor(((index + 0.5) / lookUps) * importCount))
  const windowed = await middle(wanted, async (number) => {
    const window = { from: noon + number - 300_000, to: noon + number + 300_000 }
    const { records } = await again.find({ by: 'decision', id: idOf(number, 1) }, window, 10)
    if (records.length !== 1) throw new Error(`decision ${number} was not found`)
  })
  const everywhere = await middle(wanted.slice(0, 10), async (number) => {
    await again.find({ by: 'request', id: idOf(number, 2) }, null, 10)
  })
  const read = await middle(wanted.slice(0, 1), async (number) => {
    const [record] = (await again.find({ by: 'decision', id: idOf(number, 1) }, null, 1)).records
    if (record !== undefined) await again.raw(record)
  })
  await again.close()
  const grouped = await groupBy(folder)
  const sqlite = sqliteLarge(join(folder, 'large.sqlite'), file, count, wanted)
  const scanned = await scan(file, idOf(Math.floor(importCount / 2), 1))
  const millions = `${count / 1e6} M`
  const { size } = await stat(join(folder, 'large', `records-${schemaVersion}.duckdb`))
  return [
    atLeast('import of an NDJSON file', importRate, 'events/s', 200_000),
    against('import of an NDJSON file', importRate, 'events/s', 'SQLite, one transaction', await sqlite.importRate),
    within('import of an NDJSON file: processor time, of all threads', importCost, 'µs/event', 2e6 / 200_000),
    within(`look-up by id within ten minutes, ${millions} records`, windowed, 'ms', 10),
    less(
      `look-up by id within ten minutes, ${millions} records`,
      windowed,
      'ms',
      'SQLite with an index on each id',
      sqlite.lookUp,
    ),
    less(
      `look-up by id within ten minutes, ${millions} records`,
      windowed,
      'ms',
      'reading 1 M NDJSON lines through',
      scanned,
    ),
    {
      name: `look-up by id without a window, ${millions} records`,
      value: everywhere,
      unit: 'ms',
      comparedWith: null,
      ratio: null,
    },
    {
      name: 'one record in full, from an imported file of 1 M',
      value: read,
      unit: 'ms',
      comparedWith: null,
      ratio: null,
    },
    within(`denials by caller and callee, ${millions} records`, grouped, 'ms', 500),
    less(`denials by caller and callee, ${millions} records`, grouped, 'ms', 'SQLite', sqlite.grouped),
    { name: `columns of ${millions} records`, value: size / count, unit: 'B/record', comparedWith: null, ratio: null },
  ]
}

/** More of the same rows, by SQL: writing and reading twenty gigabytes of JSON would measure the disk. */
async function grow(folder: string, from: number, to: number): Promise<void> {
  const instance = await DuckDBInstance.create(join(folder, 'large', `records-${schemaVersion}.duckdb`))
  const connection = await instance.connect()
  for (let start = from; start < to; start += 1_000_000) {
    await connection.run(`INSERT INTO "opa-decisions" BY NAME
      SELECT * REPLACE (moment + ${start} AS moment, uuid() AS identity, uuid() AS decisionUuid, uuid() AS requestUuid, uuid() AS traceUuid)
      FROM "opa-decisions" WHERE moment < ${noon + 1_000_000}`)
  }
  await connection.run('CHECKPOINT')
  connection.closeSync()
  instance.closeSync()
}

async function groupBy(folder: string): Promise<number> {
  const instance = await DuckDBInstance.create(join(folder, 'large', `records-${schemaVersion}.duckdb`), {
    threads: '2',
  })
  const connection = await instance.connect()
  const took = await middle([1, 2, 3, 4, 5], async () => {
    const reader = await connection.runAndReadAll(
      `SELECT callerSpiffeId, calleeSpiffeId, count(*), count(*) FILTER (outcome = 'deny') FROM "${recordKinds[0]}" GROUP BY ALL`,
    )
    if (reader.currentRowCount !== 40) throw new Error(`${reader.currentRowCount} groups`)
  })
  connection.closeSync()
  instance.closeSync()
  return took
}

const sqliteTable = `CREATE TABLE decisions (at INTEGER, source TEXT, decision TEXT, request TEXT, trace TEXT, opa TEXT,
  caller TEXT, callee TEXT, outcome TEXT, reasons TEXT, path TEXT, revision TEXT, evaluation INTEGER)`
const sqliteIndexes = ['decision', 'request', 'trace', 'at'].map(
  (column) => `CREATE INDEX by_${column} ON decisions (${column})`,
)
const sqliteInsert = `INSERT INTO decisions VALUES (${Array.from({ length: 13 }, () => '?').join(', ')})`

/** What one would write on an afternoon: parse, insert, commit before the answer. */
function sqliteLive(file: string, sent: readonly Buffer[]): number {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  for (const statement of [sqliteTable, ...sqliteIndexes]) database.exec(statement)
  const insert = database.prepare(sqliteInsert)
  const began = performance.now()
  for (const upload of sent) {
    database.exec('BEGIN')
    for (const event of JSON.parse(gunzipSync(upload).toString()) as readonly WrittenEvent[])
      insert.run(...sqliteRow(event))
    database.exec('COMMIT')
  }
  const result = rate(sent.length * 100, began)
  database.close()
  return result
}

function sqliteLarge(file: string, ndjson: string, count: number, wanted: readonly number[]) {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
  database.exec(sqliteTable)
  const insert = database.prepare(sqliteInsert)
  database.exec('BEGIN')
  for (let number = 0; number < count; number += 1) {
    const callee = 'spiffe://pipeline.example/ns/ai/sa/gateway'
    const ids = [idOf(number, 1), idOf(number, 2), idOf(number, 3)]
    const outcome = isAllowed(number) ? 'allow' : 'deny'
    insert.run(
      noon + number,
      'opa-shared',
      ...ids,
      'opa',
      callerOf(number),
      callee,
      outcome,
      '[]',
      'pipeline/authz/result',
      'lab-001',
      1_913_250,
    )
  }
  database.exec('COMMIT')
  for (const statement of sqliteIndexes) database.exec(statement)
  const byId = database.prepare('SELECT * FROM decisions WHERE decision = ?')
  const times = wanted.map((number) => timed(() => byId.all(idOf(number, 1))))
  const group = database.prepare(
    "SELECT caller, callee, count(*), sum(outcome = 'deny') FROM decisions GROUP BY caller, callee",
  )
  const grouped = middleOf([1, 2, 3].map(() => timed(() => group.all())))
  database.close()
  return { lookUp: middleOf(times), grouped, importRate: sqliteImport(`${file}-import`, ndjson) }
}

async function sqliteImport(file: string, ndjson: string): Promise<number> {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
  for (const statement of [sqliteTable, ...sqliteIndexes]) database.exec(statement)
  const insert = database.prepare(sqliteInsert)
  database.exec('BEGIN')
  const most = 100_000
  let taken = 0
  let rest = ''
  const began = performance.now()
  for await (const chunk of createReadStream(ndjson, { encoding: 'utf8', highWaterMark: 1024 * 1024 })) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) insert.run(...sqliteRow(JSON.parse(line) as WrittenEvent))
    taken += lines.length
    if (taken >= most) break
  }
  database.exec('COMMIT')
  const result = rate(taken, began)
  database.close()
  return result
}

/** What log-events.ts writes, as far as it is read here. */
interface WrittenEvent {
  readonly timestamp: string
  readonly decision_id: string
  readonly path: string
  readonly labels: { readonly id: string }
  readonly bundles: { readonly pipeline: { readonly revision: string } }
  readonly metrics: { readonly timer_rego_query_eval_ns: number }
  readonly result: { readonly allowed: boolean; readonly dynamic_metadata: { readonly reasons: readonly string[] } }
  readonly input: {
    readonly attributes: {
      readonly source: { readonly principal: string }
      readonly destination: { readonly principal: string }
      readonly request: { readonly http: { readonly headers: Readonly<Record<string, string>> } }
    }
  }
}

function sqliteRow(event: WrittenEvent): (string | number | null)[] {
  const { attributes } = event.input
  const { headers } = attributes.request.http
  return [
    Date.parse(event.timestamp),
    'opa-shared',
    event.decision_id,
    headers['x-request-id'] ?? null,
    headers['traceparent'] ?? null,
    event.labels.id,
    attributes.source.principal,
    attributes.destination.principal,
    event.result.allowed ? 'allow' : 'deny',
    JSON.stringify(event.result.dynamic_metadata.reasons),
    event.path,
    event.bundles.pipeline.revision,
    event.metrics.timer_rego_query_eval_ns,
  ]
}

/** The line of an id in a file, without parsing the others: faster than jq, which parses all. */
async function scan(file: string, id: string): Promise<number> {
  const began = performance.now()
  let rest = ''
  for await (const chunk of createReadStream(file, { encoding: 'latin1', highWaterMark: 4 * 1024 * 1024 })) {
    const text = rest + String(chunk)
    const at = text.indexOf(id)
    if (at !== -1) break
    rest = text.slice(-64)
  }
  return performance.now() - began
}

/** Microseconds for each; on two cores the promised rates leave 33 and 10. It tells more than the clock where others work too. */
function costOf(since: NodeJS.CpuUsage, count: number): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / count
}

function rate(count: number, began: number): number {
  return count / ((performance.now() - began) / 1000)
}

function timed(work: () => unknown): number {
  const began = performance.now()
  work()
  return performance.now() - began
}

async function middle<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<number> {
  const times: number[] = []
  for (const item of items) {
    const began = performance.now()
    await work(item)
    times.push(performance.now() - began)
  }
  return middleOf(times)
}

function middleOf(times: readonly number[]): number {
  return times.toSorted((left, right) => left - right)[Math.floor(times.length / 2)] ?? Number.NaN
}

function atLeast(name: string, value: number, unit: string, promised: number): BenchRow {
  return { name, value, unit, comparedWith: { name: 'promised at least', value: promised }, ratio: value / promised }
}

function against(name: string, value: number, unit: string, other: string, otherValue: number): BenchRow {
  return { name, value, unit, comparedWith: { name: other, value: otherValue }, ratio: value / otherValue }
}

function less(name: string, value: number, unit: string, other: string, otherValue: number): BenchRow {
  return { name, value, unit, comparedWith: { name: other, value: otherValue }, ratio: otherValue / value }
}
