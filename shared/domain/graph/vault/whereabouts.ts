import { isOfDomain } from '../cluster/declarations.ts'
import type { WorkloadEvidence, World } from '../evaluate/workload-evidence.ts'
import { isCurrent } from '../instances/records.ts'
import { trustDomainOf } from '../spiffe-id.ts'

/**
 * Whether the holder of a lease still runs. gone needs a complete list of what would show it: all pods, for what is meant to run
 * in a cluster; else all registration entries of its trust domain, or, while those cannot be read, all objects that declare
 * them. A workload that is only named, by intent or by its peers, does not run because of that.
 */
export function whereaboutsOf(
  evidence: WorkloadEvidence | null,
  spiffeId: string | null,
  isByServiceAccount: boolean,
  world: World,
): 'running' | 'gone' | 'unseen' {
  if (evidence !== null && runs(evidence)) return 'running'
  const { clusters } = world.sight
  const areAllPodsRead = clusters.length > 0 && clusters.every(({ parts }) => isComplete(parts.pods))
  if (areAllPodsRead && (isByServiceAccount || (evidence !== null && isMeantForCluster(evidence)))) return 'gone'
  if (spiffeId === null || (evidence?.entries.length ?? 0) > 0 || (evidence?.declared.length ?? 0) > 0) return 'unseen'
  const trustDomain = trustDomainOf(spiffeId)
  const spires = world.spires.filter((spire) => spire.trustDomain === trustDomain)
  const areAllEntriesRead =
    (spires.length > 0 && spires.every(({ parts }) => isComplete(parts['entries']))) ||
    (areAllPodsRead && trustDomain !== null && areAllDeclared(trustDomain, world))
  // Without a cluster in the way, an entry that is gone means that the SVID is not renewed any more.
  return areAllEntriesRead && (clusters.length === 0 || areAllPodsRead) ? 'gone' : 'unseen'
}

/** An Envoy of it answers, a pod of it is there, or somebody logged a call of it or to it in the window. */
function runs({ envoys, pods, asCaller, asCallee }: WorkloadEvidence): boolean {
  return (
    pods.length > 0 ||
    envoys.some(({ parts }) => isCurrent(parts.proxy)) ||
    [...asCaller, ...asCallee].some(({ scope }) => isCurrent(scope))
  )
}

/** Whether the objects of the clusters are how this trust domain is registered, and all of them are readable and clear. */
function areAllDeclared(trustDomain: string, { sight, trustDomains }: World): boolean {
  const declares = sight.clusters.some(({ declarations }) =>
    [...declarations.trustDomains].some((one) => isOfDomain(one, trustDomain, trustDomains)),
  )
  return (
    declares &&
    sight.clusters.every(
      ({ parts, declarations }) =>
        declarations.unclear.size === 0 &&
        isComplete(parts.namespaces) &&
        isComplete(parts.clusterspiffeids) &&
        isComplete(parts.clusterstaticentries),
    )
  )
}

/** Its registration says that it runs in Kubernetes. */
function isMeantForCluster({ entries, declared }: WorkloadEvidence): boolean {
  return declared.length > 0 || entries.some(({ entry }) => entry.selectors.some((one) => one.startsWith('k8s:')))
}

function isComplete(scope: Parameters<typeof isCurrent>[0]): boolean {
  return isCurrent(scope) && scope?.gaps.length === 0
}
