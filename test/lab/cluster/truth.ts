import { z } from 'zod'
import { hops, stageOf } from '../../../electron/playground/pipeline/topology.ts'
import type { RunningCluster } from './start.ts'

/** What the lab's cluster says when its admin asks, reduced to what Everyhop must find by the rights it ships. */
export interface KubernetesTruth {
  readonly pods: readonly PodTruth[]
  readonly services: readonly ServiceTruth[]
  readonly networkPolicies: readonly NetworkPolicyTruth[]
  readonly staticEntries: readonly { readonly name: string; readonly spiffeId: string; readonly rendered: boolean }[]
  readonly clusterSpiffeIds: readonly { readonly name: string; readonly podsSelected: number | null }[]
  readonly admissionPolicies: readonly string[]
  readonly admissionBindings: readonly { readonly name: string; readonly actions: readonly string[] }[]
  /** By the NetworkPolicies that select the callee's pod. */
  readonly admission: readonly {
    readonly from: string
    readonly to: string
    readonly admission: 'admitted' | 'blocked' | 'unrestricted'
  }[]
}

export interface PodTruth {
  readonly namespace: string
  readonly name: string
  /** Of its label; null: a pod of the control plane. */
  readonly stage: string | null
  readonly serviceAccount: string
  readonly node: string
  readonly podIp: string
  readonly phase: string
  readonly containers: readonly string[]
}

export interface ServiceTruth {
  readonly namespace: string
  readonly name: string
  /** Names of the pods that its EndpointSlices refer to. */
  readonly pods: readonly string[]
}

export interface NetworkPolicyTruth {
  readonly namespace: string
  readonly name: string
}

const labels = z.record(z.string(), z.string()).default({})
const name = z.object({ name: z.string(), namespace: z.string().default(''), labels })
const listOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item) })

const podWire = z.object({
  metadata: name,
  spec: z.object({
    serviceAccountName: z.string(),
    nodeName: z.string(),
    containers: z.array(z.object({ name: z.string() })),
  }),
  status: z.object({ podIP: z.string().default(''), phase: z.string() }),
})
const sliceWire = z.object({
  metadata: name,
  endpoints: z.array(z.object({ targetRef: z.object({ name: z.string() }) })),
})
const selector = z.object({ matchLabels: labels }).optional()
const policyWire = z.object({
  metadata: name,
  spec: z.object({
    podSelector: z.object({ matchLabels: labels }),
    ingress: z
      .array(z.object({ from: z.array(z.object({ podSelector: selector, namespaceSelector: selector })).default([]) }))
      .default([]),
  }),
})
const entryWire = z.object({
  metadata: name,
  spec: z.object({ spiffeID: z.string() }),
  status: z.object({ rendered: z.boolean() }).optional(),
})
const identityWire = z.object({
  metadata: name,
  status: z.object({ stats: z.object({ podsSelected: z.number() }) }).optional(),
})
const namedWire = z.object({ metadata: name })
const bindingWire = z.object({ metadata: name, spec: z.object({ validationActions: z.array(z.string()) }) })

export async function readKubernetesTruth({ api }: RunningCluster): Promise<KubernetesTruth> {
  const list = async <Item extends z.ZodType>(path: string, item: Item) => listOf(item).parse(await api.get(path)).items
  const [pods, slices, policies, entries, identities, admissions, bindings] = await Promise.all([
    list('/api/v1/pods', podWire),
    list('/apis/discovery.k8s.io/v1/endpointslices', sliceWire),
    list('/apis/networking.k8s.io/v1/networkpolicies', policyWire),
    list('/apis/spire.spiffe.io/v1alpha1/clusterstaticentries', entryWire),
    list('/apis/spire.spiffe.io/v1alpha1/clusterspiffeids', identityWire),
    list('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies', namedWire),
    list('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings', bindingWire),
  ])
  return {
    pods: pods.map((pod) => ({
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      stage: pod.metadata.labels['everyhop.dev/stage'] ?? null,
      serviceAccount: pod.spec.serviceAccountName,
      node: pod.spec.nodeName,
      podIp: pod.status.podIP,
      phase: pod.status.phase,
      containers: pod.spec.containers.map((container) => container.name),
    })),
    services: slices.map((slice) => ({
      namespace: slice.metadata.namespace,
      name: slice.metadata.labels['kubernetes.io/service-name'] ?? '',
      pods: slice.endpoints.map((endpoint) => endpoint.targetRef.name),
    })),
    networkPolicies: policies.map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name })),
    staticEntries: entries.map((entry) => ({
      name: entry.metadata.name,
      spiffeId: entry.spec.spiffeID,
      rendered: entry.status?.rendered === true,
    })),
    clusterSpiffeIds: identities.map((identity) => ({
      name: identity.metadata.name,
      podsSelected: identity.status?.stats.podsSelected ?? null,
    })),
    admissionPolicies: admissions.map((admission) => admission.metadata.name),
    admissionBindings: bindings.map(({ metadata, spec }) => ({ name: metadata.name, actions: spec.validationActions })),
    admission: hops.map(({ from, to }) => ({ from, to, admission: admissionOf(from, to, policies, pods) })),
  }
}

/** Enough for the policies that the lab makes: match labels and whole namespaces. */
function admissionOf(
  from: string,
  to: string,
  policies: readonly z.infer<typeof policyWire>[],
  pods: readonly z.infer<typeof podWire>[],
): 'admitted' | 'blocked' | 'unrestricted' {
  const labelsOf = (stage: string): Readonly<Record<string, string>> =>
    pods.find((pod) => pod.metadata.labels['everyhop.dev/stage'] === stage)?.metadata.labels ?? {}
  const selecting = policies.filter(
    (policy) =>
      policy.metadata.namespace === stageOf(to).namespace && matches(policy.spec.podSelector.matchLabels, labelsOf(to)),
  )
  if (selecting.length === 0) return 'unrestricted'
  const callerNamespace = { 'kubernetes.io/metadata.name': stageOf(from).namespace }
  const admits = selecting
    .flatMap((policy) => policy.spec.ingress.flatMap((rule) => rule.from))
    .some(
      (peer) =>
        matches(peer.podSelector?.matchLabels ?? {}, labelsOf(from)) &&
        matches(peer.namespaceSelector?.matchLabels ?? {}, callerNamespace),
    )
  return admits ? 'admitted' : 'blocked'
}

function matches(wanted: Readonly<Record<string, string>>, found: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => found[key] === value)
}
