import type { KubernetesObject } from '../parts.ts'
import { stageOf } from '../pipeline/topology.ts'
import { className } from '../simulators/kubernetes/objects/desired.ts'
import { admissionBinding, podIdentities } from '../simulators/kubernetes/objects/identities.ts'
import { admitCallers, denyByDefault } from '../simulators/kubernetes/objects/network.ts'
import { declaredPorts } from '../world/addresses.ts'
import { making } from './making.ts'
import { unsignedPod, unsignedServiceAccount } from './unsigned-image.ts'

/** Sets some objects and removes others; undone, the cluster has those that it had. */
function changing(order: {
  readonly set?: readonly KubernetesObject[]
  readonly remove?: readonly KubernetesObject[]
}) {
  return making(({ simulators: { kubernetes } }) => {
    const { set = [], remove = [] } = order
    const places = [...set, ...remove].map(({ kind, metadata }) => {
      return [kind, metadata.namespace ?? null, metadata.name] as const
    })
    const before = places.map((place) => ({ place, object: kubernetes.get(...place) }))
    return {
      change: () => {
        for (const object of set) kubernetes.set(object)
        for (const place of places.slice(set.length)) kubernetes.remove(...place)
      },
      undo: () => {
        for (const { place, object } of before.toReversed()) {
          if (object === null) kubernetes.remove(...place)
          else kubernetes.set(object)
        }
      },
    }
  })
}

const admitted = (stage: string, callers?: readonly string[]) =>
  admitCallers(stageOf(stage), declaredPorts.ingress, callers)

/** A selector with a spelling mistake. */
export const clusterSpiffeIdSelectsNothing = changing({ set: [podIdentities(className, 'polcy')] })
/** The policy admits another stage than the one that calls. */
export const networkPolicyBlocks = changing({ set: [admitted('tool-runtime', ['gateway'])] })
/** Nothing in the namespace of the vector store restricts who may connect. */
export const networkPolicyMissing = changing({ remove: [denyByDefault('data'), admitted('vector-store')] })
/** What the policy refuses is only noted, and somebody has made such a pod. */
export const unsignedImageAdmitted = changing({
  set: [admissionBinding(['Audit']), unsignedServiceAccount, unsignedPod],
})
