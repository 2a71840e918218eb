import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { controlsDocument } from '../../../shared/domain/controls/index.ts'
import type { EvidenceGap, Limitation, PackIndex } from '../../../shared/domain/evidence/model.ts'
import { canonicalJson } from '../../../shared/lib/canonical-json.ts'
import { sealedWords, signedWithWords } from '../../../shared/words/evidence-report.ts'
import { figuresOf } from '../report/figures.ts'
import { htmlReport } from '../report/html.ts'
import { exceptionsList, summaryList } from '../report/lists.ts'
import { pdfReport } from '../report/pdf.ts'
import type { PackFile } from './artefact-folder.ts'
import { fingerprintOf, hashOfHead, sealBag, writeText } from './bag.ts'
import { type CollectedArtefact, collectArtefact, isoTime } from './collect.ts'
import { writeFileWhole } from './output-file.ts'
import type { PackProgress, PackRequest, WrittenPack } from './request.ts'
import { refuseSecrets } from './secret-gate.ts'
import { writeZip } from './zip.ts'

export function newProgress({ artefacts }: Pick<PackRequest, 'artefacts'>): PackProgress {
  const fresh = { records: 0, population: null, bytes: 0, state: null, exceptions: 0, reason: null }
  return { step: 'collect', artefacts: artefacts.map(({ id }) => ({ id, ...fresh })) }
}

/**
 * Makes a pack in an empty work folder that is nobody else's: everything goes to the disk as it comes, so that memory stays the same however
 * much there is. What is left in the folder afterwards, also after a failure, is the caller's to remove.
 * Rejects with a `Failure`, or the signal's reason.
 */
export async function writePack(
  work: string,
  request: PackRequest,
  progress: PackProgress,
  signal: AbortSignal,
): Promise<WrittenPack> {
  const root = join(work, 'bag')
  const scratch = join(work, 'leaves')
  await mkdir(root, { mode: 0o700 })
  await mkdir(scratch, { mode: 0o700 })
  const collected: CollectedArtefact[] = []
  for (const [at, artefact] of request.artefacts.entries()) {
    const of = progress.artefacts[at]
    if (of === undefined) continue
    const listedBefore = collected.reduce((sum, { listed }) => sum + listed.length, 0)
    collected.push(await collectArtefact(artefact, request, { root, scratch, listedBefore }, of, signal))
  }
  progress.step = 'redact'
  const payload: PackFile[] = collected.flatMap(({ written }) => written)
  const add = async (path: string, text: string): Promise<void> => {
    refuseSecrets(text, { file: path, firstLine: 1 })
    payload.push(await writeText(root, path, text))
  }
  progress.step = 'hash'
  for (const { folder, meta } of collected) await add(`data/artefacts/${folder}/meta.json`, jsonText(meta))
  progress.step = 'reconcile'
  const index = indexOf(request, collected)
  const keyFingerprint = fingerprintOf(request.signer.publicKey)
  const figures = figuresOf({
    index,
    metas: collected.map(({ meta }) => meta),
    exceptions: collected.map(({ meta, listed }) => ({ artefact: meta.id, listed })),
    keyFingerprint,
    signedWith: signedWithWords(request.signer.kind, request.signer.name),
  })
  const summary = summaryList(figures)
  const exceptions = exceptionsList(figures)
  await add('data/index.json', jsonText(index))
  await add('data/controls.json', jsonText(controlsDocument(index.artefacts.map(({ id }) => id))))
  await add('data/heads.ndjson', ndjson(request.heads.map(canonicalJson)))
  await add('data/custody.ndjson', custodyOf(request, collected, index, keyFingerprint))
  await add('data/redaction.json', jsonText(redactionOf(request, collected, summary.prefixed + exceptions.prefixed)))
  await add('data/summary.csv', summary.text)
  await add('data/exceptions.csv', exceptions.text)
  const sealed = sealedWords(request.heads)
  await add('data/report.html', htmlReport(figures, sealed))
  signal.throwIfAborted()
  const pdf = await pdfReport(figures, sealed)
  payload.push({ path: 'data/report.pdf', ...(await writeFileWhole(join(root, 'data/report.pdf'), pdf)) })
  progress.step = 'seal'
  const { files, statementSha256 } = await sealBag(root, payload, index, request, signal)
  const zip = join(work, 'pack.zip')
  const written = await writeZip(zip, request.packId, root, files, signal)
  return { index, zip, ...written, statementSha256, keyFingerprint }
}

function indexOf(request: PackRequest, collected: readonly CollectedArtefact[]): PackIndex {
  const { heads, period } = request
  const first = heads[0]
  const last = heads.at(-1)
  const known = new Set(collected.flatMap(({ meta }) => meta.population.gaps.map(gapKey)))
  return {
    schema: 'everyhop.evidence.pack/1',
    packId: request.packId,
    environment: request.sources.environment,
    trustDomains: request.trustDomains,
    period: { from: isoTime(period.from), to: isoTime(period.to) },
    createdAt: isoTime(request.now()),
    console: request.console,
    operator: request.operator,
    purpose: request.purpose,
    artefacts: collected.map(({ folder, meta }) => ({
      id: meta.id,
      folder,
      records: meta.records,
      exceptions: meta.exceptions,
      state: meta.result.state,
      gaps: meta.population.gaps.length,
      merkleRoot: meta.merkle.root,
    })),
    leftOut: request.leftOut,
    sealedSince: first === undefined ? null : isoTime(first.from),
    heads:
      first === undefined || last === undefined
        ? null
        : {
            count: heads.length,
            first: first.number,
            last: last.number,
            lastHash: hashOfHead(last),
          },
    deviceKey: fingerprintOf(request.deviceKey),
    // One that an artefact says is said once.
    gaps: request.watchGaps.filter((gap) => !known.has(gapKey(gap))),
    limitations: limitationsOf(request),
  }
}

function limitationsOf({ heads, period, areSealsKept }: PackRequest): readonly Limitation[] {
  const [first] = heads
  if (first === undefined) return [{ code: 'pack.not-sealed', params: {} }]
  return [
    ...(first.from > period.from ? [{ code: 'pack.sealed-late', params: { since: isoTime(first.from) } }] : []),
    ...(areSealsKept ? [] : [{ code: 'pack.seals-in-memory', params: {} }]),
  ]
}

function gapKey({ source, from, to, why }: EvidenceGap): string {
  return JSON.stringify([source, from, to, why])
}

/** What happened to it on its way, oldest first. */
function custodyOf(
  request: PackRequest,
  collected: readonly CollectedArtefact[],
  index: PackIndex,
  keyFingerprint: string,
): string {
  const { operator: by, console } = request
  const events = [
    ...request.heads.map(({ number, sealedAt, key }) => ({ at: isoTime(sealedAt), event: 'head-sealed', number, key })),
    ...collected.map(({ meta }) => ({
      at: meta.collected.finishedAt,
      event: 'artefact-collected',
      artefact: meta.id,
      records: meta.records,
      merkleRoot: meta.merkle.root,
      by,
      console,
    })),
    {
      at: index.createdAt,
      event: 'pack-signed',
      packId: index.packId,
      key: keyFingerprint,
      with: signedWithWords(request.signer.kind, request.signer.name),
      by,
      console,
    },
  ]
  return ndjson(events.map((event) => JSON.stringify(event)))
}

function redactionOf(request: PackRequest, collected: readonly CollectedArtefact[], prefixed: number): unknown {
  return {
    schema: 'everyhop.evidence.redaction/1',
    masking: { now: request.masking, inHeads: [...new Set(request.heads.map(({ masking }) => masking))] },
    says: 'Masked before it was kept; what was taken out is *** and is held nowhere. Every text was looked through for secrets before it went in.',
    artefacts: collected.map(({ meta }) => ({ artefact: meta.id, fields: meta.masked.fields })),
    // Of lists: NDJSON has these cells as they were.
    prefixedCells: prefixed + collected.reduce((sum, each) => sum + each.prefixedCells, 0),
  }
}

function ndjson(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
