import type { ScopeState } from '../../model/fact.ts'
import type { ControlComponent } from '../../model/graph.ts'
import type { ClusterSpiffeIdFact, ClusterStaticEntryFact } from '../../model/kubernetes-facts.ts'
import { actingClasses } from '../cluster/controller-class.ts'
import type { ClusterRecord } from '../instances/cluster-record.ts'
import { isCurrent } from '../instances/records.ts'
import { judged, missing } from '../known.ts'
import { reason } from '../reasons.ts'

/**
 * What spire-controller-manager says of its objects: one component for each ClusterSPIFFEID, one for all ClusterStaticEntry
 * objects of a cluster. `status` has neither time nor generation, so it cannot prove that it is fresh; it is what the
 * controller wrote last.
 */
export function declaringObjects(clusters: readonly ClusterRecord[]): readonly ControlComponent[] {
  return clusters
    .flatMap((cluster) => [
      ...cluster.spiffeIds.map((object) => ofSpiffeId(cluster, object)),
      ...ofStaticEntries(cluster),
    ])
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

function ofSpiffeId(cluster: ClusterRecord, object: ClusterSpiffeIdFact): ControlComponent {
  const id = `control/kubernetes/${cluster.id}/cluster-spiffe-id/${object.name}`
  const scope = cluster.parts.clusterspiffeids
  const { stats } = object
  const named = { object: `ClusterSPIFFEID ${object.name}` }
  const summary =
    stats === null
      ? reason('declares-without-status', named)
      : reason('declares-pods', { ...named, selected: stats.podsSelected, entries: stats.entriesToSet })
  const base = { id, kind: 'registration-object', name: object.name, summary } as const
  if (!isCurrent(scope)) return unread(base, cluster.id, 'clusterspiffeids', scope)
  if (cluster.declarations.ignored.has(object)) return ofOtherClass(base, cluster, object, named.object)
  if (stats === null) {
    const gone = missing('kubernetes', cluster.id, 'registration-status', scope)
    return { ...base, state: judged('unknown', summary, [object.id], { missing: [gone] }) }
  }
  const why =
    stats.entryFailures > 0
      ? reason('declares-with-failures', { ...named, failures: stats.entryFailures })
      : stats.podEntryRenderFailures > 0
        ? reason('declares-unrendered', {
            ...named,
            failures: stats.podEntryRenderFailures,
            selected: stats.podsSelected,
          })
        : stats.entriesMasked > 0
          ? reason('declares-masked', { ...named, masked: stats.entriesMasked })
          : stats.podsSelected > 0
            ? null
            : stats.namespacesIgnored > 0
              ? reason('declares-ignored-namespaces', { ...named, ignored: stats.namespacesIgnored })
              : // One that only catches what no other selects may well have nothing to catch.
                object.fallback
                ? null
                : reason('declares-nothing', named)
  return {
    ...base,
    state:
      why === null
        ? judged('verified', summary, [object.id])
        : judged('attention', why, [object.id], { basis: 'measured' }),
  }
}

function ofStaticEntries(cluster: ClusterRecord): readonly ControlComponent[] {
  const objects = cluster.staticEntries
  if (objects.length === 0) return []
  const id = `control/kubernetes/${cluster.id}/cluster-static-entries`
  const scope = cluster.parts.clusterstaticentries
  const summary = reason('declares-entries', { total: objects.length })
  const base = { id, kind: 'registration-object', name: 'ClusterStaticEntry', summary } as const
  if (!isCurrent(scope)) return [unread(base, cluster.id, 'clusterstaticentries', scope)]
  const troubled = objects.filter(({ status }) => status !== null && troubleOf(status))
  const [first] = troubled
  if (first !== undefined) {
    const count = (of: (status: Status) => boolean) =>
      troubled.filter(({ status }) => status !== null && of(status)).length
    const why = reason('declares-entries-with-trouble', {
      first: first.name,
      unrendered: count((status) => !status.rendered),
      masked: count((status) => status.rendered && status.masked),
      total: objects.length,
    })
    const ids = troubled.map((object) => object.id)
    return [{ ...base, state: judged('attention', why, ids, { basis: 'measured' }) }]
  }
  const foreign = objects.find((object) => cluster.declarations.ignored.has(object))
  if (foreign !== undefined) return [ofOtherClass(base, cluster, foreign, `ClusterStaticEntry ${foreign.name}`)]
  const silent = objects.filter(({ status }) => status === null)
  const [untouched] = silent
  if (untouched !== undefined) {
    const why = reason('declares-without-status', { object: `ClusterStaticEntry ${untouched.name}` })
    const gone = missing('kubernetes', cluster.id, 'registration-status', scope)
    const ids = silent.map((object) => object.id)
    return [{ ...base, state: judged('unknown', why, ids, { missing: [gone] }) }]
  }
  const ids = objects.map((object) => object.id)
  return [{ ...base, state: judged('verified', summary, ids) }]
}

/** Nobody acts on it: it gives nobody an identity, and no status says so. */
function ofOtherClass(
  base: Omit<ControlComponent, 'state'>,
  { spiffeIds, staticEntries }: ClusterRecord,
  object: ClusterSpiffeIdFact | ClusterStaticEntryFact,
  name: string,
): ControlComponent {
  const [acting = null] = actingClasses([...spiffeIds, ...staticEntries])
  const why = reason('declares-for-other-class', { object: name, className: object.className, acting })
  return { ...base, state: judged('attention', why, [object.id]) }
}

type Status = NonNullable<ClusterStaticEntryFact['status']>

/** `set` says nothing: spire-controller-manager 0.6.4 leaves it false for entries that it made. */
function troubleOf({ rendered, masked }: Status): boolean {
  return !rendered || masked
}

function unread(
  base: Omit<ControlComponent, 'state'>,
  cluster: string,
  what: string,
  scope: ScopeState | undefined,
): ControlComponent {
  const why = reason('declares-unread', { cluster, lastReadAt: scope?.readAt ?? null })
  return { ...base, state: judged('unknown', why, [], { missing: [missing('kubernetes', cluster, what, scope)] }) }
}
