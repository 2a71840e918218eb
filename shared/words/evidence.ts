import type { ArtefactId, EvidenceGap, Limitation, ResultState, VerifyResult } from '../domain/evidence/model.ts'
import { formatDuration, formatMoment } from './durations.ts'
import { limitationSentences } from './evidence-limitations.ts'

/** What an artefact is called, in lists and on reports. */
export const artefactTitles: Readonly<Record<ArtefactId, string>> = {
  'policy-definitions': 'Zero trust policy definitions',
  'svid-issuance': 'SVID issuance audit log',
  'pipeline-integrity': 'Pipeline integrity violations',
  'jit-credentials': 'JIT credential audit',
  'binary-authorisation': 'Binary authorisation violations',
  'trust-graph': 'Trust graph at start and end',
  'mtls-coverage': 'mTLS coverage of each hop',
  decisions: 'Authorisation decisions',
  diagnoses: 'Diagnosis verdicts',
  actions: 'Actions through Everyhop',
}

/** The same where there is little room. */
export const artefactShortTitles: Readonly<Record<ArtefactId, string>> = {
  'policy-definitions': 'Policy',
  'svid-issuance': 'SVID',
  'pipeline-integrity': 'Integrity',
  'jit-credentials': 'JIT',
  'binary-authorisation': 'Binary',
  'trust-graph': 'Graph',
  'mtls-coverage': 'mTLS',
  decisions: 'Decisions',
  diagnoses: 'Diagnoses',
  actions: 'Actions',
}

export const resultWords: Readonly<Record<ResultState, string>> = {
  operated: 'Operated',
  exception: 'Exceptions',
  'not-evaluated': 'Not evaluated',
  insufficient: 'Insufficient',
}

/** A sentence; a code that a newer Everyhop wrote is shown as it is. */
export function limitationSentence({ code, params }: Limitation): string {
  const say = limitationSentences[code]
  if (say !== undefined) return say(params)
  const told = Object.entries(params).map(([name, value]) => `${name} ${value ?? 'unknown'}`)
  return told.length === 0 ? code : `${code} (${told.join(', ')})`
}

const gapWords: Readonly<Record<EvidenceGap['why'], string>> = {
  'not-running': 'Everyhop did not run',
  asleep: 'the computer was asleep',
  'not-watched': 'nobody had this environment open, and nothing recorded it',
  'not-kept': 'what was read could not be kept',
  'clock-stepped': 'the clock of this computer was set back',
  'not-configured': 'it is not configured',
  forbidden: 'a right to read it is missing',
  unreachable: 'it could not be reached',
  silent: 'it told nothing',
  retention: 'it is no longer kept',
  dropped: 'records were dropped',
  disabled: 'it was turned off',
  refused: 'what it said was not understood',
}

/** `vault/main had nothing from … to … (52 h 15 m): it was turned off.` */
export function gapSentence({ source, from, to, why, detail }: EvidenceGap): string {
  const until = to === null ? 'now' : `${formatMoment(to)} (${formatDuration(to - from)})`
  const words = `${source}: nothing from ${formatMoment(from)} to ${until}, ${gapWords[why]}.`
  return detail === '' ? words : `${words} ${detail}`
}

/** Integrity and completeness, as two verdicts. */
export function integrityWords(result: Pick<VerifyResult, 'integrity'>): string {
  if (result.integrity === 'intact') return 'intact'
  return result.integrity === 'not-intact' ? 'not intact' : 'not verifiable'
}

export function completenessWords({ completeness, gaps }: Pick<VerifyResult, 'completeness' | 'gaps'>): string {
  if (completeness === 'complete') return 'complete'
  if (completeness === 'unknown') return 'unknown'
  return gaps.length === 1 ? '1 gap' : gaps.length === 0 ? 'not all could be evaluated' : `${gaps.length} gaps`
}
