import type { BuildEvent, EvidencePlan } from '../../shared/contract/evidence.ts'
import type { PackIndex, PackSummary } from '../../shared/domain/evidence/model.ts'
import { countOf, formatDuration, formatMoment } from '../../shared/words/durations.ts'
import { artefactTitles, gapSentence, limitationSentence, resultWords } from '../../shared/words/evidence.ts'
import { columns, plainText } from './text.ts'

const steps = {
  collect: 'collecting',
  redact: 'looking for secrets',
  hash: 'hashing',
  reconcile: 'reconciling',
  seal: 'sealing, signing and verifying',
} as const

/** `collecting: decisions 120,000 records, 71 MB`. */
export function progressLine({
  step,
  artefacts,
  elapsedMs,
}: Extract<BuildEvent, { readonly type: 'progress' }>): string {
  const current = artefacts.findLast(({ state, records, bytes }) => state === null && (records > 0 || bytes > 0))
  const of =
    step !== 'collect' || current === undefined
      ? ''
      : `: ${current.id} ${countOf(current.records, 'record')}, ${megabytes(current.bytes)}`
  return `${steps[step]}${of} (${formatDuration(elapsedMs)})`
}

export function artefactTable(artefacts: PackIndex['artefacts']): string {
  return columns([
    ['ARTEFACT', 'STATE', 'RECORDS', 'EXCEPTIONS', 'GAPS'],
    ...artefacts.map(({ id, state, records, exceptions, gaps }) => [
      artefactTitles[id],
      resultWords[state],
      records.toLocaleString('en-GB'),
      exceptions.toLocaleString('en-GB'),
      String(gaps),
    ]),
  ])
}

export function packTable(packs: readonly PackSummary[]): string {
  return columns([
    ['PACK', 'FROM', 'UP TO', 'SEALED', 'SIZE', 'GAPS', 'FILE'],
    ...packs.map(({ packId, period, sealedAt, bytes, gaps, file }) => [
      packId,
      formatMoment(period.from),
      formatMoment(period.to),
      formatMoment(sealedAt),
      bytes === null ? 'moved or deleted' : megabytes(bytes),
      String(gaps.length),
      file,
    ]),
  ])
}

/** What a pack would hold, and what it would lack. */
export function planText({ artefacts, gaps, heads, signing, bytesNeeded, bytesFree }: EvidencePlan): string {
  const limitations = new Set(artefacts.flatMap((artefact) => artefact.limitations.map(limitationSentence)))
  const sealed =
    heads.since === null
      ? 'Nothing is sealed of this time yet.'
      : `${countOf(heads.sealed, 'head')} of the seals, since ${formatMoment(heads.since)}.`
  return [
    columns([
      ['ARTEFACT', 'RECORDS', 'STATE AT BEST', 'BECAUSE'],
      ...artefacts.map(({ title, records, expected }) => [
        title,
        records === null ? 'not known' : records.toLocaleString('en-GB'),
        resultWords[expected.state],
        limitationSentence(expected.reason),
      ]),
    ]),
    list('What will be missing:', gaps.map(gapSentence), 'No gap is known.'),
    list('What it does not show:', [...limitations], 'No limitation is known.'),
    `\n${sealed}\n`,
    signing === null
      ? 'No key is configured: say --key, --transit or --sign-command when you make it.\n'
      : `It is signed by ${signing.kind} ${plainText(signing.name)}.\n`,
    `It may need ${megabytes(bytesNeeded)}${bytesFree === null ? '' : `; ${megabytes(bytesFree)} are free`}.\n`,
  ].join('')
}

function list(title: string, sentences: readonly string[], none: string): string {
  const lines = sentences.map((sentence) => `  ${plainText(sentence)}\n`)
  return sentences.length === 0 ? `\n${none}\n` : `\n${title}\n${lines.join('')}`
}

function megabytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1000).toLocaleString('en-GB')} kB`
  return `${(bytes / 1e6).toLocaleString('en-GB', { maximumFractionDigits: 1 })} MB`
}
