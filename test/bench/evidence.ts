import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { finished, pipeline } from 'node:stream/promises'
import { createGzip, gzipSync } from 'node:zlib'
import { z } from 'zod'
import { decisionEvent, uploadOf } from '../builders/log-records.ts'
import { day, dayMs, openHeld, standingClock } from './evidence-parts.ts'
import { type BenchRow, within } from './row.ts'

/** `--quick`: a tenth, to try the benchmark itself. */
const count = process.argv.includes('--quick') ? 100_000 : 1_000_000
const hours = 24
const ofUpload = 500
const never = new AbortController().signal

const figures = z.object({
  tookMs: z.number(),
  workedMs: z.number(),
  own: z.number(),
  resident: z.number(),
  exit: z.number(),
  collectedMs: z.number().optional(),
  bytes: z.number().optional(),
  decisions: z.number().optional(),
  longestBlockMs: z.number().optional(),
})

/** A day of decisions, sealed hour by hour, as a pack; against what one would do with SQLite, or with files and jq. */
export async function run(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'eh-evidence-'))
  try {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    await writeFile(join(folder, 'org.key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const sealed = await fill(folder)
    const made = inProcess('make', folder)
    if (made.decisions === undefined || made.decisions < count)
      throw new Error(`${made.decisions} decisions are in the pack`)
    const verified = inProcess('verify', folder)
    const python = await timedPython(folder)
    const plain = await withSqlite(folder)
    const counted = await withJq(folder)
    const scale = count / 1_000_000
    return [
      within(`${count} decisions sealed, 24 heads`, sealed / 1000, 's', 60 * scale),
      within(`a pack of ${count} decisions, verified before it is handed out`, made.tookMs / 1000, 's', 60 * scale),
      worked(made),
      {
        name: 'of that until it is signed',
        value: (made.collectedMs ?? 0) / 1000,
        unit: 's',
        comparedWith: null,
        ratio: null,
      },
      against('the same from SQLite: lines, SHA-256, gzip, signature', made.tookMs / 1000, 's', plain.exportMs / 1000),
      within('memory of its own at most, with the open log store', made.own, 'MB', 300),
      resident(made),
      {
        name: 'longest time that others waited for an answer',
        value: made.longestBlockMs ?? 0,
        unit: 'ms',
        comparedWith: null,
        ratio: null,
      },
      {
        name: 'size of the pack',
        value: (made.bytes ?? 0) / 1e6,
        unit: 'MB',
        comparedWith: { name: 'of the export', value: plain.bytes / 1e6 },
        ratio: plain.bytes / (made.bytes ?? Number.NaN),
      },
      within('verified', verified.tookMs / 1000, 's', 20 * scale),
      worked(verified),
      within('memory of verifying at most, of its own', verified.own, 'MB', 300),
      resident(verified),
      within('verified by verify.py', python / 1000, 's', 20 * scale),
      {
        name: 'outcomes counted of the lines by jq (a tenth, × 10)',
        value: counted / 1000,
        unit: 's',
        comparedWith: { name: 'verified, with counts', value: verified.tookMs / 1000 },
        ratio: verified.tookMs / counted,
      },
      {
        name: 'inserted into SQLite to be held at all',
        value: plain.insertMs / 1000,
        unit: 's',
        comparedWith: null,
        ratio: null,
      },
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Not what is promised: the system drops the pages of programs when it needs the room. */
function resident(of: z.infer<typeof figures>): BenchRow {
  const name = 'the same with pages of programs, Node and DuckDB'
  return { name, value: of.resident, unit: 'MB', comparedWith: null, ratio: null }
}

/** With the start of the process. */
function worked(of: z.infer<typeof figures>): BenchRow {
  return {
    name: 'the same: work of processors',
    value: of.workedMs / 1000,
    unit: 's',
    comparedWith: null,
    ratio: null,
  }
}

function against(name: string, value: number, unit: string, other: number): BenchRow {
  return {
    name: 'a pack, with tree, sample, reports and verification',
    value,
    unit,
    comparedWith: { name, value: other },
    ratio: other / value,
  }
}

function eventOf(number: number): Record<string, unknown> {
  return decisionEvent({ number, at: day.from + Math.floor((number * dayMs) / count), allowed: number % 50 !== 0 })
}

/** Takes in a day and seals every hour; milliseconds that sealing took. */
async function fill(folder: string): Promise<number> {
  const clock = standingClock(day.from)
  const { logs, seals, history, close } = await openHeld(folder, clock)
  let sealing = 0
  for (let hour = 0; hour < hours; hour += 1) {
    const end = Math.floor((count * (hour + 1)) / hours)
    for (let start = Math.floor((count * hour) / hours); start < end; start += ofUpload) {
      const some = Array.from({ length: Math.min(ofUpload, end - start) }, (_, index) => eventOf(start + index))
      const upload = uploadOf('opa-decisions', some, { form: 'array', receivedAt: clock.at })
      const packed = { ...upload, encoding: 'gzip' as const, bytes: gzipSync(upload.bytes, { level: 1 }) }
      while ((await logs.append(packed)).outcome === 'exhausted')
        await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await logs.settle()
    for (let at = 0; at < 360; at += 1) history.watched(clock.at + at * 10_000)
    clock.at = day.from + ((hour + 1) * dayMs) / hours
    const began = performance.now()
    await seals.seal(clock.at, never)
    sealing += performance.now() - began
  }
  await close()
  return sealing
}

function inProcess(what: 'make' | 'verify', folder: string): z.infer<typeof figures> {
  const program = join(import.meta.dirname, 'evidence-process.ts')
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, what, folder], {
    encoding: 'utf8',
    timeout: 300_000,
  })
  if (status !== 0) throw new Error(stderr)
  return figures.parse(JSON.parse(stdout))
}

async function timedPython(folder: string): Promise<number> {
  const publicPem = join(folder, 'org.pub.pem')
  const { readFileSync } = await import('node:fs')
  const key = createPublicKey(createPrivateKey(readFileSync(join(folder, 'org.key.pem'))))
  await writeFile(publicPem, key.export({ type: 'spki', format: 'pem' }))
  const script = join(import.meta.dirname, '../../electron/evidence/verify/verify.py')
  const began = performance.now()
  const { status, stdout } = spawnSync('python3', [script, join(folder, 'pack.zip'), '--key', publicPem], {
    encoding: 'utf8',
  })
  if (status === 1) throw new Error(stdout)
  return performance.now() - began
}

/** Decisions as rows of JSON; exported as NDJSON, hashed, packed and signed, which proves nothing of any single hour. */
async function withSqlite(folder: string): Promise<{ insertMs: number; exportMs: number; bytes: number }> {
  const database = new DatabaseSync(join(folder, 'plain.sqlite'))
  database.exec('pragma journal_mode = wal; create table decisions (at integer, body text) strict')
  const insert = database.prepare('insert into decisions values (?, ?)')
  let began = performance.now()
  for (let number = 0; number < count; ) {
    database.exec('begin')
    for (let some = 0; some < 5000 && number < count; some += 1, number += 1) {
      const event = eventOf(number)
      insert.run(day.from + number, JSON.stringify(event))
    }
    database.exec('commit')
  }
  const insertMs = performance.now() - began
  began = performance.now()
  const file = join(folder, 'plain.ndjson')
  const output = createWriteStream(file)
  const hash = createHash('sha256')
  let piece = ''
  for (const row of database.prepare('select body from decisions order by rowid').iterate()) {
    piece += `${String(row['body'])}\n`
    if (piece.length < 1_000_000) continue
    hash.update(piece)
    if (!output.write(piece)) await new Promise<void>((resolve) => output.once('drain', () => resolve()))
    piece = ''
  }
  hash.update(piece)
  output.end(piece)
  await finished(output)
  await pipeline(createReadStream(file), createGzip({ level: 4 }), createWriteStream(`${file}.gz`))
  await writeFile(join(folder, 'plain.hash'), hash.digest())
  execFileSync('openssl', [
    'pkeyutl',
    '-sign',
    '-inkey',
    join(folder, 'org.key.pem'),
    '-in',
    join(folder, 'plain.hash'),
    '-out',
    join(folder, 'plain.sig'),
  ])
  const exportMs = performance.now() - began
  database.close()
  return { insertMs, exportMs, bytes: (await stat(`${file}.gz`)).size }
}

async function withJq(folder: string): Promise<number> {
  const tenth = join(folder, 'tenth.ndjson')
  const lines = Array.from({ length: count / 10 }, (_, number) => JSON.stringify(eventOf(number)))
  await writeFile(tenth, `${lines.join('\n')}\n`)
  const began = performance.now()
  const { stdout, error } = spawnSync(
    'jq',
    ['-n', '-c', 'reduce inputs as $d ({}; .[$d.result.allowed | tostring] += 1)', tenth],
    { encoding: 'utf8' },
  )
  if (error !== undefined) return Number.NaN // jq is not here
  z.object({ true: z.number(), false: z.number() }).parse(JSON.parse(stdout))
  return (performance.now() - began) * 10
}
