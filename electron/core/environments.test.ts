import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../platform/clock.ts'
import { createFiles } from '../platform/files.ts'
import { environmentFolder } from '../service/home.ts'
import { type EnvironmentRegistry, type RegistryEvent, watchEnvironments } from './environments.ts'
import { Failure } from './failure.ts'

const head = 'apiVersion: everyhop.dev/v1\nkind: Environment\n'
const lab = `${head}name: lab\nsources:\n  envoy:\n    - { id: gateway, admin: "http://127.0.0.1:9901" }\n`
const intent = 'apiVersion: everyhop.dev/v1\nkind: Intent\nname: lab\nzones: []\nstages: []\nadjacency: []\n'
let home: string
let ended: AbortController
let events: RegistryEvent[]

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'everyhop-home-'))
  ended = new AbortController()
  events = []
})
afterEach(async () => {
  ended.abort()
  await rm(home, { recursive: true })
})

async function write(name: string, text: string): Promise<string> {
  const path = join(home, 'environments', name)
  await mkdir(join(home, 'environments'), { recursive: true })
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
  return path
}

async function watch(): Promise<EnvironmentRegistry> {
  const log = { info() {}, warn() {}, error() {} }
  const ports = { files: createFiles({ pollMs: 50 }), clock: systemClock, log, folder: environmentFolder(home) }
  const registry = watchEnvironments(ports, ended.signal)
  registry.subscribe((event) => events.push(event))
  await registry.ready()
  return registry
}

function failureOf(work: () => unknown): Failure {
  try {
    work()
  } catch (reason) {
    if (reason instanceof Failure) return reason
  }
  throw new Error('expected a failure')
}

test('a home without a folder has no environments, and says what to do', async () => {
  const registry = await watch()
  expect(registry.summaries()).toEqual([])
  const failure = failureOf(() => registry.get('lab'))
  expect([failure.code, failure.advice]).toEqual(['not-found', expect.stringContaining('npm run lab')])
})

test('a broken file is told with line and column, and the others stand', async () => {
  await write('lab.yaml', lab)
  await write('bad.yaml', `${head}name: bad\nsources:\n  envoy:\n    - { id: gateway, admin: "ftp://x" }\n`)
  await write('worse.yaml', 'a: [1\nb: 2\n')
  await write('notes.txt', 'not an environment')
  const registry = await watch()
  expect(registry.summaries().map(({ name, problem }) => [name, problem?.line ?? null])).toEqual([
    ['bad', 6],
    ['lab', null],
    ['worse', expect.any(Number)],
  ])
  const [bad] = registry.summaries()
  expect(bad?.problem).toMatchObject({ column: 29, message: expect.stringContaining('sources.envoy.0.admin') })
  expect(failureOf(() => registry.get('bad')).message).toContain('bad.yaml:6:29')
  expect(registry.get('lab').environment.requestBudget).toBe(10)
})

test('of a source that is written in neither way, the nearer way explains', async () => {
  await write('x.yaml', `${head}name: x\nsources:\n  spire:\n    - { id: s, socket: /tmp/s, trustDomain: "" }\n`)
  const registry = await watch()
  expect(registry.summaries()[0]?.problem?.message).toContain('sources.spire.0.trustDomain')
})

test('a small file that would grow into a huge one is refused', async () => {
  const lines = ['a: &a [x,x,x,x,x,x,x,x,x]']
  for (let at = 1; at < 9; at += 1)
    lines.push(`${'abcdefghij'[at]}: &${'abcdefghij'[at]} [${`*${'abcdefghij'[at - 1]},`.repeat(9)}]`)
  await write('bomb.yaml', lines.join('\n'))
  const registry = await watch()
  expect(registry.summaries()[0]?.problem?.message).toMatch(/alias/i)
})

test('two sources with one id, and two files with one name, are refused by name', async () => {
  await write('a.yaml', lab)
  await write('b.yaml', lab)
  await write('c.yaml', `${lab}    - { id: gateway, admin: "http://127.0.0.1:9902" }\n`.replace('name: lab', 'name: c'))
  const registry = await watch()
  const problems = registry.summaries().flatMap(({ problem }) => (problem === null ? [] : [problem.message]))
  expect(problems.toSorted()).toEqual([
    expect.stringContaining('already the name of'),
    expect.stringContaining('"gateway" is given twice'),
  ])
  expect(registry.get('lab').environment.name).toBe('lab')
})

test('environments appear, change and go while it runs', async () => {
  const registry = await watch()
  const path = await write('lab.yaml', lab)
  await expect.poll(() => registry.summaries().length, { timeout: 5000 }).toBe(1)
  await write('lab.yaml', `${lab}requestBudget: 3\n`)
  await expect.poll(() => registry.get('lab').environment.requestBudget, { timeout: 5000 }).toBe(3)
  await rm(path)
  await expect.poll(() => registry.summaries().length, { timeout: 5000 }).toBe(0)
  expect(events.map(({ type }) => type).filter((type) => type !== 'broken')).toEqual(['loaded', 'loaded', 'removed'])
})

test('how long history is kept has bounds that are told with their place, and is no place for log stores', async () => {
  await write('lab.yaml', `${lab}keep: { history: { days: 365, megabytes: 4096 } }\n`)
  await write('much.yaml', `${head}name: much\nsources: {}\nkeep:\n  history: { days: 0.5 }\n`)
  await write('other.yaml', `${head}name: other\nsources: {}\nhistory: { days: 90 }\n`)
  const registry = await watch()
  expect(registry.get('lab').environment.keep?.history).toEqual({ days: 365, megabytes: 4096 })
  const much = failureOf(() => registry.get('much'))
  expect(much.message).toMatch(/much\.yaml:6:20: keep\.history\.days: give a whole number of days from 1 to 3650/)
  expect(much.advice).toContain('Correct the file')
  const other = failureOf(() => registry.get('other'))
  expect(other.message).toMatch(/other\.yaml:5:10: history: give a list of log stores; .* keep\.history/)
})

test('a file that is broken while it is edited keeps its last content, with the problem beside it', async () => {
  await write('lab.yaml', lab)
  const registry = await watch()
  await write('lab.yaml', `${lab}nonsense: 1\n`)
  await expect.poll(() => registry.summaries()[0]?.problem?.message ?? '', { timeout: 5000 }).toContain('nonsense')
  expect(registry.get('lab').environment.sources.envoy).toHaveLength(1)
})

test('paths of a linked file are relative to the file itself, and intent is read again when it changes', async () => {
  const run = join(home, 'run')
  await mkdir(run)
  await mkdir(join(home, 'environments'))
  await writeFile(join(run, 'environment.yaml'), `${lab}intent: intent.yaml\n`)
  await symlink(join(run, 'environment.yaml'), join(home, 'environments', 'lab.yaml'))
  const registry = await watch()
  expect(registry.get('lab').intent.problem).toContain('the file is not there')
  await writeFile(join(run, 'intent.yaml'), intent)
  await expect.poll(() => registry.get('lab').intent.intent?.name, { timeout: 5000 }).toBe('lab')
  await writeFile(join(run, 'intent.yaml'), `${intent}extra: 1\n`)
  await expect.poll(() => registry.get('lab').intent.problem ?? '', { timeout: 5000 }).toContain('intent.yaml:7:')
  expect(registry.get('lab').intent.intent?.name).toBe('lab')
  expect(events.at(-1)).toMatchObject({ type: 'loaded', part: 'intent' })
})

test('a link whose file is gone is shown with its problem', async () => {
  await mkdir(join(home, 'environments'))
  await symlink(join(home, 'nowhere.yaml'), join(home, 'environments', 'lab.yaml'))
  const registry = await watch()
  expect(registry.summaries()).toMatchObject([{ name: 'lab', problem: { message: 'the file is not there' } }])
})

test('a file that appeared and was not read yet is not listed as if nothing were wrong with it', async () => {
  const release = Promise.withResolvers<void>()
  const files = createFiles({ pollMs: 50 })
  const slow = {
    ...files,
    async readText(path: string, maxBytes?: number) {
      if (path.endsWith('slow.yaml')) await release.promise
      return files.readText(path, maxBytes)
    },
  }
  const log = { info() {}, warn() {}, error() {} }
  const registry = watchEnvironments(
    { files: slow, clock: systemClock, log, folder: environmentFolder(home) },
    ended.signal,
  )
  await registry.ready()
  await write('slow.yaml', 'nonsense')
  const looked = registry.refresh()
  await expect.poll(() => registry.placeOf('slow')?.listedName, { timeout: 5000 }).toBe('slow.yaml')
  expect(registry.summaries()).toEqual([])
  release.resolve()
  await looked
  expect(registry.summaries()).toMatchObject([{ name: 'slow', problem: { line: 1 } }])
})
