import { execFileSync } from 'node:child_process'
import { createHash, verify } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseEnvelope, preAuthenticationEncoding } from '../../../shared/domain/evidence/dsse.ts'
import { createMerkleTree, leafHash } from '../../../shared/domain/evidence/merkle.ts'
import type { ArtefactMeta, PackIndex } from '../../../shared/domain/evidence/model.ts'
import { readPackStatement } from '../../../shared/domain/evidence/statement.ts'
import {
  artefactOf,
  newKey,
  packRequest,
  sealedLines,
  signerOf,
  takeAll,
  wholePopulation,
} from '../../../test/builders/pack-parts.ts'
import { temporaryFolder } from '../../../test/builders/temporary-folder.ts'
import type { Artefact } from '../artefact.ts'
import type { PackRequest, WrittenPack } from './request.ts'
import { newProgress, writePack } from './write-pack.ts'

const organisation = newKey()
const device = newKey()
const never = new AbortController().signal
const keys = { signer: signerOf(organisation), deviceKey: device.publicPem }
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

interface Made {
  readonly written: WrittenPack
  readonly bag: string
  readonly progress: ReturnType<typeof newProgress>
  read(path: string): string
  meta(folder: string): ArtefactMeta
  readonly index: PackIndex
}

async function make(artefacts: readonly Artefact[], more: Partial<PackRequest> = {}): Promise<Made> {
  const work = await temporaryFolder()
  const request = packRequest(artefacts, { ...keys, ...more })
  const progress = newProgress(request)
  const written = await writePack(work, request, progress, never)
  const bag = join(work, 'bag')
  const read = (path: string): string => readFileSync(join(bag, path), 'utf8')
  return {
    written,
    bag,
    progress,
    read,
    meta: (folder) => JSON.parse(read(`data/artefacts/${folder}/meta.json`)) as ArtefactMeta,
    index: JSON.parse(read('data/index.json')) as PackIndex,
  }
}

const decision = (at: number, allowed = true): string => JSON.stringify({ decision_id: `d${at}`, result: { allowed } })
const sealed = sealedLines(device, 'opa-decisions', [
  [decision(0), decision(1, false), decision(2)],
  [decision(3), decision(4)],
])

function decisions(): Artefact {
  return artefactOf('decisions', async (to) => {
    for (const head of sealed.lines) {
      await to.sealed(
        'opa-decisions',
        takeAll(head, ({ line }) => line?.includes('false') ?? false),
      )
    }
    await to.row('counts', ['hour', 'outcome', 'count'])
    await to.row('counts', ['2026-10-01T10:00:00Z', '=deny()', 5])
    return undefined
  })
}

function rootOf(lines: readonly string[]): string {
  const tree = createMerkleTree(sha256)
  for (const line of lines) tree.add(leafHash(sha256, Buffer.from(line)))
  return Buffer.from(tree.root()).toString('hex')
}

test('a pack is a bag that plain tools check, signed over the hash of its tag manifest', async () => {
  const { bag, read, index, written } = await make([decisions()], { heads: sealed.heads })
  for (const manifest of ['manifest-sha256.txt', 'tagmanifest-sha256.txt']) {
    execFileSync('sha256sum', ['-c', '--strict', '--quiet', manifest], { cwd: bag })
  }
  const inManifests = (read('manifest-sha256.txt') + read('tagmanifest-sha256.txt'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(66))
  const all = readdirSync(bag, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(bag.length + 1))
  expect(all.toSorted()).toEqual([...inManifests, 'tagmanifest-sha256.txt', 'signatures/pack.dsse.json'].toSorted())
  const { envelope } = parseEnvelope(read('signatures/pack.dsse.json'))
  if (envelope === null) throw new Error('no envelope')
  const signed = preAuthenticationEncoding(envelope.payloadType, envelope.payload)
  const signature = envelope.signatures[0]?.signature ?? new Uint8Array()
  expect(verify('sha256', signed, organisation.publicPem, signature)).toBe(true)
  const statement = readPackStatement(Buffer.from(envelope.payload).toString())
  expect(statement).toMatchObject({
    tagManifestSha256: createHash('sha256').update(read('tagmanifest-sha256.txt')).digest('hex'),
    predicate: { packId: 'EP-2026-0001', deviceKey: index.deviceKey, heads: { count: 2, first: 1, last: 2 }, gaps: 0 },
  })
  expect(written.statementSha256).toBe(createHash('sha256').update(envelope.payload).digest('hex'))
  expect(read('bag-info.txt')).toContain(`Payload-Oxum: ${statement.predicate?.payloadOxum}\n`)
})

test('sealed lines are there word for word, a file a head, with one tree over all of them', async () => {
  const { meta, read, progress } = await make([decisions()], { heads: sealed.heads })
  const { files, merkle, records, exceptions, result } = meta('08-decisions')
  expect(files).toEqual([
    {
      name: 'opa-decisions-000001.ndjson',
      lines: 3,
      sealed: { head: 1, stream: 'opa-decisions', size: 3, withheld: null },
    },
    {
      name: 'opa-decisions-000002.ndjson',
      lines: 2,
      sealed: { head: 2, stream: 'opa-decisions', size: 2, withheld: null },
    },
  ])
  const lines = sealed.lines.flat().map(({ line }) => line ?? '')
  expect(read('data/artefacts/08-decisions/opa-decisions-000002.ndjson')).toBe(`${lines.slice(3).join('\n')}\n`)
  expect([records, exceptions, merkle]).toEqual([5, 1, { size: 5, root: rootOf(lines) }])
  // One deviated: the artefact said that it operated, the rule does not let it.
  expect(result.state).toBe('exception')
  expect(progress.artefacts).toMatchObject([{ id: 'decisions', records: 5, exceptions: 1, state: 'exception' }])
  expect(read('data/exceptions.csv').split('\n').slice(0, 2)).toEqual([
    'artefact,file,line,record',
    'decisions,opa-decisions-000001.ndjson,2,"{""decision_id"":""d1"",""result"":{""allowed"":false}}"',
  ])
  expect(read('data/artefacts/08-decisions/counts.csv')).toContain(",'=deny(),5\n")
  expect(JSON.parse(read('data/redaction.json'))).toMatchObject({ prefixedCells: 1 })
})

test('what was changed after it was sealed, or is held no more, is only there as its leaf', async () => {
  const [first = []] = sealed.lines
  const touched = first.map((line) => (line.index === 0 ? { ...line, line: 'other', changed: true } : line))
  const gone = touched.map((line) => (line.index === 2 ? { ...line, line: null } : line))
  const artefact = artefactOf('decisions', async (to) => {
    await to.sealed('opa-decisions', takeAll(gone))
    return undefined
  })
  const { meta, read } = await make([artefact], { heads: sealed.heads.slice(0, 1) })
  expect(meta('08-decisions').files).toEqual([
    {
      name: 'opa-decisions-000001.ndjson',
      lines: 1,
      sealed: { head: 1, stream: 'opa-decisions', size: 3, withheld: 'withheld-1-opa-decisions.ndjson' },
    },
  ])
  expect(read('data/artefacts/08-decisions/withheld-1-opa-decisions.ndjson')).toBe(
    `{"i":0,"leaf":"${first[0]?.leaf}"}\n{"i":2,"leaf":"${first[2]?.leaf}"}\n`,
  )
  expect(read('data/artefacts/08-decisions/opa-decisions-000001.ndjson')).toBe(`${first[1]?.line}\n`)
})

test('a head of which an artefact leaves a leaf out makes no pack', async () => {
  const [first = []] = sealed.lines
  const short = artefactOf('decisions', async (to) => {
    await to.sealed('opa-decisions', takeAll(first.slice(0, 2)))
    return undefined
  })
  await expect(make([short], { heads: sealed.heads })).rejects.toThrow('has 2 leaves of head 1, which sealed 3')
  const holed = artefactOf('decisions', async (to) => {
    await to.sealed('opa-decisions', takeAll(first.slice(1)))
    return undefined
  })
  await expect(make([holed], { heads: sealed.heads })).rejects.toThrow('Line 0 of head 1 (opa-decisions) is missing')
})

test('samples are lines word for word, and the same of the same nonce', async () => {
  const many = artefactOf('actions', async (to) => {
    const lines = Array.from({ length: 1200 }, (_, number) => ({
      record: { number, text: 'ü'.repeat(number % 7) },
      isException: false,
    }))
    await to.lines('journal', lines.slice(0, 700))
    await to.lines('other', lines.slice(700, 710))
    await to.lines('journal', lines.slice(710))
    return undefined
  })
  const one = await make([many])
  const all = ['journal', 'other'].flatMap((name) =>
    one.read(`data/artefacts/10-actions/${name}.ndjson`).split('\n').slice(0, -1),
  )
  const { sample, merkle } = one.meta('10-actions')
  expect(merkle).toEqual({ size: 1200, root: rootOf(all) })
  expect(sample?.indexes.length).toBe(5)
  const drawn = one.read('data/artefacts/10-actions/sample.ndjson')
  expect(drawn).toBe(sample?.indexes.map((index) => `${all[index]}\n`).join(''))
  expect((await make([many])).meta('10-actions').sample).toEqual(sample)
  expect((await make([many], { nonce: { value: 'other', isOurs: true } })).meta('10-actions')).toMatchObject({
    limitations: [{ code: 'pack.nonce-ours' }],
  })
  expect((await make([many], { sample: 0 })).meta('10-actions').sample).toBeNull()
})

test('an artefact without any record is a folder with its meta.json, and is no evidence of anything', async () => {
  const empty = artefactOf('diagnoses', async () => ({ population: { ...wholePopulation, count: 0, expected: null } }))
  const { meta, index } = await make([empty])
  expect(meta('09-diagnoses')).toMatchObject({
    records: 0,
    files: [],
    sample: null,
    result: { state: 'insufficient', reason: { code: 'result.nothing-seen' } },
    merkle: { size: 0, root: createHash('sha256').digest('hex') },
  })
  expect(index.heads).toBeNull()
  expect(index.limitations.map(({ code }) => code)).toEqual(['pack.not-sealed'])
})

test('the same artefacts give the same payload', async () => {
  const [one, other] = [
    await make([decisions()], { heads: sealed.heads }),
    await make([decisions()], { heads: sealed.heads }),
  ]
  expect(one.read('manifest-sha256.txt')).toBe(other.read('manifest-sha256.txt'))
  expect(one.read('tagmanifest-sha256.txt')).toBe(other.read('tagmanifest-sha256.txt'))
})

test('an artefact that fails, or is stopped, fails as it is', async () => {
  const broken = artefactOf('decisions', async (to) => {
    await to.lines('one', [{ record: { a: 1 }, isException: false }])
    throw new Error('the store is gone')
  })
  await expect(make([broken])).rejects.toThrow('the store is gone')
  const work = await temporaryFolder()
  const stop = new AbortController()
  const endless = artefactOf('decisions', async (to) => {
    for (let at = 0; ; at += 1) {
      if (at === 3) stop.abort(new Error('stopped'))
      await to.lines('one', [{ record: { at }, isException: false }])
    }
  })
  const request = packRequest([endless], keys)
  await expect(writePack(work, request, newProgress(request), stop.signal)).rejects.toThrow('stopped')
})

test.each(['../escape', '/etc/passwd', 'Upper', 'a b', 'meta.json', 'a//b', ''])(
  'no file is named %j',
  async (name) => {
    const strange = artefactOf('policy-definitions', async (to) => {
      await to.file(name, Buffer.from('x'))
      return undefined
    })
    await expect(make([strange])).rejects.toThrow(/cannot be the name|is in 01-policy-definitions already/)
  },
)
