import type { FlagOfEnd, RequestReasonParams } from '../domain/diagnosis/reasons.ts'
import { causeLabel } from './diagnosis.ts'
import { askedWords } from './diagnosis-evidence.ts'
import { whyNoLine } from './diagnosis-trace.ts'
import { formatMoment } from './durations.ts'
import { count, has, type Params, word } from './param-text.ts'

const caller = (p: Params): string => word(p, 'caller')
const callee = (p: Params): string => word(p, 'callee')
/** Sources by their names, workloads as they are called. */
const source = (p: Params): string => askedWords.name(word(p, 'source'))
const given = (p: Params, name: string, text: (value: string) => string): string =>
  has(p, name) ? text(word(p, name)) : ''

const whyNotEvaluated: Readonly<Record<RequestReasonParams['not-evaluated']['why'], string>> = {
  'no-opa': 'there is no OPA on this machine',
  'no-input': 'its input is not held',
  late: 'evaluating it took too long',
  failed: 'evaluating it failed',
}
const whyNot = (p: Params): string =>
  Object.entries(whyNotEvaluated).find(([why]) => why === word(p, 'why'))?.[1] ?? whyNotEvaluated.failed

const whyNoLineOf = (p: Params): string =>
  Object.entries(whyNoLine).find(([why]) => why === word(p, 'why'))?.[1] ?? whyNoLine.unknown

const host = (p: Params): string => (has(p, 'host') ? word(p, 'host') : 'what it called')
const flagSentences: Readonly<Record<FlagOfEnd, (p: Params) => string>> = {
  UAEX: () =>
    'Authorisation refused it, or could not be had: the flag UAEX stands for both, and only Envoy’s response code details tell which',
  UF: (p) =>
    `Envoy could not connect to ${host(p)}: the network or the handshake, which the flag UF does not tell apart`,
  UC: (p) => `The connection to ${host(p)} ended before there was an answer (flag UC)`,
  UT: (p) => `${has(p, 'host') ? host(p) : 'What it called'} did not answer in time (flag UT)`,
  UO: (p) => `Envoy has as many connections or requests to ${host(p)} as it may have (flag UO)`,
  UR: (p) => `${has(p, 'host') ? host(p) : 'What it called'} reset the request (flag UR)`,
  LR: (p) => `Envoy itself reset the request to ${host(p)} (flag LR)`,
  UPE: (p) => `The answer of ${host(p)} breaks the rules of HTTP (flag UPE)`,
  DPE: () => 'What the caller sent breaks the rules of HTTP (flag DPE)',
  DC: () => 'The caller hung up before there was an answer (flag DC)',
  SI: () => 'Nothing was sent for so long that Envoy ended it (flag SI)',
  DT: () => 'It took longer than Envoy lets a request or connection last (flag DT)',
  DF: (p) => `The name of ${host(p)} could not be resolved (flag DF)`,
  FI: () => 'Envoy is told to make requests fail, and did so with this one (flag FI)',
  URX: (p) => `Envoy tried ${host(p)} as often as it may, in vain (flag URX)`,
}
const flagSentence = (p: Params): string =>
  Object.entries(flagSentences).find(([flag]) => flag === word(p, 'flag'))?.[1](p) ??
  `Envoy’s flag is ${word(p, 'flag')}`

/** Sentences of the diagnosis of a request. Text of logs is quoted as it is. */
export const requestDiagnosisReasons: Readonly<Record<keyof RequestReasonParams, (params: Params) => string>> = {
  'refused-by-policy': (p) =>
    `Policy denied it. The OPA of ${callee(p)} refused the call of ${caller(p)}${given(p, 'reason', (text) => `: “${text}”`)}.${given(p, 'revision', (text) => ` It decided by bundle ${text}${given(p, 'place', (place) => `, in ${place}`)}.`)}`,
  'refused-by-policy-unlogged': (p) =>
    `The authorisation service of ${callee(p)} refused the call of ${caller(p)}. No record of the decision is held, so which rule it was is not known.`,
  'refused-user-token-expired': (p) =>
    `Policy denied it. The user’s token in the call of ${caller(p)} to ${callee(p)} had expired at ${formatMoment(count(p, 'expiredAt'))}.`,
  'undefined-decision': (p) =>
    `Not a decision. The rule ${word(p, 'path')} that ${callee(p)} asks for has no value for this request${given(p, 'revision', (text) => ` in bundle ${text}`)}, which OPA answers with an error.`,
  'no-answer-from-opa': (p) =>
    `Not a decision. ${callee(p)} reached no OPA${given(p, 'opa', (text) => ` (${text})`)} for the call of ${caller(p)}, and its Envoy failed closed.`,
  'opa-took-too-long': (p) =>
    `Not a decision. The OPA of ${callee(p)} had not answered after ${word(p, 'tookMs')} ms${has(p, 'timeoutMs') ? `; Envoy waits ${word(p, 'timeoutMs')} ms` : ''}, and Envoy failed closed.`,
  'opa-failed': (p) =>
    `Not a decision. The OPA of ${callee(p)} ended with an error${given(p, 'message', (text) => `: “${text}”`)}.`,
  'passed-without-decision': (p) =>
    `It passed without a decision: ${callee(p)} got none for the call of ${caller(p)}, and failure_mode_allow is on.`,
  'older-bundle-refused': (p) =>
    `An old bundle denied it. The OPA of ${callee(p)} decided by ${word(p, 'revision')}; the newest, ${word(p, 'newest')}, allows the same input.`,
  'caller-missing-in-data': (p) =>
    `Policy denied it: ${word(p, 'spiffeId')} is not in ${word(p, 'dataPath')}, which the rule for ${callee(p)} asks.`,
  'caller-not-intended': (p) =>
    `The caller ought not to come. ${word(p, 'spiffeId')} was refused by ${callee(p)}, and intent.yaml has no such call.`,
  'caller-unnamed': (p) =>
    `Policy denied it because the connection to ${callee(p)} proved no identity of the caller: it came without a client certificate.`,
  'rbac-refused': (p) =>
    `Envoy’s own RBAC filter at ${callee(p)} refused it${has(p, 'policy') && word(p, 'policy') !== 'none' ? ` by the policy ${word(p, 'policy')}` : ': no policy allows it'}. OPA was not asked.`,
  'too-many-requests': (p) => `${callee(p)} limits how many requests it takes, and this one was over the limit.`,
  'token-refused': (p) => `The JWT filter of ${callee(p)} refused the token: ${word(p, 'detail')}.`,
  'payload-too-large': (p) => `The body is larger than what the Envoy of ${callee(p)} takes.`,
  'route-missing': (p) => `Envoy has no way for this request: ${word(p, 'details')}. It never got to ${callee(p)}.`,
  'no-endpoint-healthy': (p) =>
    `Envoy counts no endpoint of ${callee(p)} as able to answer, so ${caller(p)} could call none.`,
  'handshake-refused': (p) =>
    `The handshake between ${caller(p)} and ${callee(p)} failed, so the request was never sent: “${word(p, 'text')}”.`,
  'never-arrived': (p) =>
    `${caller(p)} could not connect to ${callee(p)}${given(p, 'text', (text) => `: “${text}”`)}. Nothing of the request arrived.`,
  'blocked-by-network-policy': (p) =>
    `${caller(p)} could not connect to ${callee(p)}, and the NetworkPolicy objects ${word(p, 'policies')} admit no such call.`,
  'identity-not-registered': (p) =>
    `${word(p, 'owner')} has no identity, because nothing registers it. The connection between ${caller(p)} and ${callee(p)} fails for that.`,
  'application-answered': (p) =>
    `The application answered ${word(p, 'status')}. Envoy and OPA let the call of ${caller(p)} pass to ${callee(p)}.`,
  'application-distrusts': (p) =>
    `${callee(p)} itself refused the call of ${caller(p)} with ${word(p, 'status')}: ${word(p, 'subject') === 'signature' ? 'the signature of the stage before does not verify' : 'the identity of the user did not arrive'}${given(p, 'reason', (text) => ` (${text})`)}.`,
  'vault-refuses-caller': (p) =>
    `${callee(p)} answered an error, and at that time Vault refused it ${word(p, 'path')}, which its work needs.`,
  'nothing-refused': () => 'Nothing refused it: every call of this request that is logged was answered.',
  'nothing-found': (p) => `No record has ${word(p, 'asked')}. What was not logged, or is no longer held, is unknown.`,
  'cause-not-told': (p) =>
    `It ended${given(p, 'status', (text) => ` with ${text}`)}, and nothing that was read tells why.`,
  'flag-tells': (p) =>
    `${flagSentence(p)}.${given(p, 'status', (text) => (text === '0' ? ' No answer was sent.' : ` The answer was ${text}.`))}`,
  'envoy-details': (p) =>
    `${word(p, 'details')} · flags ${word(p, 'flags')}${given(p, 'status', (text) => ` · status ${text}`)}`,
  'envoy-passed': (p) => `${word(p, 'details')}${given(p, 'status', (text) => ` · status ${text}`)}`,
  'decision-logged': (p) =>
    `Decision ${word(p, 'decisionId')}: ${word(p, 'outcome')}${given(p, 'revision', (text) => ` by ${text}`)}.`,
  'decision-error': (p) =>
    `OPA logged an error${given(p, 'code', (text) => ` ${text}`)}${given(p, 'message', (text) => `: “${text}”`)}.`,
  'no-decision-record': (p) =>
    `The record of decision ${has(p, 'decisionId') ? word(p, 'decisionId') : 'for this request'} is not held: the OPA’s log is not read, or came not yet.`,
  'opa-is-down': (p) => `${word(p, 'opa')} does not answer now.`,
  'opa-is-up': (p) => `${word(p, 'opa')} answers now; it may not have then.`,
  'authorisation-took': (p) =>
    `Authorisation took ${word(p, 'tookMs')} ms${given(p, 'timeoutMs', (text) => ` of ${text} ms`)}.`,
  'evaluated-again': (p) => `Evaluated again${given(p, 'revision', (text) => ` with ${text}`)}: ${word(p, 'outcome')}.`,
  'rule-failed': (p) => `The expression in ${word(p, 'file')}:${word(p, 'row')} is the first that failed.`,
  'rule-held': (p) => `The rule in ${word(p, 'file')}:${word(p, 'row')} refuses, because what stands there holds.`,
  'one-of-several': (p) =>
    `${word(p, 'alternatives')} other ${word(p, 'alternatives') === '1' ? 'rule' : 'rules'} could as well be named for it.`,
  'before-allowed': (p) =>
    `${word(p, 'before')}, the revision before${given(p, 'revision', (text) => ` ${text}`)}, allows the same input.`,
  'newest-allows': (p) => `${word(p, 'revision')}, the newest, allows the same input.`,
  'peer-proved': (p) => `The handshake proved ${word(p, 'spiffeId')}.`,
  'peer-not-proved': () => 'The connection had no client certificate.',
  'principal-logged': (p) =>
    has(p, 'spiffeId') ? `The input names ${word(p, 'spiffeId')} as the caller.` : 'The input names no caller.',
  'hop-not-in-intent': (p) => `intent.yaml has no call from ${caller(p)} to ${callee(p)}.`,
  'request-arrived': (p) => `It arrived: the Envoy of ${callee(p)} logged it.`,
  'callee-accepted': (p) => `The handshake succeeded, so ${caller(p)} accepted what ${callee(p)} presented.`,
  'filters-passed': (p) =>
    `No filter before ext_authz refused it${given(p, 'details', (text) => `: Envoy says ${text}`)}.`,
  'authorisation-answered': (p) => `It was asked and answered${given(p, 'tookMs', (text) => ` in ${text} ms`)}.`,
  'network-policy-says': (p) => `NetworkPolicy: ${word(p, 'verdict')} (${word(p, 'policies')}).`,
  'handshake-text': (p) => word(p, 'text'),
  'registration-is': (p) =>
    count(p, 'affected') < count(p, 'instances')
      ? `${word(p, 'affected')} of ${word(p, 'instances')} instances of ${word(p, 'owner')} have no identity now: which of them was called is not known.`
      : `${word(p, 'owner')} has no identity now.`,
  'integrity-event': (p) =>
    `${word(p, 'stage')} reported: ${word(p, 'outcome')}${given(p, 'reason', (text) => ` (${text})`)}.`,
  'vault-audit-line': (p) => `Vault’s audit log: ${word(p, 'path')}: “${word(p, 'error')}”.`,
  'fail-open-configured': () => 'failure_mode_allow is on.',
  'upstream-answered': (p) =>
    `The application answered ${word(p, 'status')}${given(p, 'host', (text) => ` from ${text}`)}.`,
  'not-reached': () => 'Not reached.',
  'nothing-tells': (p) => `Nothing read from ${source(p)} tells of it.`,
  'one-record-names-it': () => 'What was logged of it names the cause.',
  'state-of-now': () => 'It rests on what is so now; at the time of the request it may have been otherwise.',
  'only-one-side': (p) => `Only ${word(p, 'side')} can be read; what the other side has is unknown.`,
  'contradicted-by': () => 'Something that was read speaks against it.',
  'only-the-line': () => 'Only the pasted line speaks for it, and nothing proves where it came from.',
  'nothing-decisive': () => 'No record of the request itself names the cause.',
  'read-source': (p) => `Read ${source(p)}.`,
  'log-details': () =>
    'Let Envoy log %RESPONSE_CODE_DETAILS%, best with the JSON format of docs/formats/envoy-access-log.md: they tell what ended it.',
  'history-silent': (p) =>
    `What ${word(p, 'history')} keeps of ${formatMoment(count(p, 'from'))} to ${formatMoment(count(p, 'to'))} is not known: ${word(p, 'why')}.`,
  'give-request-id': () => 'Give a request id whose records are held.',
  'bundle-of-revision': (p) =>
    has(p, 'revision')
      ? `Bundle ${word(p, 'revision')} is not to be had, so which expression failed is not known.`
      : 'Which bundle decided is not known, so it cannot be evaluated again.',
  'nearest-revision-shown': (p) =>
    `Bundle ${has(p, 'revision') ? word(p, 'revision') : 'that decided'} is not to be had; the lines shown are those of ${has(p, 'shown') ? word(p, 'shown') : 'another'}, the nearest that is kept, and may differ.`,
  'callee-log-missing': (p) =>
    `Only the Envoy of ${caller(p)} tells of this call: who behind it answered, the log of ${callee(p)} would tell.`,
  'hop-not-logged': (p) =>
    `${word(p, 'side') === 'callee' ? `Of the call of ${caller(p)} to ${callee(p)} only the caller’s line is held` : `No line of the call of ${caller(p)} to ${callee(p)} is held, which lies on every known way here`}: ${whyNoLineOf(p)}.`,
  'not-evaluated': (p) => `It was not evaluated again, so which expression failed is not known: ${whyNot(p)}.`,
  'input-masked': (p) =>
    `Parts of the input are masked in the log: ${word(p, 'fields')}. Evaluated again it may differ.`,
  'application-by-itself': (p) =>
    `Vault knows no request id, so only time and holder tell that it was this request: ${callee(p)} may have refused it for a reason of its own.`,
  'vault-may-be-behind': (p) =>
    `Vault refused ${callee(p)} ${word(p, 'path')} before and after this request, which may be why it answered so.`,
  'newer-may-allow': (p) =>
    has(p, 'newest')
      ? `Bundle ${word(p, 'newest')} is live now, and ${word(p, 'revision')} decided: whether the newer one was out by then, or allows it, is not known.`
      : `Bundle ${word(p, 'revision')} decided, and an OPA has another one: which is the newer, and whether that allows it, is not known.`,
  'more-records-held': () => 'Not all that is held under these ids was read: what refused it may be among the rest.',
  'rule-failed-itself': (p) =>
    `Whether it is “${causeLabel(word(p, 'cause'))}” could not be judged, because the rule for it failed, which is a fault of Everyhop: ${word(p, 'error')}.`,
  'not-a-policy-decision': (p) => `It is no decision of the policy: Envoy says ${word(p, 'details')}.`,
  'opa-did-answer': (p) => `OPA answered: decision ${word(p, 'decisionId')} is logged.`,
  'caller-is-as-expected': (p) => `The caller is the one that intent.yaml expects: ${word(p, 'spiffeId')}.`,
  'bundle-is-newest': (p) => `It was decided by the newest bundle, ${word(p, 'revision')}.`,
  'bundle-decided': (p) =>
    `Bundle ${word(p, 'revision')} decided; ${has(p, 'newest') ? `the newest that was read is ${word(p, 'newest')}` : 'which one is the newest is not known'}.`,
  'upstream-never-called': (p) => `The application was never called: Envoy says ${word(p, 'details')}.`,
  'tls-was-verified': (p) => `The handshake succeeded and proved ${word(p, 'spiffeId')}.`,
  'simulate-it': () => 'Simulate the decision, and try a change.',
  'look-at-handshake': (p) => `Look at the handshake between ${caller(p)} and ${callee(p)}.`,
  'look-at-hop': (p) => `Look at the hop ${caller(p)} → ${callee(p)}.`,
  'ask-owner-of': (p) => `Ask whoever owns ${word(p, 'owner')}, with the request id.`,
}
