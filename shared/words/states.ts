import type { Basis, SourceKind } from '../domain/model/fact.ts'
import type {
  AuthorisationState,
  ClaimState,
  Relation,
  TransportState,
  WorkloadState,
} from '../domain/model/hop-state.ts'

const transport: Readonly<Record<TransportState, string>> = {
  verified: 'mTLS verified',
  'one-sided': 'one-sided TLS',
  plaintext: 'plaintext',
  failing: 'handshake failing',
  configured: 'configured, no handshake seen',
  unknown: 'unknown',
}

const authorisation: Readonly<Record<AuthorisationState, string>> = {
  allowing: 'allowing',
  denying: 'denied by policy',
  erroring: 'no answer from OPA',
  'failing-open': 'allows when OPA is silent',
  unguarded: 'authorisation not enforced',
  unknown: 'authorisation unknown',
}

const claim: Readonly<Record<ClaimState, string>> = {
  unclaimed: 'none said',
  consistent: 'as proved',
  forwarded: 'said, not proved',
  contradicted: 'claims another identity',
  unknown: 'unknown',
}

const workload: Readonly<Record<WorkloadState, string>> = {
  verified: 'verified',
  attention: 'needs attention',
  failing: 'failing',
  unknown: 'unknown',
  'no-identity': 'no identity',
  external: 'external',
}

const relation: Readonly<Record<Relation, string>> = {
  observed: 'observed',
  granted: 'granted',
  intended: 'intended',
}

const relationMeaning: Readonly<Record<Relation, string>> = {
  observed: 'Requests were seen on this hop in the counted window.',
  granted: 'The configuration of both sides lets this hop happen. What a policy would decide is not part of it.',
  intended: 'intent.yaml wants this hop.',
}

const basis: Readonly<Record<Basis, { readonly glyph: string; readonly meaning: string }>> = {
  measured: { glyph: '●', meaning: 'Read from the running system.' },
  derived: { glyph: '◐', meaning: 'Computed from other facts, which are listed.' },
  declared: { glyph: '○', meaning: 'Written by someone. Says what should be, not what is.' },
}

const source: Readonly<Record<SourceKind, string>> = {
  kubernetes: 'Kubernetes',
  spire: 'SPIRE',
  envoy: 'Envoy',
  opa: 'OPA',
  vault: 'Vault',
  logs: 'Logs',
  intent: 'Intent',
}

/** "mTLS verified", "handshake failing", … as in the legend. */
export function transportLabel(state: TransportState): string {
  return transport[state]
}

/** "allowing", "denied by policy", "no answer from OPA", … */
export function authorisationLabel(state: AuthorisationState): string {
  return authorisation[state]
}

/** What requests say about who sent them: "as proved", "claims another identity", … */
export function claimLabel(state: ClaimState): string {
  return claim[state]
}

/** "verified", "needs attention", "failing", "unknown", "no identity", "external". */
export function workloadStateLabel(state: WorkloadState): string {
  return workload[state]
}

/** "observed", "granted", "intended". */
export function relationLabel(value: Relation): string {
  return relation[value]
}

/** One sentence that says what the relation means. */
export function relationMeaningOf(value: Relation): string {
  return relationMeaning[value]
}

/** "measured", "derived", "declared". */
export function basisWord(value: Basis): string {
  return value
}

/** ● measured, ◐ derived, ○ declared. */
export function basisGlyph(value: Basis): string {
  return basis[value].glyph
}

/** One sentence that says what the basis means. */
export function basisMeaning(value: Basis): string {
  return basis[value].meaning
}

/** "SPIRE", "Envoy", "OPA", "Logs", … */
export function sourceLabel(kind: SourceKind): string {
  return source[kind]
}

/** First letter large, the rest untouched: for the start of a row or a sentence. */
export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
