import { artefactTitles, gapSentence, limitationSentence, resultWords } from '../../../shared/words/evidence.ts'
import {
  moreExceptionsWords,
  populationWords,
  reportingWords,
  reportWords as words,
} from '../../../shared/words/evidence-report.ts'
import type { Figures } from './figures.ts'

/** Exceptions that the report itself shows of each artefact; all are in exceptions.csv and in the artefact. */
export const shownExceptions = 200

const style = `
:root{color-scheme:light}
body{font:14px/1.45 system-ui,-apple-system,"Segoe UI",sans-serif;color:#16202c;background:#fff;max-width:72rem;margin:2rem auto;padding:0 1.5rem}
h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2rem 0 .5rem;border-bottom:1px solid #c9d2dc;padding-bottom:.25rem}
h3{font-size:1rem;margin:1.25rem 0 .25rem}p{margin:.35rem 0}
table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #dde4eb}
th{font-weight:600;background:#f2f5f8}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
code,.mono{font:12px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.place{white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.75rem 0}dt{color:#51606f}dd{margin:0;overflow-wrap:anywhere}
.state{font-weight:600;white-space:nowrap}.operated{color:#14663a}.exception{color:#8a4b00}.insufficient,.not-evaluated{color:#4a4f57}
.quiet{color:#51606f}
@media print{body{margin:0;max-width:none;font-size:10pt}h2,h3{break-after:avoid}tr{break-inside:avoid}thead{display:table-header-group}}
`.trim()

/** `data/report.html`: one file, no script, nothing from elsewhere; every text of others is escaped. */
export function htmlReport(figures: Figures, sealed: string): string {
  const { index, metas, controls, exceptions, keyFingerprint, signedWith } = figures
  const gaps = [...index.gaps, ...metas.flatMap(({ population }) => population.gaps)]
  const limitations = [...index.limitations, ...metas.flatMap((meta) => meta.limitations)]
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(index.packId)}</title><style>${style}</style></head><body>`,
    `<h1>${escaped(index.packId)}</h1><p class="quiet">${escaped(words.kind)}</p>`,
    '<dl>',
    term(words.environment, index.environment),
    term(words.trustDomains, index.trustDomains.join(', ')),
    term(words.period, `${index.period.from} – ${index.period.to}`),
    term(words.purpose, index.purpose ?? words.noPurpose),
    term(words.madeBy, `${index.operator}, ${index.console}`),
    term(words.madeAt, index.createdAt),
    term(words.key, `${keyFingerprint} (${signedWith})`),
    '</dl>',
    `<h2>${escaped(words.results)}</h2>`,
    table(
      [words.artefact, words.state, `#${words.records}`, words.population, words.reporting, `#${words.exceptions}`],
      metas.map(({ title, result, records, population, exceptions: count }) => [
        escaped(title),
        `<span class="state ${result.state}">${escaped(resultWords[result.state])}</span><br><span class="quiet">${escaped(limitationSentence(result.reason))}</span>`,
        number(records),
        `${escaped(populationWords(population))}<br><span class="quiet">${escaped(limitationSentence({ code: population.method, params: {} }))}</span>`,
        escaped(reportingWords(population)),
        number(count),
      ]),
    ),
    `<p class="quiet">${words.states.map(([name, meaning]) => `<b>${escaped(name)}</b>: ${escaped(meaning)}`).join('. ')}.</p>`,
    index.leftOut.length === 0
      ? ''
      : `<p>${escaped(words.left)}: ${escaped(index.leftOut.map((id) => artefactTitles[id]).join(', '))}.</p>`,
    `<h2>${escaped(words.gaps)}</h2>`,
    gaps.length === 0 ? paragraph(words.noGaps) : bullets(gaps.map(gapSentence)),
    `<h2>${escaped(words.limitations)}</h2>`,
    bullets([...new Set(limitations.map(limitationSentence))]),
    `<h2>${escaped(words.exceptionList)}</h2>`,
    metas.every((meta) => meta.exceptions === 0) ? paragraph(words.noExceptions) : '',
    ...exceptions.map(({ artefact, listed }, at) => {
      const count = metas[at]?.exceptions ?? 0
      if (count === 0) return ''
      const shown = listed.slice(0, shownExceptions)
      const rows = shown.map(({ file, line, text }) => [
        `<code class="place">${escaped(file)}:${line}</code>`,
        `<code>${escaped(text)}</code>`,
      ])
      const rest = count - shown.length
      return [
        `<h3>${escaped(metas[at]?.title ?? artefact)}</h3>`,
        table(['', ''], rows),
        rest > 0 ? paragraph(moreExceptionsWords(rest, `artefacts/${index.artefacts[at]?.folder ?? ''}`)) : '',
      ].join('\n')
    }),
    `<h2>${escaped(words.controls)}</h2><p class="quiet">${escaped(words.controlsNote)}</p>`,
    table(
      ['Framework', 'Control', 'Title', words.artefact, 'Strength', 'Note'],
      controls.map(({ framework, control, title, artefacts, strength, note }) =>
        [framework, control, title, artefacts.map((id) => artefactTitles[id]).join(', '), strength, note].map(escaped),
      ),
    ),
    `<h2>${escaped(words.seals)}</h2>${paragraph(sealed)}`,
    `<h2>${escaped(words.verify)}</h2>${bullets(words.verification)}`,
    '</body></html>',
    '',
  ].join('\n')
}

/** A column whose name begins with # has numbers. `rows` are HTML already. */
function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const kind = columns.map((name) => (name.startsWith('#') ? ' class="n"' : ''))
  const head = columns.every((name) => name === '')
    ? ''
    : `<thead><tr>${columns.map((name, at) => `<th${kind[at] ?? ''}>${escaped(name.replace(/^#/, ''))}</th>`).join('')}</tr></thead>`
  const body = rows.map((cells) => `<tr>${cells.map((cell, at) => `<td${kind[at] ?? ''}>${cell}</td>`).join('')}</tr>`)
  return `<table>${head}<tbody>${body.join('\n')}</tbody></table>`
}

function term(name: string, value: string): string {
  return `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`
}

function paragraph(text: string): string {
  return `<p>${escaped(text)}</p>`
}

function bullets(texts: readonly string[]): string {
  return `<ul>${texts.map((text) => `<li>${escaped(text)}</li>`).join('')}</ul>`
}

function number(count: number): string {
  return count.toLocaleString('en-GB')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Control and direction characters are shown by their number: they would reorder what an auditor reads. */
function escaped(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}
