import type { PodFact } from '../../model/kubernetes-facts.ts'
import { isOfDomain } from '../cluster/declarations.ts'
import { envoysOf } from '../evaluate/hop-evidence.ts'
import type { WorkloadEvidence, World } from '../evaluate/workload-evidence.ts'
import { isCurrent } from '../instances/records.ts'
import { trustDomainOf } from '../spiffe-id.ts'
import type { Weave } from '../weave/weave.ts'

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

/** Pods, and Envoys without a pod, of which it is not known which workload they are. */
export interface Nameless {
  readonly pods: readonly PodFact[]
  /** An Envoy runs whose identity could not be read; of `pods` those that have one. */
  readonly withEnvoy: ReadonlySet<PodFact>
  readonly isAnyElsewhere: boolean
}

export function namelessIn(weave: Weave, { sight }: World): Nameless {
  const named = new Set<PodFact>()
  const withEnvoy = new Set<PodFact>()
  let isAnyElsewhere = false
  for (const [id, node] of weave.workloads) {
    const pods = sight.pods.get(id) ?? []
    if (node.naming.spiffeId !== null) for (const { pod } of pods) named.add(pod)
    else if (envoysOf(weave, node).length > 0) {
      if (pods.length === 0) isAnyElsewhere = true
      for (const { pod } of pods) withEnvoy.add(pod)
    }
  }
  const pods = sight.clusters.flatMap((cluster) => [...cluster.pods.values()].filter((pod) => !named.has(pod)))
  return { pods, withEnvoy, isAnyElsewhere }
}

/**
 * Whether something runs that may be it, although nothing says so: a pod that its selectors fit. Selectors that say nothing of pods
 * (`unix:`) fit every Envoy whose identity is not known.
 */
export function mayBeNameless({ entries, declared }: WorkloadEvidence, nameless: Nameless): boolean {
  const wanted = [
    ...entries.map(({ entry }) => entry.selectors),
    ...declared.map(({ declaration: { object } }) => (object.kind === 'cluster-static-entry' ? object.selectors : [])),
  ]
  return wanted.some((selectors) => {
    const ofPods = selectors.filter((one) => one.startsWith('k8s:'))
    if (ofPods.length === 0) return nameless.isAnyElsewhere || nameless.withEnvoy.size > 0
    return nameless.pods.some((pod) => ofPods.every((selector) => mayFit(selector, pod)))
  })
}

/** What other selectors ask for is not compared: they may. */
function mayFit(selector: string, pod: PodFact): boolean {
  const [, name, ...rest] = selector.split(':')
  const value = rest.join(':')
  switch (name) {
    case 'ns':
      return pod.namespace === value
    case 'sa':
      return pod.serviceAccount === value
    case 'pod-uid':
      return pod.uid === value
    case 'pod-name':
      return pod.name === value
    default:
      return true
  }
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
