import { isCurrent } from '../../graph/instances/records.ts'
import type { ScopeState } from '../../model/fact.ts'
import type { CertificateView, FactReference, Known, Reason } from '../../model/graph.ts'
import type { EpochMs } from '../../model/time.ts'
import type { Evidence, EvidenceClass } from '../model.ts'
import { type AgentSight, agentOf } from './agent.ts'
import { type Candidate, entryCandidates, objectCandidates } from './candidates.ts'
import type { IdentityCase, PodOfCase } from './case.ts'
import { tellOfIdentity as tell } from './reasons.ts'

export type ObjectCandidate = Exclude<Candidate, { kind: 'entry' }>
export type EntryCandidate = Extract<Candidate, { kind: 'entry' }>

/** A case with what comes near the workload, and how much of what could tell was read. */
export interface IdentityView {
  readonly of: IdentityCase
  readonly owner: string
  /** The newest pod. */
  readonly place: PodOfCase | null
  readonly agent: AgentSight
  readonly objects: readonly ObjectCandidate[]
  readonly entries: readonly EntryCandidate[]
  /** Entries that give it its identity, or may; those of its other pods are not among them. */
  readonly own: readonly EntryCandidate[]
  /** Whether every SPIRE server of its trust domain listed all entries now. */
  readonly knowsEntries: boolean
  /** All entries are listed, and none of them is its own or could be, by what is read of it. */
  readonly lacksEntry: boolean
  /** Whether everything that declares identities in its cluster was read now; null: it is in no cluster that is known. */
  readonly knowsObjects: boolean | null
  /** An SVID that its Envoy holds now and that has not run out. */
  readonly held: Extract<Known<CertificateView>, { known: true }> | null
  readonly until: EpochMs | null
}

/** That of the controller's collections and of pods: without one of them nobody knows who is selected. */
const declaring = ['pods', 'namespaces', 'clusterspiffeids', 'clusterstaticentries'] as const
/** An entry that somebody makes has reached its agent after so long: two intervals of 5 s, and some room (ID-04). */
export const newForMs = 15_000

export function identityViewOf(of: IdentityCase): IdentityView {
  const [place = null] = of.pods
  const named = of.spiffeId === null ? [] : of.spires.flatMap(({ entries }) => entries.get(of.spiffeId ?? '') ?? [])
  const agent = agentOf(
    of,
    named.map(({ parentId }) => parentId),
  )
  const objects = objectCandidates(of, agent).flatMap((each) => (each.kind === 'entry' ? [] : [each]))
  const entries = entryCandidates(of, agent).flatMap((each) => (each.kind === 'entry' ? [each] : []))
  const cluster = place?.cluster ?? (of.clusters.length === 1 ? of.clusters[0] : undefined)
  const loaded = of.workload?.svid.loaded
  const held =
    loaded?.known === true && !loaded.stale && loaded.value.notAfter !== null && loaded.value.notAfter > of.now
      ? loaded
      : null
  const knowsEntries = of.spires.length > 0 && of.spires.every(({ parts }) => isWhole(parts['entries']))
  return {
    of,
    owner: of.name,
    place,
    agent,
    objects,
    entries,
    own: entries.filter(isOwn),
    knowsEntries,
    lacksEntry: knowsEntries && !entries.some((each) => isOwn(each) || mayBeOwn(each)),
    knowsObjects: of.clusters.length === 0 ? null : declaring.every((part) => isWhole(cluster?.parts[part])),
    held,
    until: held?.value.notAfter ?? null,
  }
}

/** An entry by a pod's uid is that pod's alone. */
function isOwn({ isExpected, fits, criteria }: EntryCandidate): boolean {
  const isOfOtherPod = criteria.some(({ key, state }) => key === 'k8s:pod-uid' && state === 'differs')
  return !isOfOtherPod && (isExpected === true || (isExpected === null && fits === true))
}

/**
 * Its SPIFFE ID is not known, and the entry asks for something that the pod has and for something that cannot be compared now. What
 * asks for nothing of a pod, such as for a uid of a process, is for processes outside of pods.
 */
function mayBeOwn({ isExpected, fits, criteria }: EntryCandidate): boolean {
  return (
    isExpected === null && fits === null && criteria.some(({ part, state }) => part === 'selector' && state === 'met')
  )
}

function isWhole(scope: ScopeState | undefined): boolean {
  return isCurrent(scope) && scope?.gaps.length === 0
}

/** Criteria that the workload certainly does not meet. */
export function unmet({ criteria }: Pick<Candidate, 'criteria'>): Candidate['criteria'] {
  return criteria.filter(({ state }) => state === 'missing' || state === 'differs')
}

export function nameOf({ kind, name }: Pick<Candidate, 'kind' | 'name'>): string {
  return `${kind}/${name}`
}

/** What a candidate's own object says; of a source that has gone silent it is what was so once. */
export function ofCandidate({ fact, stale }: Candidate, reason: Reason, weight: EvidenceClass): Evidence {
  return { class: stale ? 'state-now' : weight, reason, literal: null, from: { kind: 'fact', fact } }
}

export function ofFact(
  fact: FactReference,
  reason: Reason,
  weight: EvidenceClass,
  literal: string | null = null,
): Evidence {
  return { class: weight, reason, literal, from: { kind: 'fact', fact } }
}

/** That SPIRE's lists have no entry for it: one piece of evidence a server; none where they were not all read. */
export function entriesLackIt({ of, lacksEntry }: IdentityView, weight: EvidenceClass): readonly Evidence[] {
  if (!lacksEntry) return []
  return of.spires.flatMap(({ id, entries, parts, server }) => {
    const all = [...entries.values()].flat()
    const scope = parts['entries']
    const [first] = all
    const from = first?.from ?? server?.from
    if (scope === undefined || from === undefined) return []
    const { source, instance, basis } = from
    const locator = first?.from.locator ?? 'spire.api.server.entry.v1.Entry/ListEntries'
    const fact = { factId: scope.scope, source, instance, locator, basis, observedAt: scope.readAt ?? from.observedAt }
    return [ofFact(fact, tell('entries-lack-it', { spire: id, entries: all.length, spiffeId: of.spiffeId }), weight)]
  })
}

/** An SVID that is held now speaks against every cause that lets none be issued. */
export function heldAgainst({ held }: IdentityView): readonly Evidence[] {
  if (held === null || held.value.notAfter === null) return []
  const { spiffeId, notAfter } = held.value
  return [ofFact(held.fact, tell('svid-is-held', { spiffeId, notAfter }), 'decisive')]
}
