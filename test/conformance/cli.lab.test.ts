import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { graphDocument } from '../../shared/contract/document.ts'
import { type Lab, startLab } from '../lab/lab.ts'

const root = join(import.meta.dirname, '..', '..')
/** A first run builds the servers. */
const startLimitMs = 20 * 60 * 1000
let folder: string
let lab: Lab

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-'))
  lab = await startLab({ runFolder: join(folder, 'run'), home: join(folder, 'home') })
}, startLimitMs)
afterAll(async () => {
  await lab?.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A process of its own, as a person or a script runs it. */
function everyhop(...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, EVERYHOP_HOME: join(folder, 'home') }
    const child = spawn(process.execPath, [join(root, 'bin', 'everyhop.js'), ...words], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

/**
 * Shown without a gap. A lab that has just begun has not written every log yet, and on a busy machine a source may answer too
 * late: each is a gap that is told with code 3, and it heals.
 */
async function shown(...words: readonly string[]): Promise<Ran> {
  for (let tries = 0; ; tries += 1) {
    const ran = await everyhop('graph', 'show', '--env', 'lab', ...words)
    if (ran.code !== 3 || tries === 20) return ran
  }
}

test('graph show --json prints a document of the published schema, whose every state rests on facts that it names', async () => {
  const { code, out, err } = await shown('--json')
  expect([code, err]).toEqual([0, ''])
  const raw: unknown = JSON.parse(out)
  const document = graphDocument.parse(raw)
  expect(document).toEqual(raw)
  const truth = await lab.truth()
  const ids = new Set(document.workloads.map(({ spiffeId }) => (spiffeId.known ? spiffeId.value : null)))
  expect(truth.stages.filter(({ spiffeId }) => !ids.has(spiffeId))).toEqual([])
  const facts = new Set(document.facts.map(({ id }) => id))
  const judged = [
    ...document.workloads.map(({ state }) => state),
    ...document.hops.flatMap(({ transport, authorisation }) => [transport, authorisation]),
  ]
  expect(judged.flatMap(({ restsOn }) => restsOn.filter((id) => !facts.has(id)))).toEqual([])
  expect(judged.filter(({ state, restsOn }) => state !== 'unknown' && restsOn.length === 0)).toEqual([])
  expect(document.facts.filter(({ locator }) => locator === '')).toEqual([])
  expect(out).not.toContain('PRIVATE KEY')
})

test('the published schema is JSON Schema of that document', async () => {
  const { code, out } = await everyhop('schema', 'graph')
  const schema = z
    .object({ required: z.array(z.string()), properties: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(out))
  expect(code).toBe(0)
  for (const part of ['workloads', 'hops', 'gaps', 'facts']) {
    expect(schema.required).toContain(part)
    expect(schema.properties).toHaveProperty(part)
  }
})

test('the table and the flowchart show the same hops, and a filter leaves what matches', async () => {
  const all = graphDocument.parse(JSON.parse((await shown('--json')).out))
  const table = await shown()
  const chart = await shown('--mermaid')
  // What they said beside it is why, when it is not zero.
  expect([table.code, table.err, chart.code, chart.err]).toEqual([0, '', 0, ''])
  expect(table.out.split('\n').filter((line) => line.includes(' → '))).toHaveLength(all.hops.length)
  expect(chart.out.split('\n').filter((line) => /\|".*"\|/.test(line))).toHaveLength(all.hops.length)
  const few = await shown('--json', '--filter', 'to:tool-runtime')
  const filtered = graphDocument.parse(JSON.parse(few.out))
  expect(filtered.hops.length).toBeGreaterThan(0)
  expect(filtered.hops.length).toBeLessThan(all.hops.length)
  const wrong = await everyhop('graph', 'show', '--env', 'lab', '--filter', 'tsl:plaintext')
  expect([wrong.code, wrong.out]).toEqual([2, ''])
  expect(wrong.err).toContain('tsl')
})

test('a gap is a different exit code, and an environment that is not there is a sentence', async () => {
  await lab.inject('opa-down')
  const withGap = await everyhop('graph', 'show', '--env', 'lab', '--json')
  await lab.heal()
  expect(withGap.code).toBe(3)
  expect(graphDocument.parse(JSON.parse(withGap.out)).gaps.map(({ source }) => source)).toContain('opa')
  expect(withGap.err).toContain('could not be read')
  const nowhere = await everyhop('graph', 'show', '--env', 'nowhere')
  expect([nowhere.code, nowhere.out]).toEqual([1, ''])
  expect(nowhere.err).toContain('There is no environment called "nowhere"')
  expect(nowhere.err).toContain('lab')
})

test('env list and env test say what is there and what can be read', async () => {
  const list = await everyhop('env', 'list')
  expect([list.code, list.out.includes('lab')]).toEqual([0, true])
  const tested = await everyhop('env', 'test', 'lab', '--json')
  const parsed = z.array(z.object({ instance: z.string(), outcome: z.string() })).parse(JSON.parse(tested.out))
  expect(parsed.filter(({ outcome }) => outcome !== 'usable')).toEqual([])
  expect(tested.code).toBe(0)
})
