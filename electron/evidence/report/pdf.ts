import PDFDocument from 'pdfkit'
import { artefactTitles, gapSentence, limitationSentence, resultWords } from '../../../shared/words/evidence.ts'
import {
  moreExceptionsWords,
  populationWords,
  reportingWords,
  reportWords as words,
} from '../../../shared/words/evidence-report.ts'
import type { Figures } from './figures.ts'

/** A report that nobody reads is none: whatever is longer is in report.html and in the lists. */
const mostPages = 60
/** Exceptions that are shown of all artefacts together. */
const mostExceptions = 200
const mostBullets = 300
const longestText = 1500
const longestException = 400

const ink = '#16202c'
const quiet = '#51606f'

/**
 * `data/report.pdf`, with the standard fonts of PDF: a character that they lack is written as its number, never left out. The same
 * figures give the same bytes.
 */
export async function pdfReport(figures: Figures, sealed: string): Promise<Buffer> {
  const { index, metas, controls, exceptions, keyFingerprint, signedWith } = figures
  const document = new PDFDocument({
    size: 'A4',
    margin: 50,
    info: {
      Title: index.packId,
      Producer: index.console,
      Creator: index.console,
      CreationDate: new Date(index.createdAt),
    },
  })
  const pieces: Buffer[] = []
  document.on('data', (piece: Buffer) => pieces.push(piece))
  const ended = new Promise<void>((resolve, reject) => {
    document.on('end', resolve)
    document.on('error', reject)
  })
  let pages = 1
  document.on('pageAdded', () => {
    pages += 1
  })
  const isFull = (): boolean => pages >= mostPages - 1

  function text(value: string, size = 9, colour = ink, font = 'Helvetica'): void {
    if (isFull()) return
    document.font(font).fontSize(size).fillColor(colour).text(printable(value), { lineGap: 1.5 })
  }
  function heading(value: string): void {
    if (isFull()) return
    if (document.y > document.page.height - 120) document.addPage()
    document.moveDown(0.9)
    text(value, 12, ink, 'Helvetica-Bold')
    document.moveDown(0.25)
  }
  function bullets(values: readonly string[], rest: string): void {
    for (const value of values.slice(0, mostBullets)) text(`•  ${value}`)
    if (values.length > mostBullets) text(rest, 9, quiet)
  }

  text(index.packId, 20, ink, 'Helvetica-Bold')
  text(words.kind, 10, quiet)
  document.moveDown(0.6)
  const terms: readonly (readonly [string, string])[] = [
    [words.environment, index.environment],
    [words.trustDomains, index.trustDomains.join(', ')],
    [words.period, `${index.period.from} – ${index.period.to}`],
    [words.purpose, index.purpose ?? words.noPurpose],
    [words.madeBy, `${index.operator}, ${index.console}`],
    [words.madeAt, index.createdAt],
    [words.key, `${keyFingerprint} (${signedWith})`],
  ]
  for (const [name, value] of terms) text(`${name}: ${value}`)

  heading(words.results)
  for (const { title, result, records, population, exceptions: count } of metas) {
    document.moveDown(0.35)
    text(`${title}: ${resultWords[result.state]}`, 10, ink, 'Helvetica-Bold')
    text(limitationSentence(result.reason))
    const seen = `${words.records} ${number(records)} · ${words.population} ${populationWords(population)}`
    text(`${seen} · ${words.reporting} ${reportingWords(population)} · ${words.exceptions} ${number(count)}`, 9, quiet)
  }
  document.moveDown(0.35)
  for (const [name, meaning] of words.states) text(`${name}: ${meaning}.`, 8, quiet)
  if (index.leftOut.length > 0) text(`${words.left}: ${index.leftOut.map((id) => artefactTitles[id]).join(', ')}.`)

  heading(words.gaps)
  const gaps = [...index.gaps, ...metas.flatMap(({ population }) => population.gaps)]
  if (gaps.length === 0) text(words.noGaps)
  bullets(gaps.map(gapSentence), `${number(gaps.length - mostBullets)} more in report.html.`)

  heading(words.limitations)
  const limitations = [...index.limitations, ...metas.flatMap((meta) => meta.limitations)]
  bullets([...new Set(limitations.map(limitationSentence))], 'More in report.html.')

  heading(words.exceptionList)
  let shown = 0
  exceptions.forEach(({ listed }, at) => {
    const count = metas[at]?.exceptions ?? 0
    if (count === 0) return
    document.moveDown(0.35)
    text(metas[at]?.title ?? '', 10, ink, 'Helvetica-Bold')
    const some = listed.slice(0, mostExceptions - shown)
    shown += some.length
    for (const { file, line, text: record } of some)
      text(`${file}:${line}  ${cut(record, longestException)}`, 7, ink, 'Courier')
    if (count > some.length) text(moreExceptionsWords(count - some.length, 'exceptions.csv and the artefact'), 9, quiet)
  })
  if (metas.every((meta) => meta.exceptions === 0)) text(words.noExceptions)

  heading(words.controls)
  text(words.controlsNote, 9, quiet)
  for (const { framework, control, title, artefacts, strength, note } of controls) {
    const of = artefacts.map((id) => artefactTitles[id]).join(', ')
    text(`${framework} ${control}, ${title}: ${strength}, ${of}.${note === '' ? '' : ` ${note}`}`)
  }

  heading(words.seals)
  text(sealed)
  heading(words.verify)
  bullets(words.verification, '')
  if (isFull()) {
    document.addPage()
    document
      .font('Helvetica')
      .fontSize(9)
      .fillColor(ink)
      .text('This report ends here: all of it is in report.html and in the lists.')
  }
  document.end()
  await ended
  return Buffer.concat(pieces)
}

/** Characters of Windows-1252 outside ASCII and Latin-1. */
const windows1252 = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ'

function printable(text: string): string {
  let result = ''
  for (const character of cut(text, longestText)) {
    const code = character.codePointAt(0) ?? 0
    const known = (code >= 0x20 && code <= 0x7e) || (code >= 0xa1 && code <= 0xff && code !== 0xad)
    result += known || windows1252.includes(character) ? character : `\\u{${code.toString(16)}}`
  }
  return result
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`
}

function number(count: number): string {
  return count.toLocaleString('en-GB')
}
