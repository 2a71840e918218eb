import type { Gap, GapReason } from '../domain/model/fact.ts'
import type { MissingSource } from '../domain/model/graph.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { formatAge, formatClock } from './durations.ts'
import { warningOf } from './gap-warnings.ts'
import { capitalise, sourceLabel } from './states.ts'

const phrases: Readonly<Record<GapReason, string>> = {
  forbidden: 'not permitted',
  unreachable: 'not reachable',
  unsupported: 'not supported by this server',
  'timed-out': 'no answer in time',
  'not-configured': 'not configured',
  invalid: 'the answer could not be understood',
  'no-way': 'not asked, as the way to it is cut',
}

const advice: Readonly<Record<GapReason, string>> = {
  forbidden: 'Grant the right that the connector names.',
  unreachable: 'Check the address and that the server runs.',
  unsupported: 'Check the version of the server.',
  'timed-out': 'Check that the server runs and is not overloaded.',
  'not-configured': 'Configure it at the source, or accept that it stays unknown.',
  invalid: 'Check that the address is the one of this kind of server, and its version.',
  'no-way': 'Look at the cluster that it is in: nothing is known against it itself.',
}

const subjects: Readonly<Record<string, string>> = {
  server: 'the server state',
  entries: 'the registration entries',
  'registration-entries': 'the registration entries',
  agents: 'the agents',
  bundle: 'the trust bundle',
  federated: 'the federated trust bundles',
  authorities: 'the authorities',
  federation: 'the federation relationships',
  proxy: 'the Envoy state',
  listeners: 'the listeners',
  clusters: 'the clusters',
  secrets: 'the SDS secrets',
  certificates: 'the loaded certificates',
  counters: 'the counters',
  status: 'the bundle status',
  'bundle-status': 'the bundle status',
  policies: 'the policies',
  config: 'the configuration',
  metrics: 'the metrics',
  activity: 'the logged requests',
  intake: 'the log file',
  'log-history': 'the logs that are kept there',
  'log-history-opa-decisions': 'OPA decisions that are kept there',
  'log-history-envoy-access': 'Envoy’s access logs that are kept there',
  'log-history-integrity-events': 'integrity events that are kept there',
  'log-history-spire-audit': 'SPIRE’s audit log that is kept there',
  'log-history-vault-audit': 'Vault’s audit log that is kept there',
  'tls-context': 'the TLS settings',
  leaf: 'the certificate',
  handshakes: 'handshakes',
  decisions: 'decisions',
  requests: 'requests',
  'last-error': 'a handshake error',
  'presented-certificate': 'the presented certificate',
  'trust-bundle': 'the trusted authorities',
  'bundle-revision': 'the bundle revision',
  'identity-claims': 'what requests say about who sent them',
  'integrity-events': 'integrity events of its stages',
  pods: 'the pods',
  networkpolicies: 'the NetworkPolicies',
  clusterspiffeids: 'the ClusterSPIFFEIDs',
  clusterstaticentries: 'the ClusterStaticEntry objects',
  'registration-status': 'what the controller wrote of its objects',
  'vault-audit': 'the audit log of Vault',
  token: 'Everyhop’s own token at Vault',
  'sign-in': 'the way to sign in',
  mounts: 'the secrets engines',
  'auth-methods': 'the auth methods',
  roles: 'the roles of auth methods and secrets engines',
  'policy-text': 'the text of policies',
  entities: 'the entities of lease holders',
  leases: 'the leases',
  lineage: 'who holds which lease',
  'lease-lookup': 'until when leases last',
  'lease-list': 'the list of leases',
  capabilities: 'the rights of Everyhop’s token',
  'seal-status': 'the seal status',
  'lease-end': 'when the lease ends',
  'lease-issue': 'when the lease was issued',
  'lease-span': 'for how long the lease was given',
  'lease-renewal': 'whether the lease can be renewed',
  'lease-holder': 'who holds the lease',
  'tls-session': 'TLS version and cipher',
}

/** "not permitted", "no answer in time", …; an unknown reason is shown as itself. */
export function gapReasonPhrase(reason: string): string {
  return isGapReason(reason) ? phrases[reason] : reason
}

/** "the registration entries" for `entries`; a code without words is shown as itself, with spaces. */
export function whatIsMissing(what: string): string {
  const subject = Object.hasOwn(subjects, what) ? subjects[what] : undefined
  return subject ?? what.replaceAll('-', ' ')
}

/**
 * What could not be read, where, why, and the source's own words: "SPIRE “spire”: the agents could not be read, not permitted: “…”."
 * What is read and only not whole says that: "Logs “a”: lines of it are not counted: “…”."
 */
export function gapSentence(gap: Gap): string {
  const own = gap.detail === '' ? '' : `: “${gap.detail}”`
  const said = warningOf(gap.what)?.says ?? `${whatIsMissing(gap.what)} could not be read, ${phrases[gap.reason]}`
  return `${sourceLabel(gap.source)} “${gap.instance}”: ${said}${own}.`
}

/** What to do about it. */
export function gapAdvice({ what, reason }: Pick<Gap, 'what' | 'reason'>): string {
  return warningOf(what)?.advice ?? advice[reason]
}

/** "Needs Envoy “tool-runtime”: the listeners, last read at 12:01:07, 3 m ago." */
export function missingSentence(missing: MissingSource, now: EpochMs): string {
  const who =
    missing.instance === null ? sourceLabel(missing.source) : `${sourceLabel(missing.source)} “${missing.instance}”`
  if (missing.instance === null) return `Needs ${who}, which is not configured: ${whatIsMissing(missing.what)}.`
  if (missing.lastReadAt === null) return `Needs ${who}: ${whatIsMissing(missing.what)}, never read.`
  return `Needs ${who}: ${whatIsMissing(missing.what)}, last read at ${formatClock(missing.lastReadAt, now)}, ${formatAge(now - missing.lastReadAt)} ago.`
}

/** "Registration entries" as the name of a row. */
export function whatTitle(what: string): string {
  return capitalise(whatIsMissing(what).replace(/^the /, ''))
}

function isGapReason(value: string): value is GapReason {
  return Object.hasOwn(phrases, value)
}
