import { bodyTooLarge, envoyRbac, jwtRefused, noHealthyUpstream, noRoute, rateLimited } from './answered-by-filter.ts'
import { applicationRefused } from './application-refused.ts'
import { callerNotAllowed } from './caller-not-allowed.ts'
import { callerUnexpected } from './caller-unexpected.ts'
import { callerWithoutIdentity } from './caller-without-identity.ts'
import { decisionUndefined } from './decision-undefined.ts'
import { failedOpen } from './failed-open.ts'
import { handshakeFailed } from './handshake-failed.ts'
import { networkUnreachable } from './network-unreachable.ts'
import { opaErred } from './opa-erred.ts'
import { opaSlow } from './opa-slow.ts'
import { opaUnreachable } from './opa-unreachable.ts'
import { policyDenied } from './policy-denied.ts'
import { registrationNotReconciled } from './registration-not-reconciled.ts'
import type { RequestRule } from './rule.ts'
import { staleBundle } from './stale-bundle.ts'
import { vaultRefused } from './vault-refused.ts'

/** The more exact first: of rules whose evidence weighs the same, the first wins. A shared root comes before its symptoms. */
export const requestRules: readonly RequestRule[] = [
  registrationNotReconciled,
  handshakeFailed,
  networkUnreachable,
  noHealthyUpstream,
  noRoute,
  failedOpen,
  decisionUndefined,
  opaSlow,
  opaErred,
  opaUnreachable,
  envoyRbac,
  jwtRefused,
  rateLimited,
  bodyTooLarge,
  staleBundle,
  callerWithoutIdentity,
  callerUnexpected,
  callerNotAllowed,
  policyDenied,
  vaultRefused,
  applicationRefused,
]
