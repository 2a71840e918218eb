import type { Entry, PodPlan } from '../../../parts.ts'
import { clusterName, declaredPorts, uidOf } from '../../../world/addresses.ts'
import { foundation, serviceAccounts } from './foundation.ts'
import { admission, podIdentities, staticEntry } from './identities.ts'
import { networkPolicies, services } from './network.ts'
import type { Manifest } from './pod-shape.ts'
import { type OwnerReference, startedEvent, workloadChain } from './workloads.ts'

/** The class of the controller manager that looks after identities in the playground. */
export const className = clusterName

/** Everything that somebody would apply to the playground's cluster, and what its controllers make of it. */
export function desiredObjects(pods: readonly PodPlan[], entries: readonly Entry[], at: string): readonly Manifest[] {
  const uids = new Map(pods.map((pod) => [`${pod.namespace}/${pod.name}`, objectUid('Pod', pod.namespace, pod.name)]))
  return [
    ...foundation(pods),
    ...serviceAccounts(pods),
    ...networkPolicies(() => declaredPorts.ingress),
    ...admission(),
    ...entries.map(entryObject),
    ...pods.flatMap(chainOf),
    podIdentities(className),
    ...services(pods, uids),
    ...pods.map((pod) => startedEvent(pod, objectUid('Pod', pod.namespace, pod.name), at)),
  ]
}

/** The same in every run. Of nodes it is what the ids of SPIRE's agents have. */
export function objectUid(kind: string, namespace: string | null, name: string): string {
  return uidOf(`${kind.toLowerCase()} ${namespace === null ? '' : `${namespace}/`}${name}`)
}

/** Named like the last part of its SPIFFE ID, which is the stage. */
export function entryObject({ spiffeId, parentId, selectors }: Entry): Manifest {
  return staticEntry({
    id: spiffeId.slice(spiffeId.lastIndexOf('/') + 1),
    spiffeId,
    parentId,
    selectors: selectors.map(({ type, value }) => `${type}:${value}`),
    className,
  })
}

function chainOf(pod: PodPlan): readonly Manifest[] {
  let owner: OwnerReference | null = null
  const made: Manifest[] = []
  for (const manifestOf of workloadChain(pod)) {
    const manifest: Manifest = manifestOf(owner)
    const { apiVersion, kind, metadata } = manifest
    owner = { apiVersion, kind, name: metadata.name, uid: objectUid(kind, pod.namespace, metadata.name) }
    made.push(manifest)
  }
  return made
}
