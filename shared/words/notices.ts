import { clock, figure, has, type Params, quoted, word } from './param-text.ts'

/** Notices of the live topic: what happened, and what to do. */
const sentences: Readonly<Record<string, (params: Params) => string>> = {
  'own-svid-expiring': (p) =>
    `Everyhop’s own SVID for SPIRE ${quoted(p, 'instance')} expires at ${clock(p, 'notAfter')}.` +
    (has(p, 'mintCommand') ? ` Renew it with: ${word(p, 'mintCommand')}` : ''),
  'own-svid-expired': (p) =>
    `Everyhop’s own SVID for SPIRE ${quoted(p, 'instance')} expired at ${clock(p, 'notAfter')}.` +
    (has(p, 'mintCommand') ? ` Renew it with: ${word(p, 'mintCommand')}` : ''),
  'environment-changed': (p) => `The environment file of ${quoted(p, 'environment')} changed and was read again.`,
  'environment-problem': (p) =>
    `The environment file of ${quoted(p, 'environment')} cannot be used: ${quoted(p, 'message')}.`,
  'environment-gone': (p) => `The environment ${quoted(p, 'environment')} is gone: its file was removed.`,
  'intent-changed': () => 'intent.yaml changed and was read again.',
  'intent-problem': (p) => `intent.yaml cannot be used: ${quoted(p, 'message')}.`,
  'source-silent': (p) => `${word(p, 'source')} ${quoted(p, 'instance')} stopped answering.`,
  'source-back': (p) => `${word(p, 'source')} ${quoted(p, 'instance')} answers again.`,
  'hop-failing': (p) => `New: ${word(p, 'from')} to ${word(p, 'to')} is failing.`,
  'hops-failing': (p) => `New: ${figure(p, 'count')} hops are failing.`,
  'service-gone': () => 'The service does not answer. The picture is the last one known; it connects again by itself.',
  'service-back': () => 'The service answers again.',
}

/** Codes that have words. */
export const noticeCodesWithWords: readonly string[] = Object.keys(sentences)

/** A whole sentence; an unknown code is shown as itself. */
export function noticeSentence(code: string, params: Params = {}): string {
  const sentence = Object.hasOwn(sentences, code) ? sentences[code] : undefined
  return sentence === undefined ? `No words are known for the notice “${code}”.` : sentence(params)
}
