import type { ReasonCode } from '../domain/graph/reasons.ts'
import { gapReasonPhrase, whatIsMissing } from './gaps.ts'
import { figure, has, type Params, quoted, word } from './param-text.ts'

type Code = Extract<
  ReasonCode,
  | 'source-not-configured'
  | 'not-read-yet'
  | 'not-readable'
  | 'not-in-answer'
  | 'not-seen-in-window'
  | 'no-registration-entry'
  | 'observed-not-intended'
  | 'no-pod-found'
  | `network-${string}`
  | 'parent-is-alias'
  | `declared-${'parent-unknown' | 'agent-unread'}`
  | 'agent-not-listed'
  | 'no-spiffe-id'
  | 'not-applicable'
  | 'no-authorisation-asked'
  | 'opa-not-found'
  | 'opa-ambiguous'
  | 'judgement-failed'
  | `slot-${string}`
>

const from = (params: Params) => `${word(params, 'source')} ${quoted(params, 'instance')}`

/** Why one value is not known, and what a slot of a card means. */
export const valueReasons: Readonly<Record<Code, (params: Params) => string>> = {
  'source-not-configured': (p) => `Not known: no ${word(p, 'source')} is configured that could say it.`,
  'not-read-yet': (p) => `Not read yet: ${whatIsMissing(word(p, 'what'))} from ${from(p)}.`,
  'not-readable': (p) =>
    `Not known: ${whatIsMissing(word(p, 'what'))} of ${from(p)} could not be read (${gapReasonPhrase(word(p, 'reason'))}).`,
  'not-in-answer': (p) => `${from(p)} does not name ${whatIsMissing(word(p, 'what'))}.`,
  'not-seen-in-window': (p) => `Not seen in the counted window: ${whatIsMissing(word(p, 'what'))}.`,
  'no-registration-entry': (p) => `SPIRE has no registration entry for ${quoted(p, 'spiffeId')}.`,
  'network-pod-unknown': (p) => `Not known: no pod is found for ${word(p, 'name')}, and NetworkPolicies speak of pods.`,
  'network-other-cluster': (p) =>
    `Not known: ${word(p, 'caller')} and ${word(p, 'callee')} do not run in one cluster, and its NetworkPolicies end there.`,
  'network-partly-read': (p) =>
    `Not known: not all NetworkPolicies of ${word(p, 'cluster')} could be read, and one more could change the answer.`,
  'network-of-machine': (p) =>
    `Not known: the pod ${quoted(p, 'pod')} uses the network of its machine, where NetworkPolicies have no defined effect.`,
  'network-unclear': (p) =>
    `Not known: whether NetworkPolicies admit calls from ${word(p, 'caller')} to ${word(p, 'callee')} depends on a port, a namespace or a selector that could not be read.`,
  'observed-not-intended': (p) =>
    `Observed, not intended: ${word(p, 'caller')} calls ${word(p, 'callee')}, and intent.yaml does not lead from one to the other.`,
  'no-pod-found': (p) =>
    `No pod is found for ${word(p, 'name')}: neither its Envoy nor an address nor a declared SPIFFE ID leads to one.`,
  'declared-parent-unknown': (p) =>
    `${word(p, 'object')} does not say under which agent: the controller chooses it, and SPIRE’s own entries cannot be read.`,
  'declared-agent-unread': (p) =>
    `Only ${word(p, 'object')} names the parent; no SPIRE server is configured that could say more of it.`,
  'parent-is-alias': (p) =>
    `The parent ${quoted(p, 'parentId')} is an alias of nodes; which agent it is, is not known.`,
  'agent-not-listed': (p) => `The SPIRE server does not list the agent ${quoted(p, 'parentId')}.`,
  'no-spiffe-id': (p) => `No SPIFFE ID is known of ${word(p, 'name')}.`,
  'not-applicable': () => 'Does not apply here.',
  'no-authorisation-asked': (p) => `${word(p, 'name')} asks no authorisation server.`,
  'opa-not-found': (p) => `No OPA of this environment listens on ${quoted(p, 'address')}.`,
  'opa-ambiguous': (p) => `More than one OPA of this environment listens on ${quoted(p, 'address')}.`,
  'judgement-failed': (p) =>
    `Everyhop could not judge this: its rule ${quoted(p, 'rule')} failed. The defect is listed with the gaps.`,
  'slot-newest': (p) => `OPA has bundle revision ${word(p, 'revision')}, the newest.`,
  'slot-behind': (p) => `OPA has bundle revision ${word(p, 'revision')}; others already have ${word(p, 'newest')}.`,
  'slot-stale': (p) =>
    `OPA has bundle revision ${word(p, 'revision')} and has not fetched it again within ${figure(p, 'limitSeconds')} s.`,
  'slot-error': (p) =>
    `OPA keeps bundle revision ${word(p, 'revision')}: the last try ended with ${quoted(p, 'code')}.`,
  'slot-no-answer': (p) => `${has(p, 'opa') ? word(p, 'opa') : 'OPA'} does not answer.`,
  'slot-no-bundle': (p) => `${has(p, 'opa') ? word(p, 'opa') : 'OPA'} has no bundle.`,
}
