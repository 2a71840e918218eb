import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type BuildEvent, evidenceBuildInput } from '../../shared/contract/evidence.ts'
import { decisionHeads, decisionsArtefact, makerParts } from '../../test/builders/evidence-maker.ts'
import { artefactOf, newKey, packPeriod } from '../../test/builders/pack-parts.ts'
import { temporaryFolder } from '../../test/builders/temporary-folder.ts'
import { Failure } from '../core/failure.ts'
import type { EvidenceHandlers } from './handlers.ts'
import { createEvidenceHandlers } from './maker.ts'
import type { MakerParts } from './maker-parts.ts'

const keys = { organisation: newKey(), device: newKey() }
const heads = decisionHeads(keys.device, 2500)
const never = new AbortController().signal

async function maker(more: Partial<MakerParts> = {}, folder?: string) {
  const at = folder ?? (await temporaryFolder())
  const parts = await makerParts(at, keys, { artefacts: [decisionsArtefact(heads)], heads: heads.heads, ...more })
  onTestFinished(() => parts.closeJournal())
  return { folder: at, packs: join(at, 'evidence'), handlers: createEvidenceHandlers(parts), parts }
}

function input(more: Readonly<Record<string, unknown>> = {}) {
  return evidenceBuildInput.parse({ environment: 'prod-eu', period: packPeriod, artefacts: ['decisions'], ...more })
}

async function make(handlers: EvidenceHandlers, given = input(), signal = never): Promise<readonly BuildEvent[]> {
  const events: BuildEvent[] = []
  for await (const event of handlers.build(given, signal)) events.push(event)
  return events
}

/** The same seals, as of a playground. */
function inMemory(of: typeof heads): Partial<MakerParts> {
  return { heads: of.heads, assurance: 'memory' } as Partial<MakerParts>
}

/** Names of everything that is left of packs. */
function leftIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).toSorted() : []
}

test('a pack has its name, its hash beside it, a place on the list, and was verified before it was handed out', async () => {
  const { handlers, packs, parts, folder } = await maker()
  const events = await make(handlers)
  const last = events.at(-1)
  if (last?.type !== 'sealed') throw new Error('not sealed')
  expect(last.result).toMatchObject({ integrity: 'intact', completeness: 'complete', exitCode: 0 })
  const { pack } = last
  expect(pack).toMatchObject({ packId: 'EP-2026-0001', environment: 'prod-eu', file: join(packs, 'EP-2026-0001.zip') })
  const zip = readFileSync(pack.file)
  expect(pack.sha256).toBe(createHash('sha256').update(zip).digest('hex'))
  expect(pack.bytes).toBe(zip.length)
  expect(readFileSync(`${pack.file}.sha256`, 'utf8')).toBe(`${pack.sha256}  EP-2026-0001.zip\n`)
  expect(leftIn(packs)).toEqual(['EP-2026-0001.zip', 'EP-2026-0001.zip.sha256', 'packs.ndjson'])
  expect(await handlers.packs({ environment: 'prod-eu' })).toEqual([pack])
  // The next one names the one before, and is held against it.
  const next = (await make(handlers)).at(-1)
  if (next?.type !== 'sealed') throw new Error('not sealed')
  expect(next.pack.packId).toBe('EP-2026-0002')
  expect(next.result.steps.find(({ step }) => step === 'previous-pack')?.outcome).toBe('passed')
  // Another process that has the folder later knows both.
  const again = createEvidenceHandlers({ ...parts })
  expect((await again.packs({ environment: 'prod-eu' })).map(({ packId }) => packId)).toEqual([
    'EP-2026-0002',
    'EP-2026-0001',
  ])
  const { sources } = await parts.sourcesOf('prod-eu')
  const entries = await sources.journal.list('prod-eu', 10, null)
  expect(entries.map(({ action, phase }) => `${action} ${phase}`).toReversed()).toEqual([
    'evidence.create begun',
    'evidence.create succeeded',
    'evidence.create begun',
    'evidence.create succeeded',
  ])
  await rm(pack.file)
  expect((await again.packs({ environment: 'prod-eu' })).at(-1)).toMatchObject({ packId: 'EP-2026-0001', bytes: null })
  expect(folder).not.toBe('')
})

test('stopped in the middle, nothing is kept, and it is written down that it was stopped', async () => {
  const stop = new AbortController()
  const artefacts = [
    decisionsArtefact(heads, async () => {
      stop.abort(new Error('enough'))
    }),
  ]
  const { handlers, packs, parts } = await maker({ artefacts })
  await expect(make(handlers, input(), stop.signal)).rejects.toThrow('enough')
  expect(leftIn(packs)).toEqual([])
  const { sources } = await parts.sourcesOf('prod-eu')
  expect((await sources.journal.list('prod-eu', 1, null))[0]).toMatchObject({
    phase: 'failed',
    details: { why: 'stopped' },
  })
})

test('whoever leaves while it is made keeps nothing', async () => {
  const artefacts = [
    artefactOf('decisions', async (to, signal) => {
      for (let at = 0; ; at += 1) {
        signal.throwIfAborted()
        await to.lines('one', [{ record: { at }, isException: false }])
        if (at > 100) await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }),
  ]
  const { handlers, packs } = await maker({ artefacts })
  const events = handlers.build(input(), never)
  const first = await events.next()
  expect(first.value).toMatchObject({ type: 'progress', packId: 'EP-2026-0001', step: 'collect' })
  expect(leftIn(packs).some((name) => /^EP-2026-0001\.zip\.partial-[0-9a-f]{16}$/.test(name))).toBe(true)
  await expect(make(handlers)).rejects.toThrow('A pack of prod-eu is being made already.')
  await events.return()
  expect(leftIn(packs)).toEqual([])
})

test('what is there is never overwritten', async () => {
  const { handlers, folder } = await maker()
  const out = join(folder, 'mine.zip')
  writeFileSync(out, 'mine')
  await expect(make(handlers, input({ out }))).rejects.toThrow('is there already, and a pack never overwrites anything')
  expect(readFileSync(out, 'utf8')).toBe('mine')
  // Also when it came while the pack was made.
  const late = join(folder, 'late.zip')
  const artefacts = [decisionsArtefact(heads, async () => writeFileSync(late, 'others'))]
  const { handlers: others } = await maker({ artefacts }, folder)
  await expect(make(others, input({ out: late }))).rejects.toThrow('is there already')
  expect(readFileSync(late, 'utf8')).toBe('others')
  expect(leftIn(folder).filter((name) => name.includes('partial'))).toEqual([])
})

test.each([
  ['relative.zip', 'is not the whole path of a file'],
  ['/proc/no/pack.zip', 'cannot be written'],
])('a place that cannot be is said: %s', async (out, sentence) => {
  const { handlers } = await maker()
  await expect(make(handlers, input({ out }))).rejects.toThrow(sentence)
})

test('a period that ends in the future is no evidence', async () => {
  const { handlers } = await maker()
  const period = { from: packPeriod.from, to: packPeriod.to + 10 * 3_600_000 }
  await expect(make(handlers, input({ period }))).rejects.toThrow('The period ends in the future')
  await expect(handlers.plan(input({ period }), never)).rejects.toThrow('The period ends in the future')
})

test('a key that cannot sign is said before anything is collected', async () => {
  let collected = false
  const artefacts = [
    decisionsArtefact(heads, async () => {
      collected = true
    }),
  ]
  const signerOf = () => Promise.reject(new Failure('locked', 'org.pem', 'The key is encrypted.'))
  const { handlers, packs } = await maker({ artefacts, signerOf })
  await expect(make(handlers)).rejects.toThrow('The key is encrypted.')
  expect([collected, leftIn(packs)]).toEqual([false, []])
})

test('a signature of another key than was said is found before the pack is handed out', async () => {
  const other = newKey()
  const { parts } = await maker()
  const honest = await parts.signerOf('prod-eu', null, never)
  const { handlers, packs } = await maker({ signerOf: async () => ({ ...honest, publicKey: other.publicPem }) })
  await expect(make(handlers)).rejects.toThrow(/The pack that was made does not verify \(signature: /)
  expect(leftIn(packs)).toEqual([])
})

test('a disk without room is said before anything is written', async () => {
  const { handlers, packs, parts } = await maker()
  const held = await parts.sourcesOf('prod-eu')
  const logs = { ...held.sources.logs, state: async () => ({ records: { 'opa-decisions': 1e15 } }) }
  const sourcesOf = async () => ({ ...held, sources: { ...held.sources, logs } }) as unknown as typeof held
  const { handlers: full } = await maker({ sourcesOf })
  await expect(make(full)).rejects.toThrow(/The pack may need [\d,]+ MB in .* are free/)
  expect(leftIn(packs)).toEqual([])
  expect(handlers).toBeDefined()
})

test('a disk that gets full is named, and nothing is kept', async () => {
  const artefacts = [
    artefactOf('decisions', () => {
      const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
      return Promise.reject(full)
    }),
  ]
  const { handlers, packs } = await maker({ artefacts })
  await expect(make(handlers)).rejects.toThrow(/The disk of .* is full: no pack was made, and nothing of it was kept/)
  expect(leftIn(packs)).toEqual([])
})

test('a pack is saved elsewhere whole, and never over something', async () => {
  const { handlers, folder } = await maker()
  await make(handlers)
  const to = join(folder, 'for-auditor.zip')
  const packId = 'EP-2026-0001'
  expect(await handlers.save({ environment: 'prod-eu', packId, file: to })).toEqual({ file: to })
  expect(readFileSync(`${to}.sha256`, 'utf8')).toMatch(/^[0-9a-f]{64} {2}for-auditor\.zip\n$/)
  await expect(handlers.save({ environment: 'prod-eu', packId, file: to })).rejects.toThrow('is there already')
  await expect(handlers.save({ environment: 'prod-eu', packId: 'EP-2026-0009', file: `${to}2` })).rejects.toThrow(
    'not in the list',
  )
  const changed = join(folder, 'changed.zip')
  appendFileSync(join(folder, 'evidence', `${packId}.zip`), 'x')
  await expect(handlers.save({ environment: 'prod-eu', packId, file: changed })).rejects.toThrow('changed or replaced')
  expect(existsSync(changed)).toBe(false)
  expect(leftIn(folder).filter((name) => name.includes('partial'))).toEqual([])
})

test('the report of a pack is shown as it was sealed, and of a file that was changed not at all', async () => {
  const { handlers, packs } = await maker()
  await make(handlers)
  const packId = 'EP-2026-0001'
  const file = join(packs, `${packId}.zip`)
  expect((await handlers.report({ environment: 'prod-eu', packId })).html).toContain(`<title>${packId}</title>`)
  appendFileSync(file, 'x')
  await expect(handlers.report({ environment: 'prod-eu', packId })).rejects.toThrow('not the pack that was made')
  await rm(file)
  await expect(handlers.report({ environment: 'prod-eu', packId })).rejects.toThrow('no longer where it was put')
  await expect(handlers.report({ environment: 'prod-eu', packId: 'EP-2026-0009' })).rejects.toThrow('not in the list')
})

test('what a crash left is put in order: only what is ours goes, and a pack that got its name is on the list', async () => {
  const { handlers, packs, parts } = await maker()
  await make(handlers)
  const [pack] = await handlers.packs({ environment: 'prod-eu' })
  if (pack === undefined) throw new Error('no pack')
  const entry = JSON.parse(readFileSync(join(packs, 'packs.ndjson'), 'utf8')) as Record<string, unknown>
  // As if it had been killed after the pack got its name, and before it was put on the list.
  await rm(join(packs, 'packs.ndjson'))
  const work = `${pack.file}.partial-0123456789abcdef`
  mkdirSync(join(work, 'bag'), { recursive: true })
  writeFileSync(join(packs, 'making.json'), JSON.stringify({ work, out: pack.file, entry }))
  mkdirSync(join(packs, 'other.partial-notes'))
  const after = createEvidenceHandlers({ ...parts })
  expect(await after.packs({ environment: 'prod-eu' })).toEqual([pack])
  expect(leftIn(packs)).toEqual([
    basename(pack.file),
    `${basename(pack.file)}.sha256`,
    'other.partial-notes',
    'packs.ndjson',
  ])
})

test('a list of packs that was damaged keeps the lines that can be read', async () => {
  const { handlers, packs, parts } = await maker()
  await make(handlers)
  const list = join(packs, 'packs.ndjson')
  writeFileSync(list, `{"half":\n${readFileSync(list, 'utf8')}`)
  const after = createEvidenceHandlers({ ...parts })
  expect((await after.packs({ environment: 'prod-eu' })).length).toBe(1)
  await make(after)
  expect(readFileSync(list, 'utf8')).toMatch(/^\{"half":\n/)
})

test('a secret in what was typed is in no journal either', async () => {
  const { handlers, parts } = await maker()
  const purpose = ['hvs', 'CAESIJ1fQ2m5J8zX3kV7pR4tY6uB9nL0'].join('.')
  await expect(make(handlers, input({ purpose }))).rejects.toThrow('a Vault token is in the purpose, line 1')
  const { sources } = await parts.sourcesOf('prod-eu')
  expect(await sources.journal.list('prod-eu', 10, null)).toEqual([])
})

test('seals in memory begin anew with each run: the chain of packs goes on within one, and not over it', async () => {
  const { handlers: first, folder } = await maker(inMemory(heads))
  await make(first)
  const second = (await make(first)).at(-1)
  if (second?.type !== 'sealed') throw new Error('not sealed')
  expect(second.result.steps.find(({ step }) => step === 'previous-pack')?.finding.code).toBe('previous-ok')
  const others = decisionHeads(keys.device, 2500)
  const { handlers: later } = await maker({ ...inMemory(others), artefacts: [decisionsArtefact(others)] }, folder)
  const third = (await make(later)).at(-1)
  if (third?.type !== 'sealed') throw new Error('not sealed')
  expect([third.pack.packId, third.result.integrity]).toEqual(['EP-2026-0003', 'intact'])
  expect(third.result.steps.find(({ step }) => step === 'previous-pack')?.finding.code).toBe('previous-first')
})

test('seals that are kept and are not those of the pack before make no pack', async () => {
  const { handlers, folder, packs } = await maker()
  await make(handlers)
  const others = decisionHeads(keys.device, 2500)
  const { handlers: later } = await maker(
    { artefacts: [decisionsArtefact(others)], heads: others.heads } as Partial<MakerParts>,
    folder,
  )
  await expect(make(later)).rejects.toThrow(/The pack that was made does not verify \(previous-pack: /)
  expect(leftIn(packs).filter((name) => name.endsWith('.zip'))).toEqual(['EP-2026-0001.zip'])
})
