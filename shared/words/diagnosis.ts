import type {
  ChainLink,
  Confidence,
  EvidenceSource,
  HandshakeCause,
  HandshakeRow,
  RequestCause,
  RequestLinkKind,
} from '../domain/diagnosis/model.ts'
import { identityCauseLabels } from './diagnosis-identity.ts'
import { formatMoment } from './durations.ts'

/** Names of what a diagnosis consists of; the sentences are in diagnosis-request.ts and diagnosis-handshake.ts. */

export const linkLabels: Readonly<Record<RequestLinkKind, string>> = {
  network: 'Network',
  'tls-client': 'TLS of the caller',
  'tls-server': 'TLS of the callee',
  rbac: 'Filters before',
  'ext-authz': 'ext_authz',
  decision: 'OPA decision',
  'bundle-revision': 'Bundle revision',
  rule: 'Rule',
  upstream: 'Upstream',
  application: 'Application',
}

export const linkStateLabels: Readonly<Record<ChainLink['state'], string>> = {
  passed: 'passed',
  broken: 'broken',
  degraded: 'degraded',
  'not-reached': 'not reached',
  unknown: 'unknown',
}

export const confidenceLabels: Readonly<Record<Confidence, string>> = {
  high: 'certain',
  medium: 'likely',
  low: 'suspected',
}

export const causeLabels: Readonly<Record<RequestCause | HandshakeCause, string>> = {
  'policy-denied': 'the policy denied it',
  'decision-undefined': 'the decision is undefined',
  'opa-unreachable': 'no OPA was reached',
  'opa-slow': 'OPA was too slow',
  'opa-erred': 'OPA ended with an error',
  'failed-open': 'it passed without a decision',
  'stale-bundle': 'an old bundle decided',
  'caller-not-allowed': 'the caller is not in the data of the policy',
  'caller-unexpected': 'an unexpected caller',
  'caller-without-identity': 'a caller without identity',
  'registration-not-reconciled': 'an identity that is not registered',
  'envoy-rbac': 'Envoy’s RBAC filter',
  'rate-limited': 'a rate limit',
  'jwt-refused': 'a refused token',
  'body-too-large': 'a body that is too large',
  'no-route': 'no route',
  'no-healthy-upstream': 'no healthy endpoint',
  'handshake-failed': 'a failed handshake',
  'network-unreachable': 'no connection',
  'application-refused': 'the application refused it',
  'vault-refused': 'Vault refused what the stage needs',
  'not-refused': 'not refused',
  'server-certificate-expired': 'the server’s certificate has expired',
  'client-certificate-expired': 'the client’s certificate has expired',
  'certificate-not-yet-valid': 'a certificate that is not yet valid',
  'server-issuer-not-trusted': 'the client does not trust the server’s issuer',
  'client-issuer-not-trusted': 'the server does not trust the client’s issuer',
  'server-identity-unexpected': 'the client requires another identity of the server',
  'client-identity-unexpected': 'the server requires another identity of the client',
  'client-certificate-missing': 'no client certificate',
  'client-has-no-svid': 'the client has no SVID',
  'server-has-no-svid': 'the server has no SVID',
  'client-speaks-plaintext': 'the client speaks plaintext',
  'server-speaks-plaintext': 'the server speaks plaintext',
  'no-common-version': 'no TLS version in common',
  'not-failing': 'not failing',
  unknown: 'unknown',
}

export function causeLabel(cause: string): string {
  const labels = { ...identityCauseLabels, ...causeLabels }
  return Object.entries(labels).find(([id]) => id === cause)?.[1] ?? cause
}

export const handshakeRowLabels: Readonly<Record<HandshakeRow['row'], string>> = {
  'spiffe-id': 'SPIFFE ID',
  'requires-peer': 'Requires of the peer',
  'own-certificate': 'Own certificate',
  'peer-certificate': 'Certificate of the peer',
  'peer-issuer': 'Issuer of the peer',
  trusts: 'Trusts',
  'tls-versions': 'TLS versions',
  clock: 'Clock',
  says: 'Says',
}

export const handshakeRowStates: Readonly<Record<HandshakeRow['state'], string>> = {
  fine: 'fine',
  wrong: 'wrong',
  unknown: 'unknown',
  'not-reached': 'not reached',
}

/** Where something was seen: "envoy-access of gateway, 12:00:00", "envoy gateway: GET /certs". */
export function evidenceSourceText(from: EvidenceSource): string {
  switch (from.kind) {
    case 'fact':
      return `${from.fact.source} ${from.fact.instance}: ${from.fact.locator}`
    case 'record':
      return `${from.record} of ${from.source}, ${formatMoment(from.at)}`
    case 'pasted':
      return 'the pasted line'
    case 'evaluation':
      return `evaluated again${from.revision === null ? '' : ` with ${from.revision}`}${from.masked ? ', of a masked input' : ''}`
  }
}
