import type { ReasonCode } from '../domain/graph/reasons.ts'
import { formatShare } from './durations.ts'
import { count, figure, has, type Params, windowText, word } from './param-text.ts'

type Code = Extract<
  ReasonCode,
  | `requests-${string}`
  | 'authorisation-errors'
  | 'passed-undecided'
  | 'open-on-error'
  | 'no-ext-authz'
  | 'ext-authz-partly'
  | 'no-http-filter'
  | 'bypasses-authorisation'
  | 'no-requests-in-window'
  | 'no-request-source'
  | 'no-decision-seen'
  | 'ext-authz-awaited'
  | 'decision-not-enforced'
  | 'authorisation-unread'
  | 'authorisation-callee-without-envoy'
>

const caller = (params: Params) => word(params, 'caller')
const callee = (params: Params) => word(params, 'callee')

/** Why a hop's authorisation has its state. */
export const authorisationReasons: Readonly<Record<Code, (params: Params) => string>> = {
  'requests-allowed': (p) =>
    `${figure(p, 'allowed')} of ${figure(p, 'requests')} requests from ${caller(p)} were decided and allowed in ${windowText(p)}.`,
  'requests-allowed-except-routes': (p) =>
    `${figure(p, 'allowed')} of ${figure(p, 'requests')} requests from ${caller(p)} were decided and allowed in ${windowText(p)}. ${callee(p)} asks nobody on ${figure(p, 'routes')} of its routes.`,
  'requests-denied': (p) =>
    `Policy denied ${figure(p, 'denied')} of ${figure(p, 'requests')} requests from ${caller(p)} (${formatShare(count(p, 'denied'), count(p, 'requests'))}) in ${windowText(p)}.`,
  'authorisation-errors': (p) =>
    `${callee(p)} got no decision for ${figure(p, 'errors')} of ${figure(p, 'requests')} requests from ${caller(p)} in ${windowText(p)}. Envoy failed closed.`,
  'passed-undecided': (p) =>
    `${has(p, 'passed') ? figure(p, 'passed') : 'Some'} ${count(p, 'passed') === 1 ? 'request' : 'requests'} from ${caller(p)} passed ${callee(p)} without a decision in ${windowText(p)}: failure_mode_allow is on.`,
  'open-on-error': (p) =>
    `${callee(p)} is configured with failure_mode_allow: requests pass when OPA does not answer. None was seen to pass that way in the counted window.`,
  'no-ext-authz': (p) => `${callee(p)} asks nobody: its Envoy has no ext_authz filter here.`,
  'ext-authz-partly': (p) => `${callee(p)} asks for only a part of its requests: ext_authz is not enabled for all.`,
  'no-http-filter': (p) => `${callee(p)} passes the connection on without an HTTP filter, so no request is authorised.`,
  'bypasses-authorisation': (p) =>
    `${caller(p)} calls ${word(p, 'address')}, which goes around the Envoy of ${callee(p)} and its ext_authz.`,
  'no-requests-in-window': (p) =>
    `${callee(p)} asks an authorisation server. No request from ${caller(p)} was seen in the counted window.`,
  'no-request-source': (p) =>
    `${callee(p)} asks an authorisation server. Nothing that could show requests from ${caller(p)} is readable.`,
  'no-decision-seen': (p) =>
    `${callee(p)} asks an authorisation server, but no decision about requests from ${caller(p)} is readable.`,
  'decision-not-enforced': (p) =>
    `${callee(p)} asks ${word(p, 'opa')}, which runs with dry-run: it answers OK to every request whatever it decided. Nothing is enforced.`,
  'ext-authz-awaited': (p) =>
    `${callee(p)} is to ask an authorisation server, but which one was not delivered to its Envoy yet, so nothing says whether it asks.`,
  'authorisation-unread': (p) => `The listeners of ${callee(p)} cannot be read now, so nothing says whether it asks.`,
  'authorisation-callee-without-envoy': (p) =>
    `No Envoy is known for ${callee(p)}, so nothing says whether it asks an authorisation server.`,
}
