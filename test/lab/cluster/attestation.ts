import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { trustDomain } from '../../../electron/playground/pipeline/topology.ts'
import type { AgentPlan } from '../plan.ts'
import { waitFor } from '../processes.ts'
import type { NodeAttestation } from '../spire/attestation.ts'
import { clusterName, controlNamespace } from './names.ts'
import type { ClusterPlan } from './plan.ts'
import type { PodPlan } from './pod-plan.ts'
import type { Rule } from './rights.ts'
import type { RunningCluster } from './start.ts'

/** What the SPIRE server may do in the cluster: check tokens, and look at the pod and the machine they are bound to. */
export const attestorRights: readonly Rule[] = [
  { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get'] },
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
]

const agentAccount = 'spire-agent'
/** Longer than any lab runs, so that agents can prove themselves again at any time. */
const tokenLifetimeSeconds = 7 * 24 * 60 * 60
const podWire = z.object({ metadata: z.object({ uid: z.string() }) })
const tokenWire = z.object({ status: z.object({ token: z.string() }) })

/** The agent's id as SPIRE makes it, of the machine's uid. */
export function agentIdOf(machineUid: string): string {
  return `spiffe://${trustDomain}/spire/agent/k8s_psat/${clusterName}/${machineUid}`
}

/** For the controller manager: the same id, of the machine that a pod runs on. */
export const agentIdTemplate = 'spiffe://{{ .TrustDomain }}/spire/agent/k8s_psat/{{ .ClusterName }}/{{ .NodeMeta.UID }}'

/**
 * By tokens of the agents' service account that are bound to their pods (k8s_psat), as a kubelet would project them into
 * the pods. `running` resolves when the cluster takes requests.
 */
export function tokenAttestation(cluster: ClusterPlan, running: Promise<RunningCluster>): NodeAttestation {
  const tokenFile = (agent: AgentPlan): string => path.join(cluster.files.keys, `${agent.node}.token`)
  return {
    server: `  NodeAttestor "k8s_psat" {
    plugin_data {
      clusters = {
        "${clusterName}" = {
          service_account_allow_list = ["${controlNamespace}:${agentAccount}"]
          kube_config_file = "${cluster.files.spireKubeconfig}"
        }
      }
    }
  }`,
    agent: (agent) => `  NodeAttestor "k8s_psat" {
    plugin_data {
      cluster = "${clusterName}"
      token_path = "${tokenFile(agent)}"
    }
  }`,
    prepare: async (agent) => {
      const { api } = await running
      const pod = agentPod(cluster, agent)
      const path = `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}`
      const uid = await waitFor(
        `the pod of the agent on ${agent.node} is there`,
        async () => podWire.parse(await api.get(path)).metadata.uid,
        { timeoutMs: 20_000, everyMs: 50 },
      )
      const asked = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          audiences: ['spire-server'],
          expirationSeconds: tokenLifetimeSeconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.name, uid },
        },
      }
      const answer = await api.post(`/api/v1/namespaces/${pod.namespace}/serviceaccounts/${agentAccount}/token`, asked)
      await writeFile(tokenFile(agent), tokenWire.parse(answer).status.token, { mode: 0o600 })
    },
  }
}

function agentPod(cluster: ClusterPlan, agent: AgentPlan): PodPlan {
  const found = cluster.pods.find((pod) => pod.workload === agentAccount && pod.node === agent.node)
  if (found === undefined) throw new Error(`no pod of the agent on ${agent.node} in the lab`)
  return found
}
