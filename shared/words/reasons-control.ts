import type { ReasonCode } from '../domain/graph/reasons.ts'
import { clock, count, figure, has, type Params, quoted, word } from './param-text.ts'

type Code = Extract<
  ReasonCode,
  | 'control-folded'
  | `spire-${string}`
  | 'agent-current'
  | 'agent-is-banned'
  | 'agent-is-expired'
  | 'agent-not-running'
  | 'agent-unread'
  | `opa-current`
  | 'opa-silent'
  | 'opa-not-read-yet'
  | `opa-bundle-${string}`
  | 'opa-dry-run'
  | 'opa-clock-off'
  | `opa-decision${string}`
  | 'bundle-contents-differ'
  | 'opa-revision'
  | 'bundle-converged'
  | 'bundle-mixed'
  | 'bundle-with-errors'
  | 'bundle-with-stale'
  | 'bundle-unread'
  | `declares-${string}`
>

const lastRead = (params: Params) =>
  has(params, 'lastReadAt') ? ` It was last read at ${clock(params, 'lastReadAt')}.` : ' It has never been read.'

/** SPIRE servers and agents, OPAs and their bundles. */
export const controlReasons: Readonly<Record<Code, (params: Params) => string>> = {
  'spire-agents': (p) => `${figure(p, 'current')} of ${figure(p, 'total')} agents`,
  'control-folded': (p) =>
    `${figure(p, 'count')} more of the same kind; the ${figure(p, 'drawn')} that are drawn singly are no better than these.`,
  'spire-agents-unread': (p) => `The agents of ${word(p, 'instance')} cannot be read.`,
  'spire-serving': (p) => `The SPIRE server ${word(p, 'instance')} answers.`,
  'spire-not-serving': (p) => `The SPIRE server ${word(p, 'instance')} says that it is not serving.`,
  'spire-silent': (p) => `The SPIRE server ${word(p, 'instance')} does not answer.${lastRead(p)}`,
  'spire-not-asked': (p) =>
    `The SPIRE server ${word(p, 'instance')} is there, and is not asked: Everyhop has no identity that it would answer. ${quoted(p, 'detail')}`,
  'spire-refuses': (p) =>
    `The SPIRE server ${word(p, 'instance')} answers, and refuses what Everyhop asks. ${quoted(p, 'detail')}`,
  'spire-not-read-yet': (p) => `The SPIRE server ${word(p, 'instance')} has not been read yet.`,
  'spire-agents-need-attention': (p) =>
    `Of ${figure(p, 'total')} agents of ${word(p, 'instance')}, ${figure(p, 'banned')} are banned and ${figure(p, 'expired')} have an expired SVID.`,
  'spire-federation-without-bundle': (p) =>
    `${word(p, 'instance')} is to federate with ${word(p, 'trustDomain')} and has no bundle of it: nothing from ${quoted(p, 'endpoint')} was taken yet.`,
  'agent-current': (p) =>
    has(p, 'notAfter') ? `The agent's SVID is valid until ${clock(p, 'notAfter')}.` : 'The agent is attested.',
  'agent-is-banned': (p) => `The agent ${quoted(p, 'agent')} is banned.`,
  'agent-is-expired': (p) => `The SVID of the agent ${quoted(p, 'agent')} expired at ${clock(p, 'notAfter')}.`,
  'agent-not-running': (p) =>
    `The pod of the agent, ${word(p, 'pod')}, is not ready${has(p, 'waiting') ? `: ${quoted(p, 'waiting')}` : ''}. Until it runs, no SVID on its machine is renewed.`,
  'agent-unread': (p) => `The agent ${quoted(p, 'agent')} cannot be read now.${lastRead(p)}`,
  'declares-pods': (p) => `${figure(p, 'selected')} pods · ${figure(p, 'entries')} entries`,
  'declares-entries': (p) => `${figure(p, 'total')} ${figure(p, 'total') === '1' ? 'object' : 'objects'}`,
  'declares-without-status': (p) =>
    `The controller has written no status for ${word(p, 'object')}: perhaps none of its class runs.`,
  'declares-for-other-class': (p) =>
    `No controller manager acts on ${word(p, 'object')}: ` +
    (has(p, 'className') ? `its class is ${quoted(p, 'className')}` : 'it has no class') +
    (has(p, 'acting')
      ? `, and the one that runs acts on ${quoted(p, 'acting')}.`
      : ', and the one that runs acts on objects without a class.'),
  'declares-nothing': (p) => `${word(p, 'object')} selects no pod, so nobody gets the identity that it describes.`,
  'declares-with-failures': (p) =>
    `The controller could not make ${figure(p, 'failures')} of the entries of ${word(p, 'object')} in SPIRE.`,
  'declares-unrendered': (p) =>
    `${word(p, 'object')} could not be rendered for ${figure(p, 'failures')} of ${figure(p, 'selected')} pods; these get no identity from it.`,
  'declares-masked': (p) =>
    `${figure(p, 'masked')} entries of ${word(p, 'object')} are masked: another object declares the same, and that one counts.`,
  'declares-ignored-namespaces': (p) =>
    `${word(p, 'object')} selects no pod: ${figure(p, 'ignored')} of its namespaces are on the controller’s list of ignored namespaces.`,
  'declares-entries-with-trouble': (p) =>
    `Of ${figure(p, 'total')} ClusterStaticEntry objects, ${figure(p, 'unrendered')} could not be rendered and ${figure(p, 'masked')} are masked; the first is ${quoted(p, 'first')}.`,
  'declares-unread': (p) => `What ${word(p, 'cluster')} declares cannot be read.${lastRead(p)}`,
  'opa-current': (p) => `${word(p, 'opa')} answers.`,
  'opa-silent': (p) => `${word(p, 'opa')} does not answer: ${quoted(p, 'detail')}.${lastRead(p)}`,
  'opa-not-read-yet': (p) => `${word(p, 'opa')} has not been read yet.`,
  'opa-dry-run': (p) =>
    `${word(p, 'opa')} runs with dry-run: it decides and logs, and answers OK to every request whatever it decided.`,
  'opa-clock-off': (p) =>
    `The clock of ${word(p, 'opa')} is ${figure(p, 'seconds')} s ${word(p, 'direction') === 'ahead' ? 'ahead of' : 'behind'} this computer’s: whether a token is valid, it judges by that clock.`,
  'opa-decision-log-error': (p) =>
    `${word(p, 'opa')} cannot deliver its decisions${has(p, 'service') ? ` to ${word(p, 'service')}` : ''}: ${has(p, 'message') ? quoted(p, 'message') : quoted(p, 'code')}.`,
  'opa-decisions-dropped': (p) =>
    `${word(p, 'opa')} dropped ${figure(p, 'dropped')} ${count(p, 'dropped') === 1 ? 'decision' : 'decisions'} since it started: what its log holds is not complete.`,
  'bundle-contents-differ': (p) =>
    `${word(p, 'opa')} and ${word(p, 'other')} both say revision ${word(p, 'revision')} of the bundle ${word(p, 'bundle')}, and hold different policies.`,
  'opa-bundle-unknown': (p) => `${word(p, 'opa')} does not say which bundles it has.`,
  'opa-bundle-error': (p) =>
    `${word(p, 'opa')} could not load the bundle ${word(p, 'bundle')}: ` +
    (has(p, 'message') ? quoted(p, 'message') : quoted(p, 'code')) +
    (has(p, 'revision') ? `. It keeps revision ${word(p, 'revision')}.` : '. It has no revision.'),
  'opa-bundle-stale': (p) =>
    (has(p, 'fetchedAt')
      ? `${word(p, 'opa')} last fetched the bundle ${word(p, 'bundle')} at ${clock(p, 'fetchedAt')}; the limit is ${figure(p, 'limitSeconds')} s.`
      : `${word(p, 'opa')} has never fetched the bundle ${word(p, 'bundle')}.`) +
    (has(p, 'revision') ? ` It has revision ${word(p, 'revision')}.` : ''),
  'opa-revision': (p) => (has(p, 'revision') ? word(p, 'revision') : 'no bundle'),
  'bundle-converged': (p) => `${word(p, 'revision')} · ${figure(p, 'count')} of ${figure(p, 'total')}`,
  'bundle-mixed': (p) =>
    `${has(p, 'revision') ? word(p, 'revision') : 'no revision'} · ${figure(p, 'count')} of ${figure(p, 'total')}`,
  'bundle-with-errors': (p) =>
    `${figure(p, 'failing')} of ${figure(p, 'total')} OPAs could not load the bundle ${word(p, 'bundle')}.`,
  'bundle-with-stale': (p) =>
    `${figure(p, 'stale')} of ${figure(p, 'total')} OPAs have not fetched the bundle ${word(p, 'bundle')} in time.`,
  'bundle-unread': (p) =>
    `${figure(p, 'unread')} of ${figure(p, 'total')} OPAs do not say which revision of the bundle ${word(p, 'bundle')} they have.`,
}
