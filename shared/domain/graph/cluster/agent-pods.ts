import type { PodFact } from '../../model/kubernetes-facts.ts'
import type { ClusterRecord } from '../instances/cluster-record.ts'

/**
 * The pods of a SPIRE agent. One attested by the token of its pod (k8s_psat) has the uid of its machine, or of its pod
 * (`use_pod_uid_for_agent_id`), at the end of its id; other agents name neither, and none is found for them.
 */
export function podsOfAgent(
  agentId: string,
  clusters: readonly ClusterRecord[],
): readonly { readonly cluster: ClusterRecord; readonly pod: PodFact }[] {
  const uid = tokenUid(agentId)
  if (uid === null) return []
  return clusters.flatMap((cluster) => {
    const machine = cluster.machines.get(uid)
    return [...cluster.pods.values()]
      .filter((pod) => (pod.uid === uid || (machine !== undefined && pod.nodeName === machine)) && isAgentPod(pod))
      .map((pod) => ({ cluster, pod }))
  })
}

/** `<uid>` of `spiffe://<trust domain>/spire/agent/k8s_psat/<cluster>/<uid>`. */
export function tokenUid(agentId: string): string | null {
  return /\/spire\/agent\/k8s_p?sat\/[^/]+\/([^/]+)$/.exec(agentId)?.[1] ?? null
}

/** No object says which DaemonSet the agents are; every chart and the documentation names the container or the image so. */
export function isAgentPod({ containers }: PodFact): boolean {
  return containers.some(({ name, image }) => name === 'spire-agent' || /(^|\/)spire-agent([:@]|$)/.test(image))
}
