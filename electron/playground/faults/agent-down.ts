import { z } from 'zod'
import type { FaultControls, KubernetesObject } from '../parts.ts'
import { stages } from '../pipeline/topology.ts'
import { controlNamespace, suffixOf } from '../simulators/kubernetes/objects/names.ts'
import { making } from './making.ts'

const node = 'node-b'
const program = 'spire-agent'
const podStatus = z.looseObject({
  conditions: z.array(z.looseObject({ type: z.string() })),
  containerStatuses: z.array(z.looseObject({})),
})

/** Before its end it had delivered nothing new for minutes, so nobody has to wait for that; the kubelet tells that it has ended. */
export const agentDown = making((playground) => {
  const { world, simulators } = playground
  const { kubernetes } = simulators
  const here = stages.filter((stage) => stage.node === node).map(({ id }) => id)
  const pod = agentPod(playground)
  return {
    change: async () => {
      world.setAgent(node, false)
      await Promise.all(here.map((id) => world.serveOld(id, true)))
      if (pod === null) return
      kubernetes.set(ended(pod))
      const about = { kind: 'Pod', namespace: controlNamespace, name: pod.metadata.name }
      kubernetes.event(about, 'Warning', 'BackOff', `Back-off restarting failed container ${program}`)
    },
    undo: async () => {
      if (pod !== null) kubernetes.set(pod)
      world.setAgent(node, true)
      await Promise.all(here.map((id) => world.serveOld(id, false)))
    },
  }
})

function agentPod({ simulators }: FaultControls): KubernetesObject | null {
  return simulators.kubernetes.get('Pod', controlNamespace, `${program}-${suffixOf(node, 5)}`)
}

/** As its kubelet reports a container that ends again and again. */
function ended(pod: KubernetesObject): KubernetesObject {
  const { containerStatuses, conditions, ...status } = podStatus.parse(pod['status'])
  return {
    ...pod,
    status: {
      ...status,
      conditions: conditions.map((each) =>
        ['Ready', 'ContainersReady'].includes(each.type) ? { ...each, status: 'False' } : each,
      ),
      containerStatuses: containerStatuses.map((each) => ({
        ...each,
        ready: false,
        started: false,
        state: {
          waiting: { reason: 'CrashLoopBackOff', message: `back-off 10s restarting failed container=${program}` },
        },
      })),
    },
  }
}
