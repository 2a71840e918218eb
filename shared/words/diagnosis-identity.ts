import type { IdentityAgent, IdentityCause, IdentityCriterion } from '../domain/diagnosis/no-identity/model.ts'
import type { IdentityReasonParams } from '../domain/diagnosis/no-identity/reasons.ts'
import { countOf, formatMoment } from './durations.ts'
import { count, has, type Params, quoted, word } from './param-text.ts'

/** Names and sentences of the diagnosis of a missing identity. Text of objects is quoted as it is. */

export const identityCauseLabels: Readonly<Record<IdentityCause, string>> = {
  'no-cluster-spiffeid': 'nothing declares it',
  'selector-mismatch': 'a selector does not select it',
  'namespace-excluded': 'its namespace is ignored',
  'class-without-manager': 'no controller manager of its class',
  'template-fails': 'a template cannot be rendered',
  'entry-missing': 'no registration entry',
  'entry-selectors-mismatch': 'the entry asks for other selectors',
  'entry-of-another-agent': 'the entry is for another agent',
  'agent-not-attested': 'its agent is not attested',
  'agent-banned': 'its agent is banned',
  'agent-not-in-sync': 'its agent is not in sync',
  'socket-not-mounted': 'no way to the Workload API',
  'has-identity': 'it has its identity',
  unknown: 'unknown',
}

export const criterionPartLabels: Readonly<Record<IdentityCriterion['part'], string>> = {
  'pod-label': 'Label of the pod',
  'namespace-label': 'Label of the namespace',
  namespace: 'Namespace',
  template: 'Template',
  selector: 'Selector',
  parent: 'Agent',
  class: 'Class',
  'spiffe-id': 'SPIFFE ID',
}

export const criterionStateLabels: Readonly<Record<IdentityCriterion['state'], string>> = {
  met: 'met',
  missing: 'missing',
  differs: 'differs',
  unknown: 'unknown',
}

export const attestedLabels: Readonly<Record<IdentityAgent['attested'], string>> = {
  yes: 'attested',
  no: 'not attested',
  banned: 'banned',
  expired: 'its own SVID has run out',
  unknown: 'unknown',
}

export const inSyncLabels: Readonly<Record<IdentityAgent['inSync'], string>> = {
  yes: 'in sync',
  no: 'not in sync',
  unknown: 'whether it is in sync is not known',
}

const owner = (p: Params): string => word(p, 'owner')
const object = (p: Params): string => word(p, 'object')
const instead = (p: Params): string => (has(p, 'have') ? ` It has ${quoted(p, 'have')}.` : ' It has none.')
/** It still works, and for how long: nobody should think that there is time, or that there is none. */
const until = (p: Params): string =>
  has(p, 'until')
    ? ` The SVID that it holds works until ${formatMoment(count(p, 'until'))} and will not be renewed.`
    : ''
const machine = (p: Params): string => (has(p, 'machine') ? `the machine ${word(p, 'machine')}` : 'its machine')

const sources: Readonly<Record<string, string>> = {
  'spire entries': 'SPIRE’s registration entries could not be read now.',
  'spire agents': 'What SPIRE knows of its agent could not be read or told apart.',
  'kubernetes objects': 'The objects of its cluster that declare identities could not all be read now.',
}

export const identityDiagnosisReasons: Readonly<Record<keyof IdentityReasonParams, (params: Params) => string>> = {
  'nothing-declares-it': (p) =>
    `Nothing gives ${owner(p)} an identity: no ClusterSPIFFEID selects it, and no ClusterStaticEntry is for ${has(p, 'spiffeId') ? word(p, 'spiffeId') : 'it'}.${until(p)}`,
  'selectors-miss-it': (p) =>
    `${object(p)} does not select ${owner(p)}: it asks for ${quoted(p, 'want')}.${instead(p)}${until(p)}`,
  'namespace-is-ignored': (p) =>
    `${object(p)} would select ${owner(p)}, but the controller manager passes over the namespace ${word(p, 'namespace')}.`,
  'class-has-no-manager': (p) =>
    `${object(p)} would give ${owner(p)} its identity, but no controller manager acts on ${has(p, 'className') ? `its class ${quoted(p, 'className')}` : 'objects without a class'}: those that act have ${quoted(p, 'acting')}.`,
  'template-not-rendered': (p) =>
    `${object(p)} selects ${owner(p)}, but its template cannot be rendered for it: ${quoted(p, 'field')} has no value there.`,
  'no-entry-in-spire': (p) =>
    `SPIRE has no registration entry for ${owner(p)}${has(p, 'spiffeId') ? ` (${word(p, 'spiffeId')})` : ''}.${until(p)}`,
  'no-entry-though-declared': (p) =>
    `${object(p)} declares an identity for ${owner(p)}, and SPIRE has no entry of it: the controller manager has not made it, or SPIRE refused it.${until(p)}`,
  'entry-has-run-out': (p) =>
    `The registration entry ${word(p, 'entry')} of ${owner(p)} itself ran out at ${formatMoment(count(p, 'at'))}.`,
  'entry-asks-for-others': (p) =>
    `The entry ${word(p, 'entry')} is for ${owner(p)}, but asks for ${quoted(p, 'want')}.${instead(p)}`,
  'entry-for-other-machine': (p) =>
    `The entry ${word(p, 'entry')} is delivered by ${word(p, 'parent')}, and ${owner(p)} runs on ${machine(p)}, which is another’s.`,
  'agent-unknown-to-server': (p) =>
    `${owner(p)} runs on ${machine(p)}, and SPIRE knows no agent of it: the agent there has not attested.${until(p)}`,
  'agent-has-run-out': (p) =>
    `The agent that delivers to ${owner(p)} has no valid SVID itself since ${formatMoment(count(p, 'at'))}, so it can fetch nothing: ${word(p, 'agent')}.${until(p)}`,
  'delivering-agent-banned': (p) => `The agent that delivers to ${owner(p)} is banned: ${word(p, 'agent')}.${until(p)}`,
  'agent-does-not-run': (p) =>
    `The SPIRE agent on ${machine(p)}, which delivers to ${owner(p)}, does not run${has(p, 'waiting') ? ` (${word(p, 'waiting')})` : ''}.${until(p)}`,
  'entry-is-new': (p) =>
    `The entry ${word(p, 'entry')} of ${owner(p)} was made at ${formatMoment(count(p, 'createdAt'))}; its agent may not have it yet.`,
  'no-way-to-workload-api': (p) =>
    `Nothing in the pod ${word(p, 'pod')} leads to the Workload API, so ${owner(p)} cannot ask for its identity.`,
  'socket-not-mounted': (p) =>
    `The socket of the Workload API could not be mounted into ${word(p, 'pod')}, so ${owner(p)} cannot ask for its identity: ${quoted(p, 'message')}.`,
  'identity-is-there': (p) =>
    `${owner(p)} has its identity: its Envoy holds ${word(p, 'spiffeId')} until ${formatMoment(count(p, 'until'))}.`,
  'identity-not-told': (p) => `Nothing that was read tells why ${owner(p)} is given no identity.`,
  'entries-lack-it': (p) =>
    `None of ${countOf(count(p, 'entries'), 'entry', 'entries')} of SPIRE ${quoted(p, 'spire')} is for ${has(p, 'spiffeId') ? word(p, 'spiffeId') : 'it'}.`,
  'objects-lack-it': (p) =>
    `None of ${countOf(count(p, 'objects'), 'object')} that declare identities in ${word(p, 'cluster')} is for it.`,
  'object-is-of-class': (p) =>
    has(p, 'className') ? `${object(p)} has the class ${quoted(p, 'className')}.` : `${object(p)} has no class.`,
  'object-asks': (p) => `${object(p)} asks for ${quoted(p, 'want')}.${instead(p)}`,
  'object-selects-none': (p) => `${object(p)} selects no pod at all.`,
  'object-selects-siblings': (p) => `${object(p)} selects other pods of the namespace ${word(p, 'namespace')}.`,
  'object-fits': (p) => `${object(p)} declares ${word(p, 'spiffeId')} for it.`,
  'object-not-set': (p) => `The controller manager says of ${object(p)} that no entry is set in SPIRE.`,
  'controller-silent-on': (p) =>
    `The controller manager has written no status on ${object(p)}: it may not run, or look after another class.`,
  'controller-render-failures': (p) =>
    `The controller manager could not render ${object(p)} for ${countOf(count(p, 'count'), 'pod')}.`,
  'controller-entry-failures': (p) =>
    `SPIRE refused ${countOf(count(p, 'count'), 'entry', 'entries')} of ${object(p)}, such as for a federated trust domain whose bundle it lacks.`,
  'controller-entries-masked': (p) =>
    `${countOf(count(p, 'count'), 'entry', 'entries')} of ${object(p)} give way to equal ones of another object.`,
  'controller-namespaces-ignored': (p) =>
    `The controller manager passed over ${countOf(count(p, 'count'), 'namespace')} that ${object(p)} selects.`,
  'entry-is-there': (p) => `SPIRE has an entry for ${word(p, 'spiffeId')}: ${word(p, 'entry')}.`,
  'agent-is-attested': (p) =>
    `${word(p, 'agent')} is attested${has(p, 'notAfter') ? `, its own SVID valid until ${formatMoment(count(p, 'notAfter'))}` : ''}.`,
  'agent-pod-not-ready': (p) =>
    `The pod ${word(p, 'pod')} is not ready${has(p, 'waiting') ? `: ${word(p, 'waiting')}` : ''}.`,
  'agents-lack-machine': (p) =>
    `None of ${countOf(count(p, 'agents'), 'agent')} that SPIRE knows is that of the machine ${word(p, 'machine')}.`,
  'agent-not-told': (p) => `Which agent delivers to ${machine(p)} is not known.`,
  'svid-is-held': (p) =>
    `Its Envoy holds ${has(p, 'spiffeId') ? word(p, 'spiffeId') : 'an SVID'} until ${formatMoment(count(p, 'notAfter'))}.`,
  'pod-mounts-nothing': (p) =>
    `${word(p, 'pod')} has no volume of the SPIFFE CSI driver or of the agent’s folder; ${countOf(count(p, 'others'), 'other pod')} of its cluster ${count(p, 'others') === 1 ? 'has' : 'have'}.`,
  'pod-event': (p) => `${word(p, 'reason')} of ${word(p, 'pod')}: ${quoted(p, 'message')}.`,
  'whole-lists-tell-it': () => 'What tells of it was read whole and now, and leaves no other cause.',
  'read-in-part': () => 'What was read speaks for it; it does not exclude every other cause.',
  'only-a-hint': () => 'Only a hint speaks for it.',
  'pod-by-account': () =>
    'Its pod was found by the namespace and the service account in its SPIFFE ID, which is a convention.',
  'identity-held-against': () => 'Its Envoy holds an SVID now, which speaks against it.',
  'source-not-read': (p) =>
    sources[`${word(p, 'source')} ${word(p, 'what')}`] ?? `${word(p, 'source')} could not be read.`,
  'pod-not-known': (p) => `In which pod ${owner(p)} runs is not known, so no selector could be held against it.`,
  'selector-not-comparable': (p) =>
    `No object tells whether the process has what the entry ${word(p, 'of')} asks for: ${word(p, 'selectors')}.`,
  'also-found': (p) =>
    `Also found: ${Object.entries(identityCauseLabels).find(([cause]) => cause === p['cause'])?.[1] ?? word(p, 'cause')}.`,
  'sync-not-told': (p) => `SPIRE does not tell when the agent of ${owner(p)} last fetched its entries.`,
  'apply-object': (p) =>
    `Apply ${object(p)} with the label that the pod has. Everyhop does not read federation, DNS names and hints: keep those that it has.`,
  'apply-new-object': (p) => `Apply ${object(p)}, which is for this workload alone.`,
  'create-entry': (p) => `Register ${owner(p)} in SPIRE.`,
  'update-entry': (p) =>
    `Correct the entry ${word(p, 'entry')}.${has(p, 'object') ? ` The controller manager makes it again from ${object(p)}: correct that too.` : ''}`,
  'look-at-controller': () =>
    'See what the log of the controller manager says of it, and that it runs: spire-controller-manager.',
  'look-at-agent': (p) =>
    `See what the agent on ${machine(p)} logs; look for “No identity issued” and its last synchronisation.`,
  'watch-workload': (p) => `Look at ${owner(p)} in the graph: it is verified again once its SVID has come.`,
  'why-no-identity': (p) => `See why ${owner(p)} is given no identity.`,
  'follow-runbook': (p) => `Follow the runbook docs/runbooks/${word(p, 'runbook')}.md.`,
  'runbook-of-image': (p) => `If nobody knows the image that runs there: docs/runbooks/${word(p, 'runbook')}.md.`,
}
