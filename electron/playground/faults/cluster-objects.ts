import type { FaultControls, KubernetesObject, PlaygroundFault } from '../parts.ts'
import { stageOf } from '../pipeline/topology.ts'
import { className } from '../simulators/kubernetes/objects/desired.ts'
import { admissionBinding, podIdentities } from '../simulators/kubernetes/objects/identities.ts'
import { admitCallers, denyByDefault } from '../simulators/kubernetes/objects/network.ts'
import { declaredPorts } from '../world/addresses.ts'
import { unsignedPod, unsignedServiceAccount } from './unsigned-image.ts'

/** Sets some objects and removes others; undone, the cluster has those that it had. */
function changing(order: {
  readonly set?: readonly KubernetesObject[]
  readonly remove?: readonly KubernetesObject[]
}): PlaygroundFault {
  return async ({ simulators: { kubernetes } }: FaultControls) => {
    const { set = [], remove = [] } = order
    const before = [...set, ...remove].map((object) => ({ object, was: get(kubernetes, object) }))
    for (const object of set) kubernetes.set(object)
    for (const { kind, metadata } of remove) kubernetes.remove(kind, metadata.namespace ?? null, metadata.name)
    return async () => {
      for (const { object, was } of before.toReversed()) {
        if (was !== null) kubernetes.set(was)
        else kubernetes.remove(object.kind, object.metadata.namespace ?? null, object.metadata.name)
      }
    }
  }
}

function get(kubernetes: FaultControls['simulators']['kubernetes'], { kind, metadata }: KubernetesObject) {
  return kubernetes.get(kind, metadata.namespace ?? null, metadata.name)
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
