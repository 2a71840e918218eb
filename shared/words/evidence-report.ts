import type { Population } from '../domain/evidence/model.ts'
import type { SealedHead } from '../domain/evidence/seals.ts'
import { countOf, formatMoment } from './durations.ts'

/** Headings and sentences of the reports of a pack. Nothing here concludes: that is the assessor's. */
export const reportWords = {
  kind: 'Evidence of what controls did in a period',
  purpose: 'Made for',
  noPurpose: 'not said',
  period: 'Period (its end is not part of it)',
  environment: 'Environment',
  trustDomains: 'Trust domains',
  madeBy: 'Made by',
  madeAt: 'Made at',
  key: 'Signed with the key',
  results: 'What was seen',
  artefact: 'Artefact',
  state: 'State',
  records: 'Records',
  population: 'Population',
  control: 'Control total',
  exceptions: 'Exceptions',
  reporting: 'Reporting',
  gaps: 'What is missing',
  noGaps: 'No gap is known. That is no proof that there was none: a source can be silent without anybody noticing.',
  limitations: 'What this does not show',
  exceptionList: 'Exceptions, one by one',
  noExceptions: 'None was seen, where anything was looked at.',
  controls: 'What it supports',
  controlsNote: 'Operating evidence for a control, directly or in support. Conclusions belong to the assessor.',
  seals: 'Since when it is sealed',
  verify: 'How to check it',
  left: 'Left out on purpose',
  states: [
    ['Operated', 'everything that was to be seen was seen, and nothing deviated'],
    ['Exceptions', 'it was seen to deviate'],
    ['Insufficient', 'what was seen is not enough to say; an absence is never a result'],
    ['Not evaluated', 'it was not looked at'],
  ],
  verification: [
    'Take the public key of the organisation from outside this pack: from a contract, a portal or a call, never from the folder trust. Whoever forges a pack can put any key into it.',
    'With Everyhop: everyhop evidence verify <pack>.zip --key organisation.pub.pem',
    'With Python and OpenSSL, and verify.py from outside the pack: python3 verify.py <pack>.zip --key organisation.pub.pem',
    'With neither: README.txt in the pack has three commands.',
    'Intact means that nothing was changed since it was signed, and since each head was sealed. It does not mean that everything was collected: for that read what is missing.',
  ],
} as const

/** `1,000 of 1,000 (control total of envoy: 1,000, no difference)`. */
export function populationWords({ count, control }: Population): string {
  const counted = count === null ? 'not known' : countOf(count, 'record')
  if (control === null) return counted
  const difference =
    control.difference === 0 ? 'no difference' : `difference ${control.difference.toLocaleString('en-GB')}`
  return `${counted}; ${control.source}: ${control.value.toLocaleString('en-GB')}, ${difference}`
}

export function reportingWords({ expected, reporting }: Population): string {
  if (expected === null && reporting === null) return 'not known'
  return `${reporting ?? 'an unknown number'} of ${expected ?? 'an unknown number'}`
}

/** How far back integrity reaches. */
export function sealedWords(heads: readonly Pick<SealedHead, 'from' | 'number'>[]): string {
  const [first] = heads
  if (first === undefined) {
    return 'Nothing was sealed while it was collected. The signature proves that nothing was changed since the pack was made, and nothing about before.'
  }
  const since = formatMoment(first.from)
  return `${countOf(heads.length, 'head')} of the seals, from number ${first.number}: what was collected since ${since} was sealed at most an hour later, and each head names the one before.`
}

/** `12 more are in exceptions.csv.` */
export function moreExceptionsWords(more: number, file: string): string {
  return `${countOf(more, 'more exception')} in ${file}.`
}

/** How it was signed. Where a key file lies is nobody else's business. */
export function signedWithWords(kind: 'file' | 'transit' | 'command', name: string): string {
  if (kind === 'file') return 'a key file'
  return kind === 'transit' ? `a key that Vault keeps: ${name}` : `the program ${name.split(/[/\\]/).at(-1) ?? ''}`
}
