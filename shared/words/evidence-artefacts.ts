import type { ArtefactId, Limitation } from '../domain/evidence/model.ts'
import { countOf } from './durations.ts'

type Params = Limitation['params']

/** What each artefact is made from, where there is little room. */
export const artefactFrom: Readonly<Record<ArtefactId, string>> = {
  'policy-definitions': 'OPA status, bundles',
  'svid-issuance': 'SPIRE audit log, entries, Envoys’ SVIDs',
  'pipeline-integrity': 'integrity events, trust graph',
  'jit-credentials': 'Vault audit log, leases',
  'binary-authorisation': 'Kubernetes audit log, images',
  'trust-graph': 'history',
  'mtls-coverage': 'access logs, history',
  decisions: 'OPA decision logs, access logs',
  diagnoses: 'journal',
  actions: 'journal',
}

function counted(value: Params[string] | undefined, singular: string, plural?: string): string {
  return typeof value === 'number'
    ? countOf(value, singular, plural)
    : `an unknown number of ${plural ?? `${singular}s`}`
}

function text(value: Params[string] | undefined): string {
  return value === null || value === undefined ? 'unknown' : String(value)
}

/** How a population was counted. */
const methods: Readonly<Record<string, (params: Params) => string>> = {
  'method.opa-status': () => 'Revisions by OPA, as the status of each OPA told them whenever it was read.',
  'method.sealed-lines': () => 'Lines of the log that were kept and sealed, each once, by the time their writer gave.',
  'method.admission-reviews': () =>
    'Finished requests in the audit log to make or change what makes pods; others are there only as hashes.',
  'method.graph': () => 'Workloads, hops and control components of the trust graph at the end of the period.',
  'method.hops': () => 'Hops that an access log or the trust graph told of.',
  'method.journal': () => 'Entries of the journal of this environment.',
  'method.estimated': () => 'Estimated before the lines were read: there are at most so many.',
}

const results: Readonly<Record<string, (params: Params) => string>> = {
  'result.not-configured': ({ what }) => `Nothing of ${text(what)} is configured: it was not looked at.`,
  'result.nobody-asked': () => 'Nobody asked for a diagnosis in the period.',
}

/** What no artefact can show because of what its source is: printed in each pack. */
const ofSources: Readonly<Record<string, (params: Params) => string>> = {
  'policy-status-polled': () =>
    'OPA’s status is read from time to time: a revision that was active only between two readings is not here.',
  'bundles-not-kept': ({ bundles }) =>
    `The bytes of ${counted(bundles, 'revision')} are not kept here: the list names them, and their content has to come from the bundle store.`,
  'signing-not-configured': () =>
    'No bundle is configured to be signed: an unsigned bundle counts as no deviation here.',
  'spire-audit-off-by-default': () =>
    'SPIRE writes an audit log only with audit_log_enabled: what was called while it was off is not here.',
  'spire-no-serial': () =>
    'SPIRE’s audit lines have no serial number: SVIDs in use are matched by SPIFFE ID and end of validity.',
  'spire-each-server-its-own': () =>
    'Each SPIRE server logs its own calls: of servers whose log is not read nothing is here.',
  'no-svids-seen': () => 'No Envoy told of an SVID that became valid in the period: there is no independent count.',
  'entries-unknown': ({ calls }) =>
    `Of ${counted(calls, 'issuance')} it is not known whether a registration entry stood then.`,
  'integrity-as-stages-tell': () =>
    'Stages tell of their own verifications: one that does not verify, or does not tell, is not found by its events.',
  'integrity-no-control': () => 'There is no independent count of verifications that should have been made.',
  'events-come-later': () =>
    'Changes of the trust graph are written down up to a minute after they happened: those of the last minute of the period may be missing.',
  'vault-expiry-inferred': () =>
    'Vault writes no audit line when a lease ends by time: such an end is inferred from issue and time to live.',
  'vault-union-of-devices': () =>
    'With several audit devices a request is answered when one of them wrote it: only all devices together are whole.',
  'vault-paths-not-audited': () =>
    'Vault never audits some paths, such as sys/init, sys/seal, sys/unseal, sys/health and sys/leader.',
  'leases-not-listed': () =>
    'Listing leases is not turned on, or nothing was issued: there is no count of leases by Vault itself.',
  'ttl-unknown': ({ leases }) =>
    `How long ${counted(leases, 'lease')} was given for is not known: the audit log does not say, and it was not looked up.`,
  'revocations-unnamed': ({ requests }) =>
    `${counted(requests, 'request')} revoked something that the audit log hides: leases that are told as not ended may have ended so.`,
  'holders-unknown': () =>
    'The trust graph of the end of the period is not known: whether leases were orphaned neither.',
  'audit-level': () =>
    'What the audit policy of the cluster leaves out is not here; images are in a line only at level Request or higher.',
  'warnings-not-told': () =>
    'The audit log tells nothing of a policy that only warns (validationActions: [Warn]): who asked saw the warning, and nobody else.',
  'admission-webhook-outage': () =>
    'What was admitted while a webhook with failurePolicy Ignore did not answer is told only where the API server marks it.',
  'images-not-verified': ({ images }) =>
    `Whether ${counted(images, 'image')} that ran at the end was signed is not known: nothing that is read says so.`,
  'graph-as-read': () => 'The graph shows what could be read at that time, with what is unknown as unknown.',
  'graph-no-classification': () => 'Criticality and sensitivity of assets are not in it.',
  'graph-in-gap': ({ times }) =>
    `At ${counted(times, 'end', 'ends')} of the period nothing was watched: the graph there is the last known one and proves nothing.`,
  'graph-not-comparable': ({ source, missingAt, facts }) =>
    `${text(source)} was known only at one of both times (${missingAt === 'from' ? 'the end' : 'the start'}, ${counted(facts, 'fact')}): it is not compared.`,
  'access-log-as-configured': () =>
    'Access logs tell what their format lists, and of sampled requests only a part: protection is counted as logged.',
  'hops-never-seen': ({ hops }) =>
    `${counted(hops, 'hop')} of the graph had no request in any access log: not evaluated.`,
  'coverage-unknown': ({ hops }) =>
    `Of ${counted(hops, 'hop')} the access log does not tell of every request how it was protected.`,
  'hops-not-known': () => 'The trust graph of the period is not known: hops without any request cannot be named.',
  'opa-log-lossy': () =>
    'OPA keeps decisions in memory until they are sent: those of a process that dies are lost, and no counter tells.',
  'opa-log-late': () =>
    'OPA may send decisions minutes later: those of the last minutes of the period may have come after the pack was made.',
  'opa-drop-and-mask-policies': () =>
    'Policies of OPA may keep decisions out of the log or take fields out of them; masked fields are named in each line.',
  'drop-counters-unread': ({ opas }) => `The drop counters of ${text(opas)} could not be read.`,
  'no-access-log': () => 'No access log of the period is held: there is no independent count of decisions.',
  'no-decision-ids': () =>
    'No access log line names its decision: there is no independent count. docs/formats/envoy-access-log.md says how to add it.',
  'decisions-unclaimed': ({ decisions }) =>
    `No access log line names ${counted(decisions, 'decision')}: the Envoy that asked is not read, or it was not Envoy that asked.`,
  'groups-cut': ({ groups }) => `Only the first ${counted(groups, 'group')} are counted apart.`,
  'came-after-sealing': ({ lines }) =>
    `${counted(lines, 'record')} of the period came after the last seal of this pack, and will be in the next one.`,
  'came-too-late': ({ lines }) =>
    `${counted(lines, 'record')} of the period came more than an hour after it, such as from a file that was imported: they are held and in no pack of it.`,
  'diagnosed-on-demand': () =>
    'Diagnoses are made when somebody asks: they show what was looked into, not all that went wrong.',
  'only-through-everyhop': () => 'Only what was done through Everyhop: changes by other means are not here.',
  'actor-is-account': () => 'Who did it is the account of the operating system, not a person that was authenticated.',
}

/** What this pack in particular lacks. */
const ofThisPack: Readonly<Record<string, (params: Params) => string>> = {
  'lines-changed': ({ lines }) =>
    `${counted(lines, 'line')} held here are not what was sealed. They are listed by place and hash, never word for word.`,
  'lines-gone': ({ lines }) =>
    `${counted(lines, 'line')} that were sealed are no longer kept: only their hashes are here.`,
  'lines-not-understood': ({ lines }) =>
    `${counted(lines, 'line')} could not be read by this version, and are in no count but the total.`,
  'refused-not-counted': () =>
    'Whether lines of this log were refused as not understood was not recorded in the period.',
  'senders-unknown': () => 'Records were received from whoever sent them: who should have sent is not known.',
  'events-cut': ({ events }) => `Only the first ${counted(events, 'event')} of the history were read.`,
}

export const artefactSentences: Readonly<Record<string, (params: Params) => string>> = {
  ...methods,
  ...results,
  ...ofSources,
  ...ofThisPack,
}
