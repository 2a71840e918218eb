import type { ChangeReasonParams } from '../domain/diagnosis/change/reasons.ts'
import { has, type Params, word } from './param-text.ts'

/** Sentences of the smallest change that lets a refused request pass. Values are quoted as the policy has them. */
export const changeReasons: Readonly<Record<keyof ChangeReasonParams, (params: Params) => string>> = {
  'change-data-as-before': (p) =>
    `Give ${word(p, 'at')} the value that it had in ${word(p, 'revision')}, which allowed this: ${word(p, 'after')}.`,
  'change-data-added': (p) => `Add ${word(p, 'at')} to the data, with ${word(p, 'after')}.`,
  'change-data-member-added': (p) => `Add ${word(p, 'after')} to ${word(p, 'at')}.`,
  'change-data-replaced': (p) => `Change ${word(p, 'at')} from ${word(p, 'before')} to ${word(p, 'after')}.`,
  'change-input-added': (p) => `The request would pass with ${word(p, 'at')} = ${word(p, 'after')}, which it lacks.`,
  'change-input-replaced': (p) =>
    `The request would pass with ${word(p, 'at')} = ${word(p, 'after')} instead of ${word(p, 'before')}.`,
  'change-expression-removed': (p) =>
    `Take the expression in ${word(p, 'file')}:${word(p, 'row')} out of its rule. What it was there for is then not looked at, for any request.`,
  'change-rule-removed': (p) =>
    `Take out the rule in ${word(p, 'file')}:${word(p, 'row')} that refuses. What it was there for is then allowed, for any request.`,
  'change-not-denied': () => 'The policy allowed this request: no change of it is needed.',
  'change-live-allows': (p) => `None is needed: ${word(p, 'revision')}, which is live, allows the same request.`,
  'change-allowed-again': (p) =>
    `Evaluated again with ${word(p, 'revision')} it is allowed, so there is nothing to change; what was masked may be why it was refused then.`,
  'change-none-found': (p) =>
    `None was found: of ${word(p, 'tried')} changes of one place that were tried, none lets the request pass. Several may be needed.`,
  'change-mask-decides': (p) =>
    `What decides is masked in the record (${word(p, 'fields')}), so no change can be proven.`,
  'change-out-of-time': (p) => `None was found in time; ${word(p, 'tried')} changes were tried.`,
  'change-no-input': (p) =>
    `The input of decision ${word(p, 'decisionId')} is not held, so nothing can be tried on it.`,
  'change-no-policy': (p) =>
    has(p, 'revision')
      ? `No bytes of the bundle are to be had, neither of ${word(p, 'revision')} nor of another revision, so nothing can be tried.`
      : 'Which bundle decided is not known, so nothing can be tried.',
  'change-no-opa': () => 'There is no OPA on this machine to try changes with.',
  'change-no-expression': (p) =>
    `${word(p, 'revision')} refuses the request too, but its trace does not tell which expression decided.`,
  'change-not-evaluated': (p) =>
    `The request could not be evaluated again${has(p, 'revision') ? ` with ${word(p, 'revision')}` : ''}, so nothing can be tried.`,
}
