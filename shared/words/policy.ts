import type { PublishGate, PublishWarning } from '../contract/policy.ts'
import type { BundleContent, BundleRevision, Evaluation, RevisionId, SignatureState } from '../domain/model/policy.ts'
import { countOf } from './durations.ts'
import { count, figure, has, type Params, quoted, word } from './param-text.ts'

/** A line of the publish dialog: what is the case, and what follows from it. */
export interface TwoLines {
  readonly title: string
  readonly detail: string
}

const warnings: Readonly<Record<string, (params: Params) => TwoLines>> = {
  'publish-left-out': (p) => ({
    title: 'Something of what this draft was begun from is not in it',
    detail: `${ended(word(p, 'detail'))} It is gone from what OPAs have when this is published.`,
  }),
  'publish-live-unreadable': (p) => ({
    title: 'What is live cannot be read',
    detail: `What the pointer leads to is no bundle: ${quoted(p, 'detail')}. What differs is not known. OPAs cannot load it either; they keep what they had.`,
  }),
  'publish-overtaken': (p) => ({
    title: `${word(p, 'live')} went live since this draft was begun from ${word(p, 'based')}`,
    detail: 'What that changed is not in the draft, and is undone where it differs. Look at the differences.',
  }),
  'publish-guard-unknown': (p) => ({
    title: 'Whether another publisher could overwrite this one is not known yet',
    detail: `Whether the store refuses a write on what has changed is tried with an object of its own when something is published, not before. Between reading the pointer, moving it and reading it again lie about ${figure(p, 'windowMs')} ms. An overwritten publication is noticed and named.`,
  }),
  'publish-last-writer-wins': (p) => ({
    title: 'Another publisher could overwrite this one',
    detail: `The store does not refuse a write on what has changed.${
      count(p, 'windowMs') > 0
        ? ` Between reading the pointer, moving it and reading it again lie about ${figure(p, 'windowMs')} ms.`
        : ''
    } An overwritten publication is noticed and named. ${word(p, 'detail')}`,
  }),
  'publish-opa-behind': (p) => ({
    title: has(p, 'revision')
      ? `${word(p, 'opa')} has ${word(p, 'revision')}, not what is live`
      : `What ${word(p, 'opa')} has is not known`,
    detail: 'It may not take this publication either. It keeps enforcing what it has.',
  }),
  'publish-no-opas': (p) => ({
    title: `No OPA is known that has ${word(p, 'bundle')}`,
    detail: 'Whether anything takes this publication cannot be observed.',
  }),
  'publish-unsigned': (p) => ({
    title: 'This bundle is not signed',
    detail: `environment.yaml names no signing key of ${word(p, 'bundle')}. OPAs that verify signatures refuse it.`,
  }),
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

/** Codes of warnings that have words. */
export const publishWarningCodes: readonly string[] = Object.keys(warnings)

/** What is uncertain about a publication. A code of a newer service is shown as itself. */
export function publishWarning({ code, params }: Pick<PublishWarning, 'code' | 'params'>): TwoLines {
  const words = Object.hasOwn(warnings, code) ? warnings[code] : undefined
  return words === undefined ? { title: `No words are known for the warning “${code}”`, detail: '' } : words(params)
}

/** Why something of a bundle is not known: part of the list of reasons. */
export const policyReasons: Readonly<Record<string, (params: Params) => string>> = {
  'policy-no-store': () =>
    'environment.yaml names no store of this bundle: what is live is known from the OPAs only, and nothing can be published.',
  'policy-no-pointer': (p) => `The store holds nothing at ${quoted(p, 'pointer')}: nothing was published there yet.`,
  'policy-live-unreadable': (p) =>
    `What the store’s pointer leads to is no bundle that can be read: ${quoted(p, 'detail')}. OPAs cannot load it either. Publishing or rolling back replaces it.`,
  'policy-store-unreadable': (p) => `The store cannot be read: ${quoted(p, 'detail')}.`,
}

const gates = {
  check: 'OPA’s check',
  tests: 'Tests',
  regal: 'Regal',
  build: 'Build',
  signature: 'Signature',
  'change-mode': 'Change mode',
} as const satisfies Readonly<Record<PublishGate['gate'], string>>

export function gateLabel(gate: PublishGate['gate']): string {
  return gates[gate]
}

/** "passed", "failed, and blocks", "failed, does not block", "not evaluated": what was not looked at has not passed. */
export function gateOutcome({ outcome, blocks }: PublishGate): string {
  if (outcome === 'passed') return 'passed'
  if (outcome === 'not-evaluated') return 'not evaluated'
  return blocks ? 'failed, and blocks' : 'failed, does not block'
}

/** One word and why, for a column and its tooltip. */
export function signatureWords(signature: SignatureState): { readonly short: string; readonly sentence: string } {
  switch (signature.state) {
    case 'valid':
      return {
        short: 'valid',
        sentence:
          signature.keyId === null ? 'Signed, and verified.' : `Signed with key ${signature.keyId}, and verified.`,
      }
    case 'invalid':
      return { short: 'invalid', sentence: `The signature does not verify: “${signature.problem}”.` }
    case 'missing':
      return { short: 'none', sentence: 'The bundle has no signature.' }
    case 'unknown':
      return { short: 'unknown', sentence: `Whether the signature is valid is not known: ${signature.why}.` }
  }
}

const heldSentences = {
  store: 'Its bytes are in the store.',
  kept: 'Its bytes are no longer in the store; Everyhop kept them.',
  unlisted: 'Everyhop kept its bytes. Whether the store has them too is not known.',
  seen: 'Only its name is known: its bytes were never seen. It cannot be compared or brought back.',
} as const satisfies Readonly<Record<BundleRevision['held'], string>>

export function heldSentence(held: BundleRevision['held']): string {
  return heldSentences[held]
}

const decisions = {
  allow: 'allow',
  deny: 'deny',
  undefined: 'undefined',
  error: 'error',
} as const satisfies Readonly<Record<Evaluation['decision'], string>>

export function decisionWord(decision: Evaluation['decision'] | null): string {
  return decision === null ? 'not known' : decisions[decision]
}

/** What Envoy makes of a decision. */
export function decisionMeaning(decision: Evaluation['decision']): string {
  switch (decision) {
    case 'allow':
      return 'Envoy would let the request pass.'
    case 'deny':
      return 'Envoy would refuse the request.'
    case 'undefined':
      return 'No rule decides: Envoy gets no decision, and fails open or closed as it is configured.'
    case 'error':
      return 'OPA answers with an error: Envoy gets no decision, and fails open or closed as it is configured.'
  }
}

/** Beside the files of a revision: what they were read from. */
export function sourcesSentence(from: BundleContent['from']): string {
  if (from.kind === 'policy-api')
    return `Read from the policy API of ${from.opa}, as it has them loaded: Everyhop holds no bundle of this revision.`
  return from.held === 'store' ? 'Read from the bundle store.' : 'Read from the bundle that Everyhop kept.'
}

/** Beside a result whose input is not whole. */
export function maskedSentence(masked: readonly string[]): string | null {
  if (masked.length === 0) return null
  const are = masked.length === 1 ? 'value was' : 'values were'
  return `${masked.length.toLocaleString('en-GB')} ${are} masked: the result may differ from what OPA would say.`
}

/** "r43", or its digest where it has no name. */
export function revisionName({ revision, digest }: RevisionId): string {
  if (revision !== '') return revision
  return digest === null ? 'a revision without a name' : `the unnamed bundle ${digest.slice(0, 12)}`
}

/** "3 files, +14 −2"; "no file differs". null: one side cannot be read. */
export function differenceCounts(
  differences: readonly { readonly added: number; readonly removed: number }[] | null,
): string {
  if (differences === null) return 'what differs is not known'
  if (differences.length === 0) return 'no file differs'
  const sum = (key: 'added' | 'removed'): string =>
    differences.reduce((total, each) => total + each[key], 0).toLocaleString('en-GB')
  return `${countOf(differences.length, 'file')}, +${sum('added')} −${sum('removed')}`
}
