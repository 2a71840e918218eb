import type { ClusterSpiffeIdFact, ClusterStaticEntryFact } from '../../model/kubernetes-facts.ts'

type DeclaringObject = ClusterSpiffeIdFact | ClusterStaticEntryFact

/**
 * Objects that no spire-controller-manager acts on, because none of their class runs. A manager syncs objects of its
 * `className` only (and those without one where `watchClassless` says so); both stand in its configuration file, which is not
 * read. What it writes is seen: some object has a status, and none of this one's class has.
 */
export function ignoredByClass(
  spiffeIds: readonly ClusterSpiffeIdFact[],
  staticEntries: readonly ClusterStaticEntryFact[],
): ReadonlySet<DeclaringObject> {
  const objects = [...spiffeIds, ...staticEntries]
  const acting = actingClasses(objects)
  if (acting.size === 0) return nothing
  return new Set(objects.filter((object) => !acting.has(object.className)))
}

/** The classes that have a manager by what was written; null among them: objects without a class. */
export function actingClasses(objects: readonly DeclaringObject[]): ReadonlySet<string | null> {
  return new Set(objects.filter(hasStatus).map(({ className }) => className))
}

function hasStatus(object: DeclaringObject): boolean {
  return object.kind === 'cluster-spiffe-id' ? object.stats !== null : object.status !== null
}

const nothing: ReadonlySet<DeclaringObject> = new Set()
