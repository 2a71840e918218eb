import type { ScopeState } from '../../model/fact.ts'
import type { Known, RegistrationView } from '../../model/graph.ts'
import { type Declaration, nameOfDeclaration } from '../cluster/declarations.ts'
import { isCurrent } from '../instances/records.ts'
import { known, notKnown, referenceTo, whyUnread } from '../known.ts'
import { reason } from '../reasons.ts'
import type { RegistrationEvidence } from './workload-evidence.ts'

/** SPIRE's own entry; while its entries cannot be read, what the objects of the cluster declare. */
export function registrationOf(evidence: RegistrationEvidence): Known<RegistrationView> {
  const { naming, spires, entries, world } = evidence
  if (naming.spiffeId === null) return notKnown(reason('no-spiffe-id', { name: naming.name }))
  const [found] = entries
  if (found === undefined) {
    const [spire] = spires.length > 0 ? spires : world.spires
    const isTold = spires.length > 0 && spires.every(({ parts }) => isCurrent(parts['entries']))
    const declared = isTold ? null : declaredRegistration(evidence)
    if (declared !== null) return declared
    if (spire === undefined) return notKnown(reason('source-not-configured', { source: 'SPIRE' }))
    const scope = spire.parts['entries']
    if (!isCurrent(scope) || spires.length === 0) return whyUnread('spire', spire.id, 'entries', scope)
    return notKnown(reason('no-registration-entry', { spiffeId: naming.spiffeId }))
  }
  const { spire, entry } = found
  const view: RegistrationView = {
    entryId: entry.entryId,
    parentId: entry.parentId,
    selectors: entry.selectors,
    ttlSeconds: entry.x509SvidTtlSeconds,
    agent: agentOf(found),
  }
  return known(view, entry, spire.parts['entries'])
}

function agentOf({ spire, entry }: RegistrationEvidence['entries'][number]): RegistrationView['agent'] {
  const scope = spire.parts['agents']
  const agent = spire.agents.get(entry.parentId)
  if (agent !== undefined) {
    const { spiffeId, banned, svidNotAfter } = agent
    return known({ spiffeId, banned, svidNotAfter }, agent, scope)
  }
  if (!isCurrent(scope)) return whyUnread('spire', spire.id, 'agents', scope)
  return entry.parentId.includes('/spire/agent/')
    ? notKnown(reason('agent-not-listed', { parentId: entry.parentId }))
    : notKnown(reason('parent-is-alias', { parentId: entry.parentId }))
}

function declaredRegistration({ declared, spires, world }: RegistrationEvidence): Known<RegistrationView> | null {
  const [first] = declared
  if (first === undefined) return null
  const { object } = first.declaration
  const [spire] = spires.length > 0 ? spires : world.spires
  const view: RegistrationView = {
    entryId: nameOfDeclaration(first.declaration),
    parentId: object.kind === 'cluster-static-entry' ? object.parentId : '',
    selectors: object.kind === 'cluster-static-entry' ? object.selectors : podSelectors(first.declaration),
    ttlSeconds: object.ttlSeconds,
    agent:
      object.kind === 'cluster-spiffe-id'
        ? notKnown(reason('declared-parent-unknown', { object: nameOfDeclaration(first.declaration) }))
        : spire === undefined
          ? notKnown(reason('declared-agent-unread', { object: nameOfDeclaration(first.declaration) }))
          : whyUnread('spire', spire.id, 'agents', spire.parts['agents']),
  }
  return declaredBy(view, object, first.cluster.parts[partOf(object)])
}

/** A value that somebody wrote into an object of the cluster. */
export function declaredBy<Value>(
  value: Value,
  object: Declaration['object'],
  scope: ScopeState | undefined,
): Known<Value> {
  const told = known(value, object, scope)
  return told.known ? { ...told, fact: { ...referenceTo(object), basis: 'declared' } } : told
}

export function partOf(object: Declaration['object']): 'clusterspiffeids' | 'clusterstaticentries' {
  return object.kind === 'cluster-spiffe-id' ? 'clusterspiffeids' : 'clusterstaticentries'
}

/** What spire-controller-manager selects a pod by, unless templates add to it (its docs, "workload selectors"). */
function podSelectors({ pods }: Declaration): readonly string[] {
  return pods.map(({ uid }) => `k8s:pod-uid:${uid}`)
}
