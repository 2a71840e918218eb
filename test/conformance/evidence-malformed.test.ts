import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newProgress, writePack } from '../../electron/evidence/pack/write-pack.ts'
import { verifyWithKeyFile } from '../../electron/evidence/verify/index.ts'
import type { VerifyResult } from '../../shared/domain/evidence/model.ts'
import { buildPack, type Files, type PackEdits } from '../builders/evidence-pack.ts'
import { testKeys } from '../builders/evidence-parts.ts'
import { artefactOf, newKey, packRequest, sealedLines, signerOf, takeAll } from '../builders/pack-parts.ts'
import { type PythonResult, verifyWithPython } from '../builders/python-verifier.ts'
import { temporaryFolder } from '../builders/temporary-folder.ts'
import { regularZip } from '../builders/zip.ts'
import { flipBit } from '../evidence/tampering.ts'

const never = new AbortController().signal
/** What a member of a document may be instead of what it is. */
const instead: readonly unknown[] = [
  null,
  -1,
  0,
  1.5,
  1e300,
  2 ** 53,
  '',
  'x',
  'operated',
  'é\u0000',
  '\ud800',
  true,
  [],
  [null],
  {},
  { a: 1 },
  'a'.repeat(64),
  '2026-13-45T99:99:99Z',
  'everyhop.evidence.pack/1',
  '__proto__',
]

/** One place in a document, and what it becomes; undefined: it is taken out. */
const malformed = fc.record({
  document: fc.constantFrom('index', 'meta', 'predicate', 'statement', 'bytes'),
  place: fc.nat(5000),
  value: fc.option(fc.constantFrom(...instead), { nil: undefined, freq: 4 }),
})
type Malformed = typeof malformed extends fc.Arbitrary<infer Value> ? Value : never

function editsOf({ document, place, value }: Malformed): PackEdits {
  const change = (root: Record<string, unknown>): void => changeAt(root, place, value)
  if (document === 'index') return { index: change }
  if (document === 'predicate') return { predicate: change }
  if (document === 'statement') return { statement: change }
  if (document === 'meta') return { meta: (root, id) => (id === 'decisions' ? change(root) : undefined) }
  return { payload: (files) => changeByte(files, place) }
}

/** The place-th of all members and elements, however deep. */
function changeAt(root: object, place: number, value: unknown): void {
  const places: (readonly [object, string])[] = []
  const visit = (holder: object): void => {
    for (const [name, member] of Object.entries(holder)) {
      places.push([holder, name])
      if (typeof member === 'object' && member !== null) visit(member)
    }
  }
  visit(root)
  const [holder, name] = places[place % places.length] ?? [root, 'schema']
  if (value === undefined) Reflect.deleteProperty(holder, name)
  else Reflect.set(holder, name, value)
}

/** A sign that means something in NDJSON, CSV or JSON, in the wrong place. */
function changeByte(files: Files, place: number): void {
  const texts = [...files].filter(([path, { length }]) => /\.(ndjson|csv|json)$/.test(path) && length > 0)
  const [path, bytes] = texts[place % texts.length] ?? ['', Buffer.alloc(1)]
  const changed = Buffer.from(bytes)
  changed[(place * 7919) % changed.length] = [10, 34, 44, 0, 255, 123, 13, 57][place % 8] ?? 0
  files.set(path, changed)
}

test('however malformed what is signed is, both end with a verdict, and with the same', async () => {
  const samples = fc.sample(malformed, { numRuns: 100, seed: 20261123 })
  const packs = samples.flatMap((sample) => {
    try {
      const { root, files } = buildPack(editsOf(sample))
      return [regularZip(root, files)]
    } catch {
      // What it was turned into cannot be made a pack of.
      return []
    }
  })
  expect(packs.length).toBeGreaterThan(80)
  const results = await verifyAll(await Promise.all(packs), testKeys().organisation.publicPem)
  for (const [one, other] of results) expect(verdictOf(other)).toEqual(verdictOf(one))
  expect(results.filter(([{ exitCode }]) => exitCode === 1).length).toBeGreaterThan(results.length * 0.8)
}, 120_000)

test('one bit of any file of a pack that Everyhop made is found by both', async () => {
  const folder = await temporaryFolder()
  const organisation = newKey()
  const device = newKey()
  const lines = Array.from({ length: 60 }, (_, at) => JSON.stringify({ decision_id: `d${at}`, result: true }))
  const sealed = sealedLines(device, 'opa-decisions', [lines.slice(0, 20), lines.slice(20)])
  const artefacts = [
    artefactOf('policy-definitions', async (to) => {
      await to.file('bundles/authz.tar.gz', Buffer.from('a bundle'))
      await to.row('activations', ['revision'])
      return undefined
    }),
    artefactOf('decisions', async (to) => {
      for (const head of sealed.lines) {
        const taken = takeAll(head).map((each, at) => (at % 3 === 1 ? { ...each, take: 'leaf' as const } : each))
        await to.sealed('opa-decisions', taken)
      }
      return undefined
    }),
  ]
  const keys = { signer: signerOf(organisation), deviceKey: device.publicPem, heads: sealed.heads }
  const request = packRequest(artefacts, keys)
  await writePack(folder, request, newProgress(request), never)
  const bag = join(folder, 'bag')
  const files: Files = new Map()
  for (const entry of await readdir(bag, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) files.set(relative(bag, path), await readFile(path))
  }
  const flippable = [...files].filter(([, { length }]) => length > 0)
  expect(flippable.length).toBeGreaterThan(20)
  const zips = flippable.map(([path, bytes]) => {
    return regularZip(request.packId, new Map(files).set(path, flipBit(bytes, Math.floor(bytes.length / 2))))
  })
  const untouched = regularZip(request.packId, files)
  const [first, ...rest] = await verifyAll(await Promise.all([untouched, ...zips]), organisation.publicPem)
  expect(first?.map(({ integrity }) => integrity)).toEqual(['intact', 'intact'])
  for (const [at, [one, other]] of rest.entries()) {
    expect([flippable[at]?.[0], one.exitCode]).toEqual([flippable[at]?.[0], 1])
    expect(verdictOf(other)).toEqual(verdictOf(one))
  }
}, 120_000)

async function verifyAll(zips: readonly Buffer[], pem: string): Promise<(readonly [VerifyResult, PythonResult])[]> {
  const folder = await temporaryFolder()
  const key = join(folder, 'key.pem')
  await writeFile(key, pem)
  const given = zips.map((_, at) => ({ file: join(folder, `${at}.zip`), key, previous: null }))
  for (const [at, { file }] of given.entries()) await writeFile(file, zips[at] ?? '')
  const python = verifyWithPython(given)
  const ours: VerifyResult[] = []
  for (const each of given) ours.push(await verifyWithKeyFile(each, never))
  const theirs = await python
  return ours.flatMap((one, at) => {
    const other = theirs[at]
    return other === undefined ? [] : [[one, other] as const]
  })
}

/** All but the sentences: how it ended, and every failure by its code. */
function verdictOf({ exitCode, integrity, completeness, packId, steps }: VerifyResult | PythonResult): unknown {
  const codes = steps.map(({ step, outcome, finding }) => `${step} ${outcome} ${finding.code}`)
  return { exitCode, integrity, completeness, packId, codes: [...new Set(codes)].toSorted() }
}
