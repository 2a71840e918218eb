import type { RequestCause } from '../../../shared/domain/diagnosis/model.ts'
import type { RefusalKind } from '../../../shared/domain/diagnosis/refusals/model.ts'

/**
 * How a refusal looks. deny: a rule said no (violet, square). fail: something broke, or nobody decided (red, octagon). info: whoever
 * was called said no itself. unknown: hatched. none: nothing was refused.
 */
export type RefusalTone = 'deny' | 'fail' | 'info' | 'unknown' | 'none'
/** ok: it was looked at and nothing is wrong. warn: it does not break anything yet. */
export type VerdictTone = RefusalTone | 'warn' | 'ok'

const ofCause: Readonly<Record<RequestCause, RefusalTone>> = {
  'policy-denied': 'deny',
  'stale-bundle': 'deny',
  'caller-not-allowed': 'deny',
  'caller-unexpected': 'deny',
  'caller-without-identity': 'deny',
  'envoy-rbac': 'deny',
  'rate-limited': 'deny',
  'jwt-refused': 'deny',
  'body-too-large': 'deny',
  'decision-undefined': 'fail',
  'opa-unreachable': 'fail',
  'opa-slow': 'fail',
  'opa-erred': 'fail',
  'failed-open': 'fail',
  'registration-not-reconciled': 'fail',
  'no-route': 'fail',
  'no-healthy-upstream': 'fail',
  'handshake-failed': 'fail',
  'network-unreachable': 'fail',
  'application-refused': 'info',
  'vault-refused': 'info',
  'not-refused': 'none',
  unknown: 'unknown',
}

const ofKind: Readonly<Record<RefusalKind, RefusalTone>> = {
  policy: 'deny',
  filter: 'deny',
  'no-decision': 'fail',
  application: 'info',
  vault: 'info',
  unknown: 'unknown',
}

export function toneOfCause(cause: RequestCause): RefusalTone {
  return ofCause[cause]
}

export function toneOfKind(kind: RefusalKind): RefusalTone {
  return ofKind[kind]
}
