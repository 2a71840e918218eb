import { createHash } from 'node:crypto'
import type { ArtefactId } from '../../shared/domain/evidence/model.ts'
import { artefactIds } from '../../shared/domain/evidence/model.ts'
import {
  drawn,
  envelopeOf,
  hex,
  type Json,
  type KeyPair,
  leafOf,
  merkleRoot,
  signedHead,
  testKeys,
  text,
} from './evidence-parts.ts'

/**
 * Evidence packs by docs/formats/evidence-pack.md alone: they share nothing with what makes real ones, so that maker and verifiers
 * cannot be wrong alike. Small, deterministic but for the signatures. `edit` lies before everything is hashed and signed.
 */

export type Files = Map<string, Buffer>

export interface PackEdits {
  readonly packId?: string
  /** svid-issuance has a gap and is insufficient. */
  readonly gaps?: boolean
  /** Nothing was sealed before the pack was made. */
  readonly unsealed?: boolean
  readonly previous?: { readonly packId: string; readonly statementSha256: string }
  readonly signer?: KeyPair
  readonly decisions?: readonly string[]
  /** Lines of heads.ndjson; what they hold is signed already. */
  readonly heads?: (lines: string[]) => readonly string[]
  readonly head?: (head: Json) => void
  readonly meta?: (meta: Json, id: ArtefactId) => void
  readonly index?: (index: Json) => void
  readonly predicate?: (predicate: Json) => void
  readonly statement?: (statement: Json) => void
  readonly envelope?: (envelope: Json) => void
  /** Payload by path, before it is listed. */
  readonly payload?: (files: Files) => void
  readonly tags?: (files: Files) => void
  readonly all?: (files: Files) => void
}

export interface BuiltPack {
  readonly root: string
  readonly files: Files
  /** Payload of the envelope. */
  readonly statement: Buffer
}

interface Artefact {
  readonly id: ArtefactId
  readonly files: { name: string; lines: readonly string[]; sealed: Json | null }[]
  readonly others: Files
  readonly exceptions: readonly { readonly file: string; readonly line: number }[]
  readonly population: Json
  readonly state: string
  readonly sample: number
}

const period = { from: '2026-11-22T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z' }
const midnight = Date.parse(period.from)
const hour = 3_600_000
const common = { environment: 'lab', console: 'everyhop 0.1.0' }

export function buildPack(edits: PackEdits = {}): BuiltPack {
  const { device, organisation } = testKeys()
  const signer = edits.signer ?? organisation
  const packId = edits.packId ?? 'EP-2026-0007'
  const streams = sealedStreams(edits.decisions ?? decisionLines(40))
  const headLines = edits.unsealed === true ? [] : headsOf(streams, device, edits)
  const artefacts = artefactsOf(streams, edits)
  const files: Files = new Map()
  const metas = artefacts.map((artefact) => writeArtefact(files, artefact, edits))

  const heads = headLines.length === 0 ? null : namedHeads(headLines)
  const gapsOf = (meta: Json): readonly unknown[] => member(meta, 'population')['gaps'] as readonly unknown[]
  const index: Json = {
    schema: 'everyhop.evidence.pack/1',
    packId,
    ...common,
    trustDomains: ['example.org'],
    period,
    createdAt: '2026-11-23T00:10:00.000Z',
    operator: 'auditor@example.org',
    purpose: null,
    artefacts: metas.map((meta) => ({
      id: meta['id'],
      folder: folderOf(meta['id'] as ArtefactId),
      records: meta['records'],
      exceptions: meta['exceptions'],
      state: member(meta, 'result')['state'],
      gaps: gapsOf(meta).length,
      merkleRoot: member(meta, 'merkle')['root'],
    })),
    leftOut: ['diagnoses'],
    sealedSince: heads === null ? null : period.from,
    heads,
    deviceKey: device.fingerprint,
    gaps: [],
    limitations: [],
  }
  edits.index?.(index)
  const listed = index['artefacts'] as readonly Json[]
  const json = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
  files.set('data/index.json', json(index))
  files.set('data/controls.json', json({ schema: 'everyhop.evidence.controls/1', controls: [] }))
  files.set('data/redaction.json', json({ rules: 'everyhop-1', fields: {} }))
  files.set('data/heads.ndjson', text(headLines))
  files.set('data/custody.ndjson', text(['{"at":"2026-11-23T00:10:00.000Z","what":"collected"}']))
  files.set('data/report.html', Buffer.from('<!doctype html><title>EP</title>\n'))
  files.set('data/report.pdf', Buffer.from('%PDF-1.7\n%%EOF\n'))
  files.set('data/summary.csv', summaryOf(listed))
  files.set(
    'data/exceptions.csv',
    text([
      'artefact,file,line,record',
      ...artefacts.flatMap(({ id, exceptions }) => {
        return exceptions.map(({ file, line }) => `${id},${file},${line},"what, it ""was"""`)
      }),
    ]),
  )
  edits.payload?.(files)

  const oxum = `${[...files.values()].reduce((sum, { length }) => sum + length, 0)}.${files.size}`
  const tags: Files = new Map([
    ['bagit.txt', Buffer.from('BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n')],
    ['bag-info.txt', Buffer.from(`Bagging-Date: 2026-11-23\nExternal-Identifier: ${packId}\nPayload-Oxum: ${oxum}\n`)],
    ['README.txt', Buffer.from('How to verify.\n')],
    ['VERIFY/verify.py', Buffer.from('print("take me from the published release")\n')],
    ['manifest-sha256.txt', manifestOf(files)],
    ['trust/organisation.pub.pem', Buffer.from(signer.publicPem)],
    ['trust/device.pub.pem', Buffer.from(device.publicPem)],
  ])
  edits.tags?.(tags)
  const tagManifest = manifestOf(tags)
  const predicate: Json = {
    packId,
    ...common,
    period,
    createdAt: index['createdAt'],
    operator: index['operator'],
    payloadOxum: oxum,
    artefacts: listed.map(({ id, records, merkleRoot, state }) => ({ id, records, merkleRoot, state })),
    gaps: listed.reduce((sum, { gaps }) => sum + Number(gaps), 0),
    heads,
    deviceKey: device.fingerprint,
    previousPack: edits.previous ?? null,
  }
  edits.predicate?.(predicate)
  const statement: Json = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'tagmanifest-sha256.txt', digest: { sha256: hex(tagManifest) } }],
    predicateType: 'https://everyhop.dev/attestations/evidence-pack/v1',
    predicate,
  }
  edits.statement?.(statement)
  const payload = Buffer.from(JSON.stringify(statement))
  const envelope = envelopeOf(payload, signer)
  edits.envelope?.(envelope)
  const all: Files = new Map([...tags, ...files, ['tagmanifest-sha256.txt', tagManifest]])
  all.set('signatures/pack.dsse.json', Buffer.from(`${JSON.stringify(envelope)}\n`))
  edits.all?.(all)
  return { root: packId, files: all, statement: payload }
}

export function manifestOf(files: Files): Buffer {
  const paths = [...files.keys()].toSorted((one, other) => (one < other ? -1 : 1))
  return text(paths.map((path) => `${hex(files.get(path) ?? Buffer.alloc(0))}  ${path}`))
}

export function decisionLines(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => {
    const result = at % 7 === 0 ? 'false' : 'true'
    return `{"decision_id":"${String(at).padStart(8, '0')}","path":"envoy/authz/allow","result":${result},"bundle":"r42"}`
  })
}

/** Two heads: the first is whole in the pack, of the second every third line is withheld. */
function sealedStreams(lines: readonly string[]): readonly (readonly string[])[] {
  const half = Math.ceil(lines.length / 2)
  return [lines.slice(0, half), lines.slice(half)]
}

function headsOf(streams: readonly (readonly string[])[], device: KeyPair, edits: PackEdits): readonly string[] {
  const lines: string[] = []
  let previous = hex(Buffer.from('the head before the first of this pack'))
  for (const [at, sealed] of [...streams, []].entries()) {
    const from = midnight + at * hour
    const leaves = sealed.map(leafOf)
    const head: Json = {
      number: 11 + at,
      from,
      to: from + hour,
      sealedAt: from + hour + 5,
      streams:
        leaves.length === 0
          ? []
          : [{ stream: 'opa-decisions', size: leaves.length, root: merkleRoot(leaves).toString('hex') }],
      masking: 'everyhop-1',
      previous,
      key: device.fingerprint,
    }
    edits.head?.(head)
    lines.push(signedHead(head, device))
    previous = hex(Buffer.from(lines.at(-1) ?? ''))
  }
  return edits.heads?.(lines) ?? lines
}

function namedHeads(lines: readonly string[]): Json {
  const numbers = lines.map((line) => (JSON.parse(line) as { number: number }).number)
  return {
    count: lines.length,
    first: numbers[0],
    last: numbers.at(-1),
    lastHash: hex(Buffer.from(lines.at(-1) ?? '')),
  }
}

function artefactsOf(streams: readonly (readonly string[])[], edits: PackEdits): readonly Artefact[] {
  const gap = {
    source: 'spire/main',
    from: midnight,
    to: midnight + hour,
    why: 'disabled',
    detail: 'audit_log_enabled',
  }
  const population = (count: number | null, more: Json = {}): Json => {
    return { count, method: 'counted', control: null, dropped: {}, expected: 3, reporting: 3, gaps: [], ...more }
  }
  const [first = [], second = []] = streams
  const kept = second.filter((_, at) => at % 3 !== 1)
  const withheld = second.flatMap((line, at) => (at % 3 === 1 ? [{ i: at, leaf: leafOf(line).toString('hex') }] : []))
  const sealed = (head: number, size: number, file: string | null): Json | null =>
    edits.unsealed === true ? null : { head, stream: 'opa-decisions', size, withheld: file }
  const decisions = first.length + kept.length
  return [
    {
      id: 'policy-definitions',
      files: [{ name: 'activations.ndjson', lines: ['{"revision":"r41"}', '{"revision":"r42"}'], sealed: null }],
      others: new Map([
        ['bundles/authz-r42.tar.gz', Buffer.from('not really gzip, but kept byte for byte')],
        ['activations.csv', Buffer.from('revision\nr41\nr42\n')],
      ]),
      exceptions: [],
      population: population(2, { dropped: { upload: 0 } }),
      state: 'operated',
      sample: 0,
    },
    {
      id: 'svid-issuance',
      files: [],
      others: new Map(),
      exceptions: [],
      population: edits.gaps === true ? population(0, { gaps: [gap] }) : population(0),
      state: edits.gaps === true ? 'insufficient' : 'operated',
      sample: 0,
    },
    {
      id: 'decisions',
      files: [
        { name: 'opa-decisions-000011.ndjson', lines: first, sealed: sealed(11, first.length, null) },
        {
          name: 'opa-decisions-000012.ndjson',
          lines: kept,
          sealed: sealed(12, second.length, 'withheld-12-opa-decisions.ndjson'),
        },
      ],
      others: new Map(
        edits.unsealed === true
          ? []
          : [['withheld-12-opa-decisions.ndjson', text(withheld.map((leaf) => JSON.stringify(leaf)))]],
      ),
      exceptions: [
        { file: 'opa-decisions-000011.ndjson', line: 1 },
        { file: 'opa-decisions-000012.ndjson', line: 2 },
      ],
      population: population(decisions, { control: { value: decisions, source: 'envoy ext_authz', difference: 0 } }),
      state: 'exception',
      sample: 5,
    },
  ]
}

export function folderOf(id: ArtefactId): string {
  return `${String(artefactIds.indexOf(id) + 1).padStart(2, '0')}-${id}`
}

function writeArtefact(files: Files, artefact: Artefact, edits: PackEdits): Json {
  const { id } = artefact
  const folder = `data/artefacts/${folderOf(id)}`
  const lines = artefact.files.flatMap((file) => file.lines)
  const root = merkleRoot(lines.map(leafOf))
  const nonce = 'chosen by the auditor'
  const seed = createHash('sha256').update(root).update(nonce).digest()
  const indexes = drawn(seed, lines.length, artefact.sample)
  const meta: Json = {
    schema: 'everyhop.evidence.artefact/1',
    id,
    title: id,
    governance: false,
    ...common,
    trustDomains: ['example.org'],
    period,
    sources: [],
    collected: { startedAt: period.to, finishedAt: period.to, by: 'auditor', console: common.console },
    population: artefact.population,
    records: lines.length,
    exceptions: artefact.exceptions.length,
    result: { state: artefact.state, reason: { code: 'result.operated', params: {} } },
    sample:
      artefact.sample === 0
        ? null
        : { nonce, seed: seed.toString('hex'), count: indexes.length, indexes, file: 'sample.ndjson' },
    masked: { rules: 'everyhop-1', fields: {} },
    limitations: [],
    controls: [],
    files: artefact.files.map((file) => ({ name: file.name, lines: file.lines.length, sealed: file.sealed })),
    merkle: { size: lines.length, root: root.toString('hex') },
  }
  edits.meta?.(meta, id)
  files.set(`${folder}/meta.json`, Buffer.from(JSON.stringify(meta)))
  for (const file of artefact.files) files.set(`${folder}/${file.name}`, text(file.lines))
  for (const [name, bytes] of artefact.others) files.set(`${folder}/${name}`, bytes)
  if (artefact.sample > 0) files.set(`${folder}/sample.ndjson`, text(indexes.map((at) => lines[at] ?? '')))
  return meta
}

function summaryOf(listed: readonly Json[]): Buffer {
  const names = ['id', 'state', 'records', 'exceptions', 'gaps', 'merkleRoot']
  return text([
    'artefact,state,records,exceptions,gaps,merkle_root,note',
    ...listed.map((row) => `${names.map((name) => String(row[name])).join(',')},"a note, with ""quotes"""`),
  ])
}

function member(value: Json, name: string): Json {
  return value[name] as Json
}
