import { actingClasses } from '../../graph/cluster/controller-class.ts'
import { fits, fitsNamespace } from '../../graph/cluster/label-selector.ts'
import type { ClusterRecord } from '../../graph/instances/cluster-record.ts'
import { isCurrent, type SpireRecord } from '../../graph/instances/records.ts'
import { referenceTo } from '../../graph/known.ts'
import { isWorkloadId } from '../../graph/spiffe-id.ts'
import type { Reason } from '../../model/graph.ts'
import type { ClusterSpiffeIdFact, ClusterStaticEntryFact, PodFact } from '../../model/kubernetes-facts.ts'
import type { RegistrationEntryFact } from '../../model/spire-facts.ts'
import type { AgentSight } from './agent.ts'
import type { IdentityCase } from './case.ts'
import { namespaceCriteria, podCriteria } from './label-criteria.ts'
import type { IdentityCandidate, IdentityCriterion } from './model.ts'
import { tellOfIdentity as tell } from './reasons.ts'
import { selectorCriterion } from './selector-criteria.ts'
import { ownDomain, type Rendering, renderFor } from './template.ts'

/** A candidate with what it was made of. */
export type Candidate = IdentityCandidate &
  (
    | {
        readonly kind: 'ClusterSPIFFEID'
        readonly object: ClusterSpiffeIdFact
        readonly cluster: ClusterRecord
        readonly rendering: Rendering | null
        /** Other pods that its selectors select, by what is read of them. */
        readonly selected: readonly PodFact[]
      }
    | { readonly kind: 'ClusterStaticEntry'; readonly object: ClusterStaticEntryFact; readonly cluster: ClusterRecord }
    | { readonly kind: 'entry'; readonly entry: RegistrationEntryFact; readonly spire: SpireRecord }
  )

/** Namespaces that the controller manager passes over unless it is told otherwise; its configuration is not read. */
const ignoredByDefault: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'spire-system'])

export function objectCandidates(of: IdentityCase, agent: AgentSight): readonly Candidate[] {
  const [newest] = of.pods
  // Objects speak of the pods of their own cluster.
  const clusters = newest === undefined ? of.clusters : [newest.cluster]
  return clusters.flatMap((cluster) => {
    const pod = newest?.pod ?? null
    const byPods = pod === null ? [] : cluster.spiffeIds.map((object) => byObject(of, cluster, object, pod))
    return [...byPods, ...cluster.staticEntries.map((object) => byStaticEntry(of, cluster, object, pod, agent))]
  })
}

export function entryCandidates(of: IdentityCase, agent: AgentSight): readonly Candidate[] {
  const pod = of.pods[0]?.pod ?? null
  return of.spires.flatMap((spire) =>
    [...spire.entries.values()].flat().flatMap((entry) => {
      if (!isWorkloadId(entry.spiffeId) || entry.admin || entry.downstream) return []
      const criteria = [...entry.selectors.map((each) => selectorCriterion(each, pod)), parentOf(entry.parentId, agent)]
      return [
        {
          kind: 'entry' as const,
          name: entry.entryId,
          spiffeId: entry.spiffeId,
          isExpected: of.spiffeId === null ? null : entry.spiffeId === of.spiffeId,
          ...judged(criteria),
          notes: [],
          fact: referenceTo(entry),
          stale: !isCurrent(spire.parts['entries']),
          entry,
          spire,
        },
      ]
    }),
  )
}

function byObject(of: IdentityCase, cluster: ClusterRecord, object: ClusterSpiffeIdFact, pod: PodFact): Candidate {
  const { stats } = object
  const name = `ClusterSPIFFEID/${object.name}`
  const rendering = renderFor(object.spiffeIdTemplate, pod, domainOf(of))
  const namespace = cluster.namespaces.get(pod.namespace)?.labels ?? null
  const labels = [
    ...podCriteria(object.podSelector, pod.labels),
    ...namespaceCriteria(object.namespaceSelector, pod.namespace, namespace),
  ]
  const notes: Reason[] = []
  if (stats === null) notes.push(tell('controller-silent-on', { object: name }))
  else {
    const { podEntryRenderFailures: rendered, entryFailures: failed, entriesMasked: masked, namespacesIgnored } = stats
    if (rendered > 0) notes.push(tell('controller-render-failures', { object: name, count: rendered }))
    if (failed > 0) notes.push(tell('controller-entry-failures', { object: name, count: failed }))
    if (masked > 0) notes.push(tell('controller-entries-masked', { object: name, count: masked }))
    if (namespacesIgnored > 0)
      notes.push(tell('controller-namespaces-ignored', { object: name, count: namespacesIgnored }))
  }
  const rendered = rendering.outcome === 'rendered' ? rendering.spiffeId : null
  return {
    kind: 'ClusterSPIFFEID',
    name: object.name,
    spiffeId: rendered === null || rendered.includes(ownDomain) ? object.spiffeIdTemplate : rendered,
    isExpected: rendered === null || of.spiffeId === null ? null : isSameId(rendered, of.spiffeId),
    ...judged([
      ...labels,
      ...classCriterion(cluster, object),
      ...ignoredCriterion(object, pod),
      ...templateCriterion(object, rendering),
    ]),
    notes,
    fact: referenceTo(object),
    stale: !isCurrent(cluster.parts.clusterspiffeids),
    object,
    cluster,
    rendering,
    selected: [...cluster.pods.values()].filter((each) => each.uid !== pod.uid && selects(object, each, cluster)),
  }
}

function byStaticEntry(
  of: IdentityCase,
  cluster: ClusterRecord,
  object: ClusterStaticEntryFact,
  pod: PodFact | null,
  agent: AgentSight,
): Candidate {
  const criteria = [
    ...object.selectors.map((each) => selectorCriterion(each, pod)),
    ...classCriterion(cluster, object),
    parentOf(object.parentId, agent),
  ]
  const notes =
    object.status === null ? [tell('controller-silent-on', { object: `ClusterStaticEntry/${object.name}` })] : []
  if (object.status !== null && !object.status.set) {
    notes.push(tell('object-not-set', { object: `ClusterStaticEntry/${object.name}` }))
  }
  return {
    kind: 'ClusterStaticEntry',
    name: object.name,
    spiffeId: object.spiffeId,
    isExpected: of.spiffeId === null ? null : object.spiffeId === of.spiffeId,
    ...judged(criteria),
    notes,
    fact: referenceTo(object),
    stale: !isCurrent(cluster.parts.clusterstaticentries),
    object,
    cluster,
  }
}

function judged(criteria: readonly IdentityCriterion[]): Pick<IdentityCandidate, 'criteria' | 'fits'> {
  const isUnmet = ({ state }: IdentityCriterion): boolean => state === 'missing' || state === 'differs'
  const order = { missing: 0, differs: 0, unknown: 1, met: 2 } as const
  return {
    criteria: criteria.toSorted((one, other) => order[one.state] - order[other.state]),
    fits: criteria.some(isUnmet) ? false : criteria.every(({ state }) => state === 'met') ? true : null,
  }
}

function parentOf(parentId: string, agent: AgentSight): IdentityCriterion {
  const isOwn = agent.isParent(parentId)
  const have = agent.node === null ? null : agent.record === null ? agent.node.name : agent.record.spiffeId
  const state = isOwn === null ? 'unknown' : isOwn ? 'met' : 'differs'
  return { part: 'parent', key: 'parentId', want: parentId, have, state }
}

/** Of an object that no controller manager acts on, because only managers of other classes write what they did. */
function classCriterion(
  { declarations, spiffeIds, staticEntries }: ClusterRecord,
  object: ClusterSpiffeIdFact | ClusterStaticEntryFact,
): readonly IdentityCriterion[] {
  if (!declarations.ignored.has(object)) return []
  const acting = [...actingClasses([...spiffeIds, ...staticEntries])].map(nameOfClass).toSorted()
  const have = acting.join(', ')
  return [{ part: 'class', key: 'className', want: nameOfClass(object.className), have, state: 'differs' }]
}

/** null: the object names none. */
function nameOfClass(className: string | null): string {
  return className ?? 'none'
}

function ignoredCriterion({ stats }: ClusterSpiffeIdFact, pod: PodFact): readonly IdentityCriterion[] {
  if (!ignoredByDefault.has(pod.namespace) || stats?.namespacesIgnored === 0) return []
  const state = stats === null ? 'unknown' : 'differs'
  return [{ part: 'namespace', key: 'ignoreNamespaces', want: 'not ignored', have: pod.namespace, state }]
}

function templateCriterion(
  { spiffeIdTemplate, stats }: ClusterSpiffeIdFact,
  rendering: Rendering,
): readonly IdentityCriterion[] {
  if (rendering.outcome === 'rendered') return []
  // A controller that rendered all of its pods knows better than what is worked out here.
  const isContradicted = stats?.podEntryRenderFailures === 0
  const state = rendering.outcome === 'fails' && !isContradicted ? 'missing' : 'unknown'
  return [{ part: 'template', key: rendering.field, want: spiffeIdTemplate, have: null, state }]
}

function selects(
  { podSelector, namespaceSelector }: ClusterSpiffeIdFact,
  pod: PodFact,
  { namespaces }: ClusterRecord,
): boolean {
  if (podSelector !== null && fits(podSelector, pod.labels) !== true) return false
  if (namespaceSelector === null) return true
  return fitsNamespace(namespaceSelector, pod.namespace, namespaces.get(pod.namespace)?.labels ?? null) === true
}

/** The controller's trust domain is named by no object; where SPIRE has only one it is that. */
function domainOf({ spires }: IdentityCase): string | null {
  const [only, ...others] = new Set(spires.flatMap(({ trustDomain }) => trustDomain ?? []))
  return only === undefined || others.length > 0 ? null : only
}

function isSameId(rendered: string, spiffeId: string): boolean | null {
  if (!rendered.includes(ownDomain)) return rendered === spiffeId
  return spiffeId.replace(/^spiffe:\/\/[^/]*/, '') === rendered.replace(/^spiffe:\/\/[^/]*/, '') ? null : false
}
