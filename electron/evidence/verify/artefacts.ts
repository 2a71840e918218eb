import {
  type ArtefactId,
  artefactIds,
  type EvidenceGap,
  type ResultState,
} from '../../../shared/domain/evidence/model.ts'
import type { PackPredicate } from '../../../shared/domain/evidence/statement.ts'
import { type CountedLines, countLines } from './artefact-lines.ts'
import type { Findings } from './findings.ts'
import type { Heads } from './heads.ts'
import { artefactsFolder } from './paths.ts'
import type { PackReader } from './reader.ts'
import { checkSample } from './samples.ts'
import { artefactMeta, metaSchema, type ReadIndex, type ReadMeta, readDocument } from './schemas.ts'

type Listed = ReadIndex['artefacts'][number]

/** What other files say of an artefact is compared with this. */
export interface CheckedArtefact {
  readonly id: ArtefactId
  readonly records: number
  readonly exceptions: number
  readonly state: ResultState
  readonly gaps: number
  readonly merkleRoot: string
  /** Lines by name of file. */
  readonly files: ReadonlyMap<string, number>
}

export interface CheckedArtefacts {
  readonly artefacts: readonly CheckedArtefact[]
  readonly gaps: readonly EvidenceGap[]
  readonly sampled: number
  readonly sealedFiles: number
}

interface Context {
  readonly index: ReadIndex
  readonly predicate: PackPredicate
  readonly heads: Heads
}

/** Every artefact of the index: its lines are counted and hashed, and everybody has to say the same of them. */
export async function checkArtefacts(
  reader: PackReader,
  findings: Findings,
  context: Context,
  signal: AbortSignal,
): Promise<CheckedArtefacts> {
  const { index, predicate } = context
  checkStatedArtefacts(findings, index, predicate)
  const artefacts: CheckedArtefact[] = []
  const gaps: EvidenceGap[] = []
  const named = new Set<string>()
  /** Of these it is not known what they name. */
  const notRead = new Set<string>()
  let sampled = 0
  let sealedFiles = 0
  for (const listed of index.artefacts) {
    const expected = `${String(artefactIds.indexOf(listed.id) + 1).padStart(2, '0')}-${listed.id}`
    if (listed.folder !== expected) {
      findings.failed('artefacts', 'artefact-folder', { artefact: listed.id, folder: listed.folder })
      continue
    }
    const folder = artefactsFolder + listed.folder
    const meta = await readMeta(reader, findings, folder)
    if (meta === null) {
      notRead.add(listed.folder)
      continue
    }
    const counted = await countLines(reader, findings, { folder, meta, heads: context.heads })
    sampled += await checkSample(reader, findings, { folder, meta, counted }, signal)
    checkFigures(findings, { meta, listed, counted, index })
    checkState(findings, meta)
    for (const path of namedFiles(folder, meta, findings)) named.add(path)
    gaps.push(...meta.population.gaps)
    sealedFiles += meta.files.filter(({ sealed }) => sealed !== null).length
    artefacts.push({
      id: meta.id,
      records: meta.records,
      exceptions: meta.exceptions,
      state: meta.result.state,
      gaps: meta.population.gaps.length,
      merkleRoot: counted.root.toString('hex'),
      files: new Map(meta.files.map(({ name, lines }) => [name, lines])),
    })
  }
  const folders = new Set(index.artefacts.map(({ folder }) => folder))
  for (const path of reader.paths) {
    if (!path.startsWith(artefactsFolder)) continue
    const [folder = ''] = path.slice(artefactsFolder.length).split('/')
    const isNamed = notRead.has(folder) || named.has(path) || !path.endsWith('.ndjson') || path.includes('/bundles/')
    if (!folders.has(folder) || !isNamed) {
      findings.failed('artefacts', 'file-unnamed', { path })
    }
  }
  return { artefacts, gaps, sampled, sealedFiles }
}

async function readMeta(reader: PackReader, findings: Findings, folder: string): Promise<ReadMeta | null> {
  const path = `${folder}/meta.json`
  const bytes = await reader.whole(path, 'payload-manifest')
  if (bytes === null) {
    if (!reader.has(path)) findings.failed('artefacts', 'named-file-missing', { path })
    return null
  }
  const document = readDocument(bytes, metaSchema, artefactMeta)
  if (document.read !== null) return document.read
  if (document.newer !== null) findings.failed('schema', 'schema-newer', { path, schema: document.newer })
  else findings.failed('schema', 'schema-invalid', { path, where: document.where })
  return null
}

/** Each once: a file that is read for two purposes could be made to serve only one. */
function namedFiles(folder: string, meta: ReadMeta, findings: Findings): readonly string[] {
  const names = meta.files.flatMap(({ name, sealed }) => {
    return sealed === null || sealed.withheld === null ? [name] : [name, sealed.withheld]
  })
  if (meta.sample !== null) names.push(meta.sample.file)
  for (const [at, name] of names.entries()) {
    if (names.indexOf(name) !== at || !name.endsWith('.ndjson')) {
      findings.failed('artefacts', 'file-named-twice', { path: `${folder}/${name}` })
    }
  }
  return names.map((name) => `${folder}/${name}`)
}

function checkStatedArtefacts(findings: Findings, index: ReadIndex, predicate: PackPredicate): void {
  const listed = index.artefacts.map(({ id, records, merkleRoot, state }) => [id, records, merkleRoot, state].join(' '))
  const stated = predicate.artefacts.map(({ id, records, merkleRoot, state }) =>
    [id, records, merkleRoot, state].join(' '),
  )
  if (listed.join('\n') !== stated.join('\n')) findings.failed('artefacts', 'index-differs', { member: 'artefacts' })
  const ids = index.artefacts.map(({ id }) => id)
  if (ids.some((id, at) => at > 0 && artefactIds.indexOf(id) <= artefactIds.indexOf(ids[at - 1] ?? id))) {
    findings.failed('artefacts', 'index-differs', { member: 'artefacts' })
  }
  const same = {
    packId: index.packId === predicate.packId,
    environment: index.environment === predicate.environment,
    period: index.period.from === predicate.period.from && index.period.to === predicate.period.to,
    createdAt: index.createdAt === predicate.createdAt,
    console: index.console === predicate.console,
    operator: index.operator === predicate.operator,
    deviceKey: index.deviceKey === predicate.deviceKey,
    heads: isSameHeads(index.heads, predicate.heads),
    gaps: predicate.gaps === index.gaps.length + index.artefacts.reduce((sum, { gaps }) => sum + gaps, 0),
  }
  for (const [member, isSame] of Object.entries(same)) {
    if (!isSame) findings.failed('artefacts', 'index-differs', { member })
  }
}

function isSameHeads(one: ReadIndex['heads'], other: PackPredicate['heads']): boolean {
  if (one === null || other === null) return one === other
  return (
    one.count === other.count && one.first === other.first && one.last === other.last && one.lastHash === other.lastHash
  )
}

function checkFigures(
  findings: Findings,
  {
    meta,
    listed,
    counted,
    index,
  }: {
    readonly meta: ReadMeta
    readonly listed: Listed
    readonly counted: CountedLines
    readonly index: ReadIndex
  },
): void {
  const artefact = listed.id
  const { population } = meta
  const same = {
    id: meta.id === listed.id,
    environment: meta.environment === index.environment,
    period: meta.period.from === index.period.from && meta.period.to === index.period.to,
    records: [listed.records, counted.lines, meta.merkle.size].every((count) => count === meta.records),
    exceptions: meta.exceptions === listed.exceptions && meta.exceptions <= meta.records,
    state: meta.result.state === listed.state,
    gaps: population.gaps.length === listed.gaps,
    difference: isPossible(population.control, population.count),
  }
  for (const [figure, isSame] of Object.entries(same)) {
    if (!isSame) findings.failed('artefacts', 'figure-differs', { artefact, figure })
  }
  const root = counted.root.toString('hex')
  if (meta.merkle.root !== root || listed.merkleRoot !== root) findings.failed('artefacts', 'merkle-root', { artefact })
}

/** docs/formats/evidence-pack.md, "States". */
function checkState(findings: Findings, { id, population, exceptions, result: { state } }: ReadMeta): void {
  const { gaps, expected, reporting, dropped, control, count } = population
  const doubts = {
    gaps: gaps.length > 0,
    reporting: expected !== null && (reporting === null || reporting < expected),
    dropped: Object.values(dropped).some((records) => records > 0),
    control: control !== null && control.difference !== 0,
    count: count === null || (count === 0 && (expected === null || expected === 0)),
    exceptions: exceptions > 0,
  }
  if (state === 'operated') {
    for (const [why, isDoubtful] of Object.entries(doubts)) {
      if (isDoubtful) findings.failed('artefacts', 'state-rule', { artefact: id, state, why })
    }
  }
  if (state === 'not-evaluated' && exceptions > 0) {
    findings.failed('artefacts', 'state-rule', { artefact: id, state, why: 'exceptions' })
  }
}

/** Of what another source counts there is no less than nothing, no more than all, and at least what the records are short of it. */
function isPossible(
  control: { readonly value: number; readonly difference: number } | null,
  count: number | null,
): boolean {
  if (control === null) return true
  const { value, difference } = control
  return difference >= 0 && difference <= value && (count === null || difference >= value - count)
}
