import type { AuthorityState, ForecastAgent, RotationState } from '../domain/diagnosis/forecast/model.ts'
import type { ForecastReasonParams } from '../domain/diagnosis/forecast/reasons.ts'
import { countOf, formatMoment } from './durations.ts'
import { count, has, type Params, word } from './param-text.ts'

export const rotationLabels: Readonly<Record<RotationState, string>> = {
  'on-course': 'on course',
  overdue: 'overdue',
  stopped: 'stopped',
  expired: 'expired',
  unknown: 'unknown',
}

export const authorityLabels: Readonly<Record<AuthorityState, string>> = {
  prepared: 'prepared',
  active: 'active',
  old: 'old',
  tainted: 'tainted',
  revoked: 'not in the bundle',
  unlisted: 'in the bundle',
}

export const agentStateLabels: Readonly<Record<ForecastAgent['state'], string>> = {
  renewing: 'renewing',
  silent: 'renews nothing',
  expired: 'its SVID has expired',
  banned: 'banned',
  gone: 'not listed',
  unknown: 'unknown',
}

const owner = (p: Params): string => word(p, 'owner')
const across = (p: Params): string => word(p, 'other')
const at = (p: Params, name: string): string => formatMoment(count(p, name))
const workloads = (p: Params): string => countOf(count(p, 'workloads'), 'workload')
const labelOf = (labels: Readonly<Record<string, string>>, state: string): string => labels[state] ?? state
/** Key identifiers are told apart by their beginning. */
const authority = (p: Params): string => {
  const key = word(p, 'authority')
  return key.length > 12 ? `${key.slice(0, 8)}…` : key
}
const unread = (p: Params): string => (count(p, 'unknown') === 0 ? '' : ` Of ${count(p, 'unknown')} that is not known.`)

/** Sentences of the forecast. */
export const forecastReasons: Readonly<Record<keyof ForecastReasonParams, (params: Params) => string>> = {
  'svid-on-course': (p) =>
    `Valid to ${at(p, 'notAfter')}; SPIRE renews it at half of its lifetime, by ${at(p, 'renewsBy')}.`,
  'svid-valid-renewal-unknown': (p) =>
    `Valid to ${at(p, 'notAfter')}; when it should be renewed is not known, because its beginning is not.`,
  'svid-overdue': (p) =>
    `It should have been renewed by ${at(p, 'renewsBy')} and was not. If nothing changes, it ends at ${at(p, 'notAfter')}.`,
  'svid-ended': (p) => `The SVID of ${owner(p)} ended at ${at(p, 'notAfter')} and was not renewed.`,
  'svid-will-end-entry-gone': (p) =>
    `SPIRE has no registration entry for ${owner(p)} any more: its SVID works until ${at(p, 'notAfter')} and is not renewed.`,
  'svid-will-end-agent': (p) =>
    `The agent of ${owner(p)} can have nothing signed (${labelOf(agentStateLabels, word(p, 'state'))}): the SVID ends at ${at(p, 'notAfter')}.`,
  'svid-not-known': (p) => `Nothing that was read tells which SVID ${owner(p)} uses.`,
  'svid-last-known': (p) => `Last known at ${at(p, 'readAt')}; what ${owner(p)} uses now cannot be read.`,
  'svid-perhaps-renewed': (p) =>
    `What was read at ${at(p, 'readAt')} ended at ${at(p, 'notAfter')}; whether it was renewed in between is not known yet.`,
  'agent-renews-nothing': (p) =>
    `The agent ${word(p, 'agent')} renews nothing: everything it delivers is overdue (${workloads(p)})${has(p, 'lastIssued') ? `, and the newest of it is of ${at(p, 'lastIssued')}` : ''}.`,
  'agent-cannot-renew': (p) =>
    `The agent ${word(p, 'agent')} can have nothing signed: ${labelOf(agentStateLabels, word(p, 'state'))}. ${workloads(p)} with it.`,
  'entry-is-gone': (p) => `SPIRE has no registration entry for ${owner(p)}.`,
  'only-this-not-renewed': (p) =>
    has(p, 'agent')
      ? `Only ${owner(p)} is late; its agent ${word(p, 'agent')} is not known to have stopped. See its SDS and its Envoy.`
      : `${owner(p)} is late, and which agent delivers its SVID is not known.`,
  'authority-unknown-to-some': (p) =>
    `${count(p, 'missing')} of ${count(p, 'of')} do not trust the authority ${authority(p)} (${labelOf(authorityLabels, word(p, 'state'))}).`,
  'hop-ends-with-svid': (p) =>
    `If nothing changes, it fails at ${at(p, 'notAfter')}: the SVID of ${owner(p)} ends then.`,
  'hop-ended-with-svid': (p) => `The SVID of ${owner(p)} ended at ${at(p, 'notAfter')}; ${across(p)} refuses it.`,
  'hop-refuses-authority': (p) =>
    `${owner(p)} does not trust the authority ${authority(p)} that signed what ${across(p)} presents.`,
  'hop-will-refuse-authority': (p) =>
    `From ${at(p, 'activatesAt')} on SPIRE signs with the authority ${authority(p)}; ${owner(p)} does not trust it, so it refuses ${across(p)} as soon as that is renewed.`,
  'authority-readiness': (p) =>
    `${count(p, 'trustedBy')} of ${count(p, 'of')} trust the authority ${authority(p)}.${unread(p)}`,
  'authority-still-trusted': (p) =>
    `The authority ${authority(p)} is ${labelOf(authorityLabels, word(p, 'state'))}: ${count(p, 'trusting')} still trust it, and it signed ${countOf(count(p, 'signed'), 'SVID')} in use.${unread(p)}`,
  'authority-not-prepared': (p) =>
    `The authority ${authority(p)} ends at ${at(p, 'notAfter')}, and no successor is prepared; SPIRE should have prepared one by ${at(p, 'expectedBy')}.`,
  'spire-not-connected': () => 'No SPIRE server is connected: entries, agents and authorities are not known.',
  'spire-tells-nothing': (p) =>
    `The SPIRE server ${word(p, 'instance')} tells nothing now: entries, agents and authorities are not known.`,
  'spire-part-unread': (p) =>
    `The SPIRE server ${word(p, 'instance')} does not tell its ${partLabels[word(p, 'part')] ?? word(p, 'part')} now.`,
  'svids-not-known': (p) =>
    `Whether the SVID is renewed in time is not known of ${countOf(count(p, 'count'), 'workload')}, such as ${word(p, 'first')}.`,
  'trust-not-known': (p) =>
    `Which authorities it trusts is not known of ${countOf(count(p, 'count'), 'workload')}, such as ${word(p, 'first')}.`,
}

const partLabels: Readonly<Record<string, string>> = {
  entries: 'registration entries',
  agents: 'agents',
  bundle: 'trust bundle',
  authorities: 'authorities',
}
