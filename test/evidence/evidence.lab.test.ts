import { execFile } from 'node:child_process'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import type { RecordKind } from '../../electron/core/log-store.ts'
import { auditorReadme, filesCommand, signatureCommand } from '../../electron/evidence/verify/auditor-readme.ts'
import { type Composed, composeService } from '../../electron/service/compose.ts'
import { type DataFolder, takeDataFolder } from '../../electron/service/data-folder.ts'
import { connectInProcess, type ServiceClient } from '../../electron/service/in-process.ts'
import { type ArtefactId, artefactIds, type PackSummary, type Period } from '../../shared/domain/evidence/model.ts'
import { registrationFile } from '../lab/environment-file.ts'
import { type Lab, startLab } from '../lab/lab.ts'
import { decisionsNotTold, type LabRecords, labRecords } from './lab-records.ts'

/**
 * The whole way on the real servers: the lab runs, faults are injected, a pack is made, and somebody who has nothing of Everyhop
 * checks it in an empty folder. Each fault stands in its artefact with the lab's own counts, and what was not read is a gap.
 */

/** A first run builds the servers. */
const buildMs = 25 * 60_000
const run = promisify(execFile)
const partial = 'lab-partial'
/** A fault lasts until the lab's own logs tell of it so often. */
const faults = [
  ['policy-denies', 'denied', 3],
  ['vault-denied', 'vaultDenied', 3],
  ['broken-stage-signature', 'integrityFailed', 3],
  ['unsigned-image-admitted', 'violations', 1],
] as const
/** A busy machine is no failure; each look reads whole logs. */
const patient = { timeout: 180_000, interval: 1_000 }

let folder: string
let lab: Lab
let data: DataFolder
let service: Composed
let door: { readonly client: ServiceClient; close(): void }
let period: Period
let truth: LabRecords
let packs: Readonly<Record<string, PackSummary>>
let unpacked: Readonly<Record<string, string>>
let suspended: Period
let startedAt: number

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eh-evidence-'))
  const home = join(folder, 'home')
  lab = await startLab({ runFolder: join(folder, 'lab'), home, tier: 3, windowSeconds: 12, requestsPerSecond: 6 })
  await registerPartial(home)
  data = takeDataFolder(join(folder, 'data'))
  service = composeService('cli', home, data)
  door = connectInProcess(service.router, service.log)
  const held = await Promise.all(['lab', partial].map((name) => service.sessions.hold(name)))
  await vi.waitFor(everythingIsRead, patient)
  const from = Date.now()
  startedAt = from
  for (const [fault, tells, often] of faults) {
    const since = Date.now()
    await lab.inject(fault)
    const isTold = async () => (await labRecords(lab, { from: since, to: Date.now() }))[tells] >= often
    await vi.waitUntil(isTold, patient)
    await lab.heal()
  }
  // The last one: by now the history has settled.
  await plaintextUntilRemembered()
  await door.client.changes.enable({ environment: 'lab', minutes: 1, typed: null })
  await door.client.changes.disable({ environment: 'lab' })
  suspended = { from: Date.now(), to: Date.now() }
  service.sessions.power('suspend')
  await watchedFor(3_000)
  service.sessions.power('resume')
  suspended = { ...suspended, to: Date.now() }
  await vi.waitFor(isWatchedAgain, patient)
  period = { from, to: Date.now() }
  truth = await vi.waitFor(toldAndKept, patient)
  packs = { lab: await makePack('lab'), [partial]: await makePack(partial) }
  unpacked = Object.fromEntries(
    await Promise.all(Object.values(packs).map(async (pack) => [pack.environment, await unpack(pack)] as const)),
  )
  for (const { release } of held) release()
}, buildMs)

afterAll(async () => {
  door?.close()
  await service?.stop()
  data?.release()
  await lab?.stop()
  await rm(folder, { recursive: true, force: true })
}, 120_000)

/** The same pipeline without Vault's audit log, with a file of integrity events that is not there, and one OPA's decisions missing. */
async function registerPartial(home: string): Promise<void> {
  const whole = z
    .looseObject({ sources: z.looseObject({ logs: z.array(z.looseObject({ id: z.string(), record: z.string() })) }) })
    .parse(parse(await readFile(registrationFile(home), 'utf8')))
  const logs = whole.sources.logs
    .filter(({ id, record }) => record !== 'vault-audit' && id !== 'opa-shared.decisions')
    .map((log) => (log.record === 'integrity-events' ? { ...log, file: join(folder, 'nowhere.ndjson') } : log))
  const environment = { ...whole, name: partial, sources: { ...whole.sources, logs } }
  await writeFile(registrationFile(home, partial), stringify(environment))
}

/** What is read at first is no event of the pipeline: the fault is made again until the history has settled and tells of it. */
async function plaintextUntilRemembered(): Promise<void> {
  let isTold = false
  for (let tries = 0; tries < 6 && !isTold; tries += 1) {
    await lab.inject('plaintext-hop')
    isTold = await vi.waitFor(plaintextIsRemembered, { timeout: 15_000, interval: 500 }).then(
      () => true,
      () => false,
    )
    await lab.heal()
  }
  expect(isTold).toBe(true)
}

async function plaintextIsRemembered(): Promise<void> {
  for (const environment of ['lab', partial]) {
    const { events } = await door.client.history.timeline({ environment, from: startedAt, to: Date.now() + 1 })
    expect(JSON.stringify(events)).toContain('plaintext')
  }
}

async function everythingIsRead(): Promise<void> {
  for (const environment of ['lab', partial]) {
    const health = await door.client.environments.health({ environment })
    expect(health.filter(({ pending }) => pending > 0)).toEqual([])
    expect(health.length).toBeGreaterThan(3)
    expect((await door.client.history.range({ environment })).to).not.toBeNull()
  }
}

async function keptBy(environment: string, record: RecordKind, { from, to }: Period): Promise<number> {
  await service.logStores.settle(environment)
  const store = await service.logStores.of(environment)
  // A window has its end, a period has not.
  const window = { from, to: to - 1 }
  const { records, complete } = await store.records({ record, window, text: null, limit: 100_000 })
  expect(complete).toBe(true)
  return records.length
}

async function isWatchedAgain(): Promise<void> {
  for (const environment of ['lab', partial]) {
    const since = { from: suspended.to, to: Date.now() }
    expect(await keptBy(environment, 'opa-decisions', since)).toBeGreaterThan(0)
  }
}

/** The lab's own counts, when its logs have told everything of the period, and Everyhop has kept as much. */
async function toldAndKept(): Promise<LabRecords> {
  expect(await decisionsNotTold(lab.plan, period)).toEqual([])
  const told = await labRecords(lab, period)
  const kinds = ['opa-decisions', 'vault-audit', 'spire-audit', 'integrity-events'] as const
  expect(await Promise.all(kinds.map((kind) => keptBy('lab', kind, period)))).toEqual([
    told.decisions,
    told.vaultLines,
    told.spireLines,
    told.integrityEvents,
  ])
  return told
}

function watchedFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function makePack(environment: string): Promise<PackSummary> {
  const keyFile = join(folder, 'organisation.pem')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' }).catch(
    () => {},
  )
  const stream = await door.client.evidence.build({
    environment,
    period,
    key: { kind: 'file', file: keyFile },
    out: join(folder, `${environment}.zip`),
    purpose: 'test of the lab',
    nonce: 'given by the auditor',
  })
  let pack: PackSummary | null = null
  for await (const event of stream) if (event.type === 'sealed') pack = event.pack
  if (pack === null) throw new Error('no pack was sealed')
  return pack
}

/** An auditor's folder: the pack, the organisation's public key, the published verifier, and nothing of Everyhop. */
async function unpack(pack: PackSummary): Promise<string> {
  const place = join(folder, `auditor-${pack.environment}`)
  await mkdir(place)
  await copyFile(pack.file, join(place, `${pack.packId}.zip`))
  await copyFile(join(import.meta.dirname, '../../electron/evidence/verify/verify.py'), join(place, 'verify.py'))
  const key = createPublicKey(await readFile(join(folder, 'organisation.pem')))
  await writeFile(join(place, 'organisation.pub.pem'), key.export({ type: 'spki', format: 'pem' }))
  await run('python3', ['-m', 'zipfile', '-e', `${pack.packId}.zip`, '.'], { cwd: place })
  return place
}

const metaOf = z.looseObject({
  records: z.number(),
  exceptions: z.number(),
  result: z.looseObject({ state: z.string() }),
  population: z.looseObject({
    count: z.number().nullable(),
    control: z.looseObject({ value: z.number(), difference: z.number() }).nullable(),
    gaps: z.array(z.looseObject({ source: z.string(), from: z.number(), to: z.number().nullable(), why: z.string() })),
  }),
})

function folderOf(environment: string, id: ArtefactId): string {
  const place = unpacked[environment] ?? ''
  const nn = String(artefactIds.indexOf(id) + 1).padStart(2, '0')
  return join(place, packs[environment]?.packId ?? '', 'data', 'artefacts', `${nn}-${id}`)
}

async function meta(environment: string, id: ArtefactId) {
  return metaOf.parse(JSON.parse(await readFile(join(folderOf(environment, id), 'meta.json'), 'utf8')))
}

/** Lines of the files whose name begins so. */
async function lines(
  environment: string,
  id: ArtefactId,
  name: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const at = folderOf(environment, id)
  const names = (await readdir(at)).filter((file) => file.startsWith(name) && file.endsWith('.ndjson')).sort()
  const texts = await Promise.all(names.map((file) => readFile(join(at, file), 'utf8')))
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line))),
  )
}

test.each(['lab', partial])(
  'the pack of %s is intact to verify.py, with the gaps that it names, in a folder without Everyhop',
  async (environment) => {
    const cwd = unpacked[environment] ?? ''
    const { packId } = packs[environment] ?? { packId: '' }
    const answer = await run('python3', ['verify.py', `${packId}.zip`, '--key', 'organisation.pub.pem', '--json'], {
      cwd,
      env: { PATH: process.env['PATH'] },
    }).then(
      () => ({ code: 0, stdout: '' }),
      (reason: { readonly code: number; readonly stdout: string; readonly stderr: string }) => reason,
    )
    expect(answer).toMatchObject({ code: 2 })
    // The lab was not watched while it "slept", and that is said.
    expect(answer.stdout).toContain('asleep')
  },
)

test('the three commands of README.txt say the same with sha256sum and openssl alone', async () => {
  const { packId } = packs['lab'] ?? { packId: '' }
  const cwd = join(unpacked['lab'] ?? '', packId)
  const readme = await readFile(join(cwd, 'README.txt'), 'utf8')
  expect(readme).toBe(auditorReadme(packId, packs['lab']?.keyFingerprint ?? ''))
  const files = await run('bash', ['-c', filesCommand], { cwd })
  expect(files.stdout).toContain('FILES OK')
  const signature = await run('bash', ['-c', `KEY=../organisation.pub.pem\n${signatureCommand}`], { cwd })
  expect(signature.stdout).toContain('SIGNATURE OK')
})

test('every decision that the OPAs logged is in the pack, and each that denied', async () => {
  const decisions = await lines('lab', 'decisions', 'opa-decisions')
  expect(truth.denied).toBeGreaterThan(0)
  expect({
    decisions: decisions.length,
    denied: decisions.filter(
      ({ result }) => z.looseObject({ allowed: z.boolean() }).safeParse(result).data?.allowed === false,
    ).length,
  }).toEqual({ decisions: truth.decisions, denied: truth.denied })
  const { population } = await meta('lab', 'decisions')
  expect(population.count).toBe(truth.decisions)
  // Each request of which an Envoy names the decision has it.
  expect(population.control).toMatchObject({ difference: 0 })
})

test('every request to Vault is in the pack, and each that was denied is an exception', async () => {
  expect(truth.vaultDenied).toBeGreaterThan(0)
  expect(await lines('lab', 'jit-credentials', 'vault-audit')).toHaveLength(truth.vaultLines)
  const { exceptions } = await meta('lab', 'jit-credentials')
  expect(exceptions).toBeGreaterThanOrEqual(truth.vaultDenied)
})

test('every signature that did not hold is a violation of the pipeline’s integrity', async () => {
  expect(truth.integrityFailed).toBeGreaterThan(0)
  const events = await lines('lab', 'pipeline-integrity', 'integrity-events')
  expect({
    events: events.length,
    failed: events.filter(({ outcome }) => outcome === 'failed').length,
  }).toEqual({ events: truth.integrityEvents, failed: truth.integrityFailed })
  const { result, exceptions } = await meta('lab', 'pipeline-integrity')
  expect(exceptions).toBeGreaterThanOrEqual(truth.integrityFailed)
  expect(result.state).not.toBe('operated')
})

test('every call to SPIRE that its audit log has is in the pack', async () => {
  expect(truth.spireLines).toBeGreaterThan(0)
  expect(await lines('lab', 'svid-issuance', 'spire-audit')).toHaveLength(truth.spireLines)
})

test('what admission let in unasked, or refused, is a violation, and the denominator are all reviews', async () => {
  expect(truth.violations).toBeGreaterThan(0)
  const { population, exceptions } = await meta('lab', 'binary-authorisation')
  expect({ count: population.count, exceptions }).toEqual({ count: truth.reviews, exceptions: truth.violations })
})

test('the hop that was in plain text is told of by the coverage and by the changes of the graph', async () => {
  const coverage = JSON.stringify(await lines('lab', 'mtls-coverage', ''))
  const changes = JSON.stringify(await lines('lab', 'trust-graph', ''))
  expect(coverage).toContain('plaintext')
  expect(changes).toContain('plaintext')
})

test('who let changes be made, and when that ended, stands in the actions', async () => {
  expect(JSON.stringify(await lines('lab', 'actions', 'journal'))).toContain('change-mode.enable')
})

test('the time that nobody watched is a gap of every artefact that needed watching', async () => {
  for (const id of ['decisions', 'jit-credentials', 'mtls-coverage', 'trust-graph'] as const) {
    const { population, result } = await meta('lab', id)
    expect({
      id,
      gap: population.gaps.some(
        ({ why, from, to }) => why === 'asleep' && from <= suspended.from + 2_000 && (to ?? 0) >= suspended.to - 2_000,
      ),
    }).toEqual({ id, gap: true })
    expect(result.state).not.toBe('operated')
  }
})

test('sources that are missing are gaps, and what they would have told is never operated', async () => {
  const jit = await meta(partial, 'jit-credentials')
  expect(jit.result.state).toBe('not-evaluated')
  expect(jit.population.gaps).toContainEqual(expect.objectContaining({ why: 'not-configured' }))
  const integrity = await meta(partial, 'pipeline-integrity')
  expect(integrity.result.state).toBe('insufficient')
  expect(integrity.population.gaps).toContainEqual(
    expect.objectContaining({ source: 'logs/integrity', why: 'unreachable' }),
  )
  const decisions = await meta(partial, 'decisions')
  expect(decisions.result.state).toBe('insufficient')
  expect(decisions.population.gaps).toContainEqual(expect.objectContaining({ source: 'opa/opa-shared', why: 'silent' }))
  // What the pack as a whole lacks is what its artefacts lack.
  expect(packs[partial]?.gaps.map(({ source }) => source)).toEqual(
    expect.arrayContaining(['logs/integrity', 'opa/opa-shared']),
  )
})
