import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMerkleTree } from '../../../shared/domain/evidence/merkle.ts'
import { verifySteps } from '../../../shared/domain/evidence/model.ts'
import { merkleRoot } from '../../../test/builders/evidence-parts.ts'
import { drawIndexes } from './draw.ts'
import { createFindings } from './findings.ts'
import { createLeafHasher, createLineCutter, sha256 } from './lines.ts'
import { isManifest, readBagInfo, readManifest } from './manifest.ts'
import { isPackPath } from './paths.ts'
import { createSecretSearch } from './secrets.ts'
import { createTableReader } from './tables.ts'
import { withheldLeaves } from './withheld.ts'

/** Cut into pieces at any places. */
const cuts = fc.array(fc.nat(40), { maxLength: 8 })
function pieces(bytes: Buffer, at: readonly number[]): readonly Buffer[] {
  const places = [0, ...at.map((place) => Math.min(place, bytes.length)), bytes.length].toSorted((a, b) => a - b)
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

test('lines are the same however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z ]{0,6}$/)), fc.boolean(), cuts, (lines, isWhole, at) => {
      const text = lines.map((line) => `${line}\n`).join('') + (isWhole ? '' : 'rest')
      const found: string[] = []
      const cutter = createLineCutter(100)
      for (const piece of pieces(Buffer.from(text), at)) cutter.add(piece, (line) => found.push(line.toString()))
      expect(found).toEqual(lines)
      expect(cutter.isWhole).toBe(isWhole)
    }),
  )
})

test('a line that is too long ends the cutting, in one piece and in many', () => {
  for (const at of [[], [3, 6, 9]]) {
    const cutter = createLineCutter(10)
    const found: string[] = []
    const bytes = Buffer.from(`0123456789\n${'x'.repeat(11)}\nafter\n`)
    for (const piece of pieces(bytes, at)) cutter.add(piece, (line) => found.push(line.toString()))
    expect(found).toEqual(['0123456789'])
    expect(cutter.problem).toBe('line-too-long')
  }
})

test('leaves and roots are those of RFC 6962, by another way of computing them', () => {
  const leafOf = createLeafHasher()
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 20 }), { maxLength: 40 }), (lines) => {
      const tree = createMerkleTree(sha256)
      const leaves = lines.map((line) => leafOf(Buffer.from(line)))
      for (const leaf of leaves) tree.add(leaf)
      expect(Buffer.from(tree.root())).toEqual(merkleRoot(leaves))
      const [line, leaf] = [lines[0], leaves[0]]
      if (line !== undefined) expect(leaf).toEqual(createHash('sha256').update('\0').update(line).digest())
    }),
  )
})

test('a sample is the indexes with the smallest HMAC, as the definition says', async () => {
  const never = new AbortController().signal
  for (const [size, count] of [
    [0, 0],
    [1, 1],
    [5, 5],
    [300, 7],
    [301, 1],
  ] as const) {
    const seed = createHash('sha256').update(`seed ${size}`).digest()
    const values = Array.from({ length: size }, (_, index) => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64BE(BigInt(index))
      return { index, value: createHmac('sha256', seed).update(bytes).digest('hex') }
    })
    const smallest = values.toSorted((one, other) => (one.value < other.value ? -1 : 1)).slice(0, count)
    const expected = smallest.map(({ index }) => index).toSorted((one, other) => one - other)
    expect(await drawIndexes({ seed, size, count }, never)).toEqual(expected)
  }
})

const jwt = `eyJhbGciOiJFUzI1NiJ9.eyJ${'p'.repeat(9000)}.${'s'.repeat(43)}`

test.each([
  ['a token of Vault', `token hvs.${'A1'.repeat(20)} here`, 'vault-token'],
  ['a long JWT', `"jwt":"${jwt}"`, 'jwt'],
  ['a private key', 'x\n-----BEGIN RSA PRIVATE KEY-----\nMII', 'private-key'],
  ['a key of AWS', 'AKIAABCDEFGHIJKLMNOP', 'aws-access-key'],
])('%s is found on the border of two pieces, wherever that is', (_, secret, kind) => {
  for (const at of [0, 1, 5, Math.floor(secret.length / 2), secret.length - 1]) {
    const search = createSecretSearch()
    search.add(Buffer.from(`${'a'.repeat(40_000)} ` + secret.slice(0, at)))
    search.add(Buffer.from(`${secret.slice(at)} ${'b'.repeat(40_000)}`))
    expect([...search.found]).toEqual([kind])
  }
})

test('what only speaks of secrets is none', () => {
  const search = createSecretSearch()
  search.add(
    Buffer.from(
      'Bearer authentication is required; eyJ is how a JWT begins; hvs.*** was masked; a.eyJ.b; Authorization: Basic ***; ' +
        'client-key-data: REDACTED; -----BEGIN CERTIFICATE-----; Bearer realm="example"; AKIA and ASIA are prefixes',
    ),
  )
  expect([...search.found]).toEqual([])
})

test('a table is read by RFC 4180, however it is cut', () => {
  const text = 'a,b,"c ""d"""\r\n1,"x\ny",\n"",2,"3"'
  for (let at = 0; at <= text.length; at += 1) {
    const rows: Record<string, string>[] = []
    const table = createTableReader((row) => rows.push(Object.fromEntries(row)))
    table.add(text.slice(0, at))
    table.add(text.slice(at))
    table.end()
    expect(rows).toEqual([
      { a: '1', b: 'x\ny', 'c "d"': '' },
      { a: '', b: '2', 'c "d"': '3' },
    ])
    expect(table.malformed).toBe(false)
  }
})

test.each(['', 'a,a\n', 'a,b\n1\n', 'a\n"x', 'a\n"x"y\n', 'a\nx"y\n', 'a,b\n\n'])('%j is no table', (text) => {
  const table = createTableReader(() => {})
  table.add(text)
  table.end()
  expect(table.malformed).toBe(true)
})

async function* inPieces(text: string, size: number): AsyncGenerator<Buffer, void> {
  for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size))
}

const leafLine = (index: number): string => `{"i":${index},"leaf":"${'ab'.repeat(32)}"}\n`

test('withheld leaves come one by one, and what is none is noticed', async () => {
  for (const size of [1, 7, 1000]) {
    const leaves = withheldLeaves(inPieces(leafLine(0) + leafLine(7) + leafLine(8), size))
    const indexes: number[] = []
    for (let next = await leaves.peek(); next !== null; next = await leaves.peek()) {
      indexes.push(next.index)
      leaves.take()
    }
    expect([indexes, leaves.malformed]).toEqual([[0, 7, 8], false])
  }
  for (const text of [leafLine(3) + leafLine(3), '{}\n', leafLine(1).slice(0, -1), '\n', `${'x'.repeat(200)}\n`]) {
    const leaves = withheldLeaves(inPieces(text, 50))
    while ((await leaves.peek()) !== null) leaves.take()
    expect(leaves.malformed).toBe(true)
  }
})

test('a manifest has one hash a path, in order, and only paths of a pack', () => {
  const hash = 'a'.repeat(64)
  const good = readManifest(`${hash}  data/a\n${hash}  data/b\n`)
  expect(isManifest(good) && [...good.keys()]).toEqual(['data/a', 'data/b'])
  for (const [text, line] of [
    [`${hash}  data/b\n${hash}  data/a\n`, 2],
    [`${hash}  data/a\n${hash}  data/a\n`, 2],
    [`${hash} *data/a\n`, 1],
    [`${hash.toUpperCase()}  data/a\n`, 1],
    [`${hash}  ../a\n`, 1],
    [`${hash}  data/a`, 1],
    ['\n', 1],
  ] as const) {
    expect(readManifest(text)).toEqual({ line })
  }
  expect(readBagInfo('A: 1\nB: 2\n')).toEqual(
    new Map([
      ['A', '1'],
      ['B', '2'],
    ]),
  )
  expect(readBagInfo('A: 1\nA: 2\n')).toBeNull()
  expect(readBagInfo('A: 1\n continued\n')).toBeNull()
})

test('paths of a pack lead nowhere else, on no system', () => {
  for (const path of ['data/index.json', 'README.txt', 'VERIFY/verify.py', 'data/artefacts/01-x/_a.b-c']) {
    expect(isPackPath(path)).toBe(true)
  }
  const refused = [
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '..',
    'a/../b',
    './a',
    'a\\b',
    'c:a',
    'A',
    'a b',
    'a\0',
    'a\n',
    'é',
    '.a',
    'a/.b',
  ]
  for (const path of [...refused, 'x'.repeat(151)]) expect(isPackPath(path)).toBe(false)
})

test('a step that fails says so for each thing, and not more than a person reads', () => {
  const findings = createFindings()
  findings.passed('payload-manifest', 'payload-manifest-ok')
  for (let at = 0; at < 30; at += 1) findings.failed('payload-manifest', 'hash-differs', { path: `data/${at}` })
  const { steps, integrity, exitCode, completeness } = findings.result({ packId: 'x', gaps: [], artefacts: [] })
  const failed = steps.filter(({ step }) => step === 'payload-manifest')
  expect(failed).toHaveLength(21)
  expect(failed.at(-1)?.finding).toEqual({ code: 'more-failures', params: { count: 10 } })
  expect([...new Set(steps.map(({ step }) => step))]).toEqual(verifySteps)
  expect([integrity, exitCode, completeness]).toEqual(['not-intact', 1, 'unknown'])
})

test('an artefact that is insufficient makes a pack incomplete, also without a gap', () => {
  const findings = createFindings()
  const artefact = {
    folder: '08-decisions',
    records: 0,
    exceptions: 0,
    gaps: 0,
    merkleRoot: '',
    id: 'decisions',
  } as const
  const result = findings.result({ packId: 'x', gaps: [], artefacts: [{ ...artefact, state: 'insufficient' }] })
  expect(result).toMatchObject({ integrity: 'intact', completeness: 'gaps', exitCode: 2 })
})
