import type { SourceTestReport, TestedIdentityKind, TestedTls } from '../contract/environments.ts'
import type { SourceKind } from '../domain/model/fact.ts'
import { gapReasonPhrase, whatIsMissing, whatTitle } from './gaps.ts'
import { sourceLabel } from './states.ts'

const outcomes: Readonly<Record<SourceTestReport['outcome'], string>> = {
  usable: 'Usable',
  partly: 'Usable in part',
  unusable: 'Not usable',
}

const tls: Readonly<Record<TestedTls, string>> = {
  verified: 'TLS, and the server proved who it is.',
  mutual: 'Mutual TLS: both sides proved who they are.',
  plaintext: 'No TLS: what is read here can be read and changed on the way.',
  'through-cluster':
    'By a port-forward: TLS as far as the API server, which leads into the pod. The pod itself speaks plaintext.',
  'mutual-through-cluster': 'Mutual TLS, inside a port-forward of the cluster.',
  local: 'On this machine, without a network.',
  failed: 'TLS failed: the two sides did not believe each other.',
  unknown: 'Not known how the connection is protected: it never came about.',
}

const identities: Readonly<Record<TestedIdentityKind, string>> = {
  'kubeconfig-user': 'Everyhop asks as the user of the kubeconfig',
  'service-account': 'Everyhop asks as the service account of its own pod',
  'svid-files': 'Everyhop presents the SVID in',
  'svid-workload-api': 'Everyhop presents an SVID of the Workload API',
  'local-socket': 'Who may open the socket may ask everything:',
  token: 'Everyhop shows a token:',
  'jwt-svid': 'Everyhop signs in with a JWT-SVID, role',
  'kubernetes-token': 'Everyhop signs in with a service account, role',
  'cluster-rights': 'Everyhop comes with the rights it has in the cluster',
  'file-permission': 'Everyhop reads the file with the rights of this user',
  nobody: 'Everyhop asks without saying who it is',
  missing: 'Everyhop has no identity for it yet',
}

/** "Usable in part"; what could not be asked is "Not reached", or "Not asked" where there is nothing to ask it with. */
export function testOutcomeWords({
  outcome,
  reached,
  identity,
}: Pick<SourceTestReport, 'outcome' | 'reached' | 'identity'>): string {
  if (outcome !== 'unusable' || reached) return outcomes[outcome]
  return identity.kind === 'missing' ? 'Not asked' : 'Not reached'
}

export function tlsSentence(state: TestedTls): string {
  return tls[state]
}

/** "Everyhop presents the SVID in svid.pem." */
export function identitySentence({ kind, name }: SourceTestReport['identity']): string {
  return name === null || kind === 'nobody' || kind === 'missing'
    ? `${identities[kind]}.`
    : `${identities[kind]} ${name}.`
}

/** "Version v1.36.2, which Everyhop is tested with." */
export function supportSentence({
  version,
  support,
  reached,
}: Pick<SourceTestReport, 'version' | 'support' | 'reached'>): string {
  if (support.state === 'no-version') {
    return 'A log has no version of its own. Lines that Everyhop does not understand are counted, and told.'
  }
  const tested = support.tested.join(', ')
  if (version === null && !reached) return 'Its version is not known: it did not answer.'
  if (version === null) return `It does not tell its version. Everyhop is tested with ${tested}.`
  if (support.state === 'tested') return `Version ${version}, which Everyhop is tested with.`
  return `Version ${version}. Everyhop is tested with ${tested}: most will work, what does not is shown as unknown.`
}

/** "15 of 16 rights held, 1 missing." */
export function rightsSentence(rights: SourceTestReport['rights']): string {
  if (rights.length === 0) return 'Which rights are held is not known: it was not reached.'
  const of = (state: string): number => rights.filter((right) => right.state === state).length
  const more = [
    of('missing') === 0 ? null : `${of('missing')} missing`,
    of('unknown') === 0 ? null : `${of('unknown')} not known`,
  ].filter((part) => part !== null)
  return `${[`${of('held')} of ${rights.length} held`, ...more].join(', ')}.`
}

const unknownWithout: Readonly<Record<string, string>> = {
  'kubernetes/kubeconfig': 'Everything in this cluster will be unknown.',
  'kubernetes/connection': 'Everything in this cluster will be unknown.',
  'kubernetes/pods': 'Workloads of the cluster, and all that is found in it, will be unknown.',
  'kubernetes/services': 'Which address belongs to which workload will be unknown in part.',
  'kubernetes/endpointslices': 'Which pods stand behind a service will be unknown.',
  'kubernetes/serviceaccounts': 'Service accounts of workloads will be unknown.',
  'kubernetes/namespaces': 'Labels of namespaces, and what selects by them, will be unknown.',
  'kubernetes/nodes': 'The machines of workloads will be unknown.',
  'kubernetes/networkpolicies': 'Which NetworkPolicy admits a hop will be unknown.',
  'kubernetes/clusterspiffeids': 'Registrations that ClusterSPIFFEIDs declare will be unknown.',
  'kubernetes/clusterstaticentries': 'Registrations that ClusterStaticEntries declare will be unknown.',
  'kubernetes/validatingadmissionpolicies': 'What admission refuses will be unknown.',
  'kubernetes/validatingadmissionpolicybindings': 'Which admission policies are in force will be unknown.',
  'kubernetes/events': 'Recent events of workloads will be unknown.',
  'kubernetes/pods/log': 'Requests, decisions and integrity events in the logs of pods will be unknown.',
  'kubernetes/pods/portforward':
    'Every Envoy, OPA, SPIRE server and Vault that is reached by way of the cluster will be unknown.',
  'kubernetes/rights': 'Which rights are held will be unknown until something is refused.',
  'spire/connection': 'Registration entries, agents and trust bundles will be unknown.',
  'spire/server': 'Whether the server calls itself serving will be unknown.',
  'spire/registration-entries': 'Who is registered, and by which selectors, will be unknown.',
  'spire/agents': 'Which agents renew SVIDs, and which are banned, will be unknown.',
  'spire/trust-bundle': 'Which authorities the trust domain trusts will be unknown.',
  'spire/federated-bundles': 'Trust bundles of federated trust domains will be unknown.',
  'spire/authorities': 'Authorities that are prepared or retired will be unknown.',
  'spire/federation-relationships': 'Federation relationships will be unknown.',
  'envoy/proxy': 'Whether this Envoy is live, and its version, will be unknown.',
  'envoy/listeners': 'Whom this Envoy requires as a peer will be unknown, so its hops cannot be verified.',
  'envoy/clusters': 'Where this Envoy calls, and with which TLS, will be unknown.',
  'envoy/secrets': 'Which SVIDs and bundles this Envoy was given will be unknown.',
  'envoy/certificates': 'Which certificates this Envoy has really loaded will be unknown.',
  'envoy/counters': 'Handshakes and requests that this Envoy counted will be unknown.',
  'envoy/admin-port': 'Everything that this Envoy would say will be unknown.',
  'opa/instance': 'How this OPA is set up will be unknown.',
  'opa/status': 'The revision of its policy bundle will be unknown, not failing.',
  'opa/decision-log': 'Whether its decisions are logged will be unknown.',
  'opa/policies': 'Its policies will be unknown.',
  'opa/decisions': 'Its decisions will be unknown: only their results at the Envoys are seen.',
  'opa/api-port': 'Everything that this OPA would say will be unknown.',
  'vault/connection': 'Leases will be unknown.',
  'vault/server': 'Whether this Vault is sealed will be unknown.',
  'vault/token': 'How long Everyhop’s own token lasts will be unknown.',
  'vault/mounts': 'Which secrets engines there are will be unknown.',
  'vault/auth-methods': 'By which ways workloads sign in to this Vault will be unknown.',
  'vault/roles': 'Whom roles of this Vault are bound to will be unknown.',
  'vault/policies': 'Which policies this Vault has will be unknown.',
  'vault/policy-text': 'What the policies of this Vault give will be unknown.',
  'vault/entities': 'Who stands behind the holders of leases will be unknown.',
  'vault/leases': 'Leases will be unknown.',
  'vault/lease-lookup': 'Leases that the audit log does not tell of will be unknown.',
  'vault/lease-list': 'Leases that were issued before the audit log begins will be unknown.',
  'vault/lineage': 'Which workload holds which lease will be unknown.',
  'vault/audit': 'Which workload holds which lease will be unknown.',
  'vault/sign-in': 'Everything but Vault’s own health will be unknown.',
  'logs/log-file': 'What this log would tell will be unknown.',
  'logs/envoy-access': 'Requests that this log would tell will be unknown.',
  'logs/opa-decisions': 'Decisions that this log would tell will be unknown.',
  'logs/integrity-events': 'Integrity events that this log would tell will be unknown.',
  'logs/spire-audit': 'What the SPIRE server did and refused will be unknown.',
  'logs/vault-audit': 'Which workload holds which lease will be unknown.',
  'logs/log-history': 'What these logs hold of a request will be unknown.',
  'logs/log-history-opa-decisions': 'Decisions that only these logs hold will be unknown.',
  'logs/log-history-envoy-access': 'Requests that only these logs hold will be unknown.',
  'logs/log-history-integrity-events': 'Integrity events that only these logs hold will be unknown.',
  'logs/log-history-spire-audit': 'Calls of SPIRE’s API that only these logs hold will be unknown.',
  'logs/log-history-vault-audit': 'Requests to Vault that only these logs hold will be unknown.',
}

/** "Which NetworkPolicy admits a hop will be unknown." */
export function unknownSentence(source: SourceKind, what: string): string {
  const key = `${source}/${what}`
  return Object.hasOwn(unknownWithout, key)
    ? (unknownWithout[key] ?? '')
    : `${whatTitle(what)} of this ${sourceLabel(source)} will be unknown.`
}

/** "Listeners, counters: no answer in time" as the head of a literal answer. */
export function stepHead(whats: readonly string[], outcome: SourceTestReport['steps'][number]['outcome']): string {
  const [first = '', ...more] = whats
  const names = [whatTitle(first), ...more.map((what) => whatIsMissing(what).replace(/^the /, ''))]
  return `${names.join(', ')}: ${gapReasonPhrase(outcome)}`
}

/** The same for everything that a test could not read, each sentence once. */
export function unknownSentences(source: SourceKind, whats: readonly string[]): readonly string[] {
  return [...new Set(whats.map((what) => unknownSentence(source, what)))]
}

/** The codes that have a sentence of their own. */
export const unknownCodesWithWords: readonly string[] = Object.keys(unknownWithout)
