import type { Limitation } from '../domain/evidence/model.ts'
import { countOf } from './durations.ts'

type Params = Limitation['params']

const records = (value: Params[string] | undefined, word: string): string =>
  typeof value === 'number' ? countOf(value, word) : `an unknown number of ${word}s`

/** `sources` is a list with commas; all of them stand beside their gaps. */
function someOf(sources: Params[string] | undefined): string {
  const names = typeof sources === 'string' ? sources.split(', ') : []
  const [first = 'a source', second, ...more] = names
  if (second === undefined) return first
  return more.length === 0 ? `${first} and ${second}` : `${first}, ${second} and ${more.length} more`
}

/** Reasons of a result by the rule of shared/domain/evidence/result-state.ts, and what the maker of packs says of its own. */
export const resultSentences: Readonly<Record<string, (params: Params) => string>> = {
  'result.operated': ({ count }) => `Of ${records(count, 'record')} none deviated, and nothing is known to be missing.`,
  'result.exceptions': ({ exceptions }) => `${records(exceptions, 'record')} deviated; each is in the list.`,
  'result.gaps': ({ gaps, sources }) =>
    `${records(gaps, 'gap')} of ${someOf(sources)}: what happened in ${gaps === 1 ? 'it' : 'them'} is not known.`,
  'result.not-reporting': ({ reporting, expected }) =>
    reporting === null || reporting === undefined
      ? `It is not known how many of ${expected ?? 'all'} reported.`
      : `${reporting} of ${expected ?? 'an unknown number'} reported.`,
  'result.dropped': ({ records: lost }) => `${records(lost, 'record')} were dropped before they could be kept.`,
  'result.difference': ({ difference, source }) =>
    `The count of ${source ?? 'another source'} differs by ${difference ?? 'an unknown number'}.`,
  'result.not-counted': () => 'It is not known how many there were.',
  'result.nothing-seen': () =>
    'Nothing was seen, and nobody is known to have reported: that is no evidence of anything.',
  'pack.nonce-ours': () =>
    'The samples were seeded with a nonce that was made here: an auditor who wants to choose gives one before the pack is made.',
  'pack.long-lines': ({ lines }) =>
    `${records(lines, 'line')} of more than 1 MiB are only there as their hashes, in the withheld files.`,
  'pack.not-sealed': () =>
    'Nothing was sealed while it was collected: the pack proves that nothing was changed since it was made, and nothing about before.',
  'pack.seals-in-memory': () =>
    'The seals were held in memory only, as of a playground: they, and the chain of packs, begin anew with each run.',
  'pack.sealed-late': ({ since }) =>
    `What was collected before ${since ?? 'the first seal'} was not sealed then: that it was not changed before is not proven.`,
}
