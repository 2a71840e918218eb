import { type ChildProcess, spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parse, stringify } from 'yaml'
import { runCommandLine } from '../../electron/cli/main.ts'
import { policyData, policyFolder } from '../../electron/playground/pipeline/policy-data.ts'
import { type PolicyDocument, type PolicyDocumentOf, policyDocument } from '../../shared/contract/policy-document.ts'
import { type Environment, environmentSchema } from '../../shared/domain/model/environment.ts'
import { registrationFile } from '../lab/environment-file.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import { waitFor } from '../lab/processes.ts'

const root = join(import.meta.dirname, '..', '..')
/** A first run builds the servers. */
const startLimitMs = 20 * 60 * 1000
const patient = { timeoutMs: 60_000, everyMs: 50 }
const on = ['--env', 'lab'] as const
let folder: string
let home: string
let sources: string
let lab: Lab

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pcli-'))
  home = join(folder, 'home')
  vi.stubEnv('EVERYHOP_HOME', home)
  lab = await startLab({ runFolder: join(folder, 'run'), home, requestsPerSecond: 8 })
  sources = join(folder, 'policy')
  await mkdir(join(sources, 'pipeline', 'authz'), { recursive: true })
  await mkdir(join(sources, 'system', 'log'), { recursive: true })
  for (const name of ['authz.rego', 'authz_test.rego']) {
    await copyFile(join(policyFolder, name), join(sources, 'pipeline', 'authz', name))
  }
  await copyFile(join(policyFolder, 'log_mask.rego'), join(sources, 'system', 'log', 'log_mask.rego'))
  await deny([{ from: 'model-server', to: 'tool-runtime' }])
}, startLimitMs)
afterAll(async () => {
  vi.unstubAllEnvs()
  await lab?.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

const deny = (hops: readonly { from: string; to: string }[]) =>
  writeFile(join(sources, 'data.json'), JSON.stringify(policyData({ deny: hops }), null, 2))

/** A process of its own, as a person or a pipeline runs it. */
function start(...words: readonly string[]): ChildProcess {
  const env = { ...process.env, EVERYHOP_HOME: home }
  return spawn(process.execPath, [join(root, 'bin', 'everyhop.js'), 'policy', ...words], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** In this process: programs that start anew each time would be most of what this test takes. */
async function policy(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const code = await runCommandLine(['policy', ...words], {
    out: (text) => (out += text),
    err: (text) => (err += text),
  })
  return { code, out, err }
}

/** The document that a verb prints, as the published schema has it. */
async function document<Kind extends PolicyDocument['kind']>(kind: Kind, code: number, ...words: readonly string[]) {
  const ran = await policy(...words, ...on, '--json')
  expect([ran.code, words, code === 0 ? '' : ran.err]).toEqual([code, words, code === 0 ? '' : ran.err])
  const raw: unknown = JSON.parse(ran.out)
  const read = policyDocument.parse(raw)
  expect(read).toEqual(raw)
  expect(read.kind).toBe(kind)
  return read as PolicyDocumentOf<Kind>
}

const edit = async (change: (environment: Environment) => void): Promise<void> => {
  const file = registrationFile(home)
  const read: Environment = environmentSchema.parse(parse(await readFile(file, 'utf8')))
  change(read)
  await writeFile(file, stringify(read))
}

test('status says what is live and who has it; a folder of Rego is checked, tested and simulated without being published', async () => {
  const { bundles } = await document('PolicyStatus', 0, 'status')
  expect(bundles).toMatchObject([{ bundle: 'pipeline', live: { revision: 'lab-001' } }])
  expect(bundles[0]?.opas.map(({ state }) => state)).toEqual(['live', 'live', 'live'])
  expect((await document('PolicyCheck', 0, 'check', '--folder', sources)).problems).toEqual([])
  const tested = await document('PolicyTest', 0, 'test', '--folder', sources)
  expect(tested.results.length).toBeGreaterThan(5)
  const input = join(folder, 'input.json')
  const principal = (name: string) => ({ principal: `spiffe://pipeline.example/ns/ai/sa/${name}` })
  await writeFile(
    input,
    JSON.stringify({ attributes: { source: principal('x'), destination: principal('tool-runtime') } }),
  )
  const denied = await document('PolicySimulation', 1, 'simulate', '--folder', sources, '--input', input)
  expect(denied).toMatchObject({ deployed: { decision: 'deny' }, draft: { decision: 'deny' }, problem: null })
  expect(denied.draft?.rules.some(({ path }) => path === 'pipeline/authz/authz.rego')).toBe(true)
  await document('PolicySimulation', 0, 'simulate', '--folder', sources, '--input', input, '--expect', 'deny')
  expect((await document('PolicyDrafts', 0, 'drafts')).drafts).toEqual([])
  const broken = join(folder, 'broken')
  await mkdir(broken)
  await writeFile(join(broken, 'a.rego'), 'package a\n\nallow := nosuch(1)\n')
  const found = await document('PolicyCheck', 1, 'check', '--folder', broken)
  expect(found.problems).toMatchObject([{ path: 'a.rego', row: 3, severity: 'error' }])
})

test('without --yes nothing is changed; in production the name is said once more; published it converges, and is rolled back with proof', async () => {
  const plan = await document('PolicyPublication', 0, 'publish', '--folder', sources)
  expect(plan).toMatchObject({ outcome: 'planned', pointer: 'unmoved', differences: [{ path: 'data.json' }] })
  await edit((environment) => Object.assign(environment, { production: true }))
  const refused = await policy('publish', '--folder', sources, '--yes', ...on)
  expect([refused.code, refused.out]).toEqual([2, ''])
  expect(refused.err).toContain('lab is production: say --confirm lab')
  const confirmed = ['--yes', '--confirm', 'lab']
  const published = await document('PolicyPublication', 0, 'publish', '--folder', sources, ...confirmed)
  expect(published).toMatchObject({ outcome: 'converged', pointer: 'moved', to: { revision: 'lab-002' } })
  expect(published.convergence?.opas.map(({ seconds }) => typeof seconds)).toEqual(['number', 'number', 'number'])
  const compared = await document('PolicyDifference', 1, 'diff', 'lab-001', 'live')
  expect(compared.files.map(({ path }) => path)).toEqual(['data.json'])

  await waitFor(
    'a refused request is in a decision log',
    async () => {
      const logs = lab.plan.opas.map(({ decisionLog }) => readFile(decisionLog, 'utf8').catch(() => ''))
      return (await Promise.all(logs)).join('').includes('may not call')
    },
    patient,
  )
  const back = await document('PolicyPublication', 0, 'rollback', 'lab-001', ...confirmed)
  expect(back).toMatchObject({ outcome: 'converged', to: { revision: 'lab-003' } })
  expect(back.rechecked?.some(({ before, after }) => before === 'deny' && after === 'allow')).toBe(true)
  const journal = await document('PolicyJournal', 0, 'journal')
  expect(journal.entries.toReversed().map(({ action, phase }) => `${action} ${phase}`)).toEqual(
    ['publish', 'rollback'].flatMap((verb) => [
      'change-mode.enable noted',
      `policy.${verb} begun`,
      `policy.${verb} succeeded`,
      'policy.convergence noted',
      'change-mode.disable noted',
    ]),
  )
  await edit((environment) => Object.assign(environment, { production: false }))
})

test('a gate that fails blocks, and says which', async () => {
  const test = join(sources, 'pipeline', 'authz', 'authz_test.rego')
  const whole = await readFile(test, 'utf8')
  await writeFile(test, `${whole}\ntest_that_fails if 1 == 2\n`)
  const blocked = await document('PolicyPublication', 1, 'publish', '--folder', sources, '--yes')
  expect(blocked).toMatchObject({ outcome: 'blocked', pointer: 'unmoved' })
  expect(blocked.gates.find(({ gate }) => gate === 'tests')).toMatchObject({
    outcome: 'failed',
    detail: expect.stringContaining('test_that_fails'),
  })
  await writeFile(test, whole)
})

test('kill -9 in the middle of a publication: the next start says what was begun and not ended, in a chain that verifies', async () => {
  const live = await readFile(join(lab.plan.files.bundleStore, 'bundles', 'pipeline.tar.gz'))
  let isWriting = false
  const objects = new Map<string, Buffer>()
  const store = createServer((request, response) => {
    void request.toArray().then((parts) => {
      const path = request.url ?? ''
      const there = path.endsWith('/pipeline.tar.gz') ? live : objects.get(path)
      if (request.method === 'GET') response.writeHead(there === undefined ? 404 : 200).end(there)
      else if (path.endsWith('/pipeline.tar.gz'))
        isWriting = true // and never an answer
      else {
        if (request.method === 'PUT') objects.set(path, Buffer.concat(parts))
        response.writeHead(201).end()
      }
    })
  })
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve))
  const { port } = store.address() as AddressInfo
  try {
    await edit(({ policy }) => {
      const [own] = policy?.bundles ?? []
      if (own !== undefined) own.store = { http: `http://127.0.0.1:${port}/`, method: 'put' }
    })
    await deny([])
    const child = start('publish', '--folder', sources, '--yes', ...on)
    const ended = new Promise((resolve) => child.on('close', resolve))
    await waitFor('the pointer is being written', async () => isWriting, patient)
    child.kill('SIGKILL')
    await ended
    const journal = await document('PolicyJournal', 3, 'journal')
    expect(journal).toMatchObject({ intact: true, problem: null })
    expect(journal.unfinished).toMatchObject([{ action: 'policy.publish', phase: 'begun' }])
    expect(journal.entries[0]).toMatchObject({ action: 'journal.unfinished', begunBy: journal.unfinished[0]?.number })
    expect((await policy('journal', ...on)).err).toContain('begun by an Everyhop that ended in the middle')
  } finally {
    store.closeAllConnections()
    await new Promise((resolve) => store.close(resolve))
  }
})

test('what is wrongly written is a sentence and the exit code for it', async () => {
  for (const words of [
    ['publish', ...on],
    ['simulate', ...on],
    ['status'],
    ['diff', 'live', ...on],
    ['rollback', ...on],
  ]) {
    expect([words, (await policy(...words)).code]).toEqual([words, 2])
  }
})
