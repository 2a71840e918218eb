import type { FactBase } from './fact.ts'
import type { EpochMs } from './time.ts'

/**
 * Shapes follow the Kubernetes API (core/v1, discovery.k8s.io/v1, networking.k8s.io/v1, admissionregistration.k8s.io/v1, 1.36) and
 * spire.spiffe.io/v1alpha1. `cluster` is the source id. Secrets, ConfigMaps and environment variables are never read into facts.
 */
export type KubernetesFact =
  | PodFact
  | ServiceFact
  | EndpointSliceFact
  | ServiceAccountFact
  | NamespaceFact
  | KubernetesNodeFact
  | NetworkPolicyFact
  | ClusterSpiffeIdFact
  | ClusterStaticEntryFact
  | AdmissionPolicyFact
  | KubernetesEventFact
  | KubernetesRightsFact

interface KubernetesFactBase<Kind extends string> extends FactBase<Kind> {
  readonly cluster: string
  /** Empty for objects without a namespace. */
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly labels: Readonly<Record<string, string>>
}

export interface PodFact extends KubernetesFactBase<'pod'> {
  /** The controller at the top of what the pod's own ownerReferences say; null: a bare pod. */
  readonly owner: { readonly kind: string; readonly name: string } | null
  readonly annotations: Readonly<Record<string, string>>
  readonly serviceAccount: string
  readonly nodeName: string | null
  readonly podIps: readonly string[]
  readonly hostNetwork: boolean
  readonly phase: string
  readonly ready: boolean
  readonly containers: readonly PodContainer[]
  readonly createdAt: EpochMs
  readonly deletingSince: EpochMs | null
  /** What of its volumes leads to SPIRE's Workload API: the SPIFFE CSI driver, a folder of its machine, nothing. Absent: not read. */
  readonly workloadApi?: 'csi' | 'host-path' | 'none'
}

export interface PodContainer {
  readonly name: string
  readonly role: 'container' | 'init' | 'sidecar'
  readonly image: string
  /** As the node runs it, with digest; null while unknown. */
  readonly imageId: string | null
  /** Command and arguments with values of flags that name secrets (password, token, key, secret) masked. */
  readonly command: readonly string[]
  readonly ports: readonly { readonly name: string | null; readonly port: number; readonly protocol: string }[]
  readonly ready: boolean
  readonly restarts: number
  readonly waitingReason: string | null
}

export interface ServiceFact extends KubernetesFactBase<'service'> {
  readonly clusterIps: readonly string[]
  readonly type: string
  readonly selector: Readonly<Record<string, string>> | null
  readonly ports: readonly {
    readonly name: string | null
    readonly port: number
    readonly targetPort: string
    readonly protocol: string
  }[]
  readonly externalName: string | null
}

export interface EndpointSliceFact extends KubernetesFactBase<'endpoint-slice'> {
  readonly service: string | null
  readonly ports: readonly { readonly name: string | null; readonly port: number | null }[]
  readonly endpoints: readonly {
    readonly addresses: readonly string[]
    readonly ready: boolean
    readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string | null } | null
  }[]
}

export interface ServiceAccountFact extends KubernetesFactBase<'service-account'> {
  readonly automountToken: boolean | null
}

export interface NamespaceFact extends KubernetesFactBase<'namespace'> {
  readonly phase: string
}

/** A machine of the cluster. Everyhop's own word "node" is not used for workloads. */
export interface KubernetesNodeFact extends KubernetesFactBase<'kubernetes-node'> {
  readonly ready: boolean
  readonly heartbeatAt: EpochMs | null
  readonly addresses: readonly string[]
}

export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>
  readonly matchExpressions: readonly {
    readonly key: string
    readonly operator: string
    readonly values: readonly string[]
  }[]
}

export interface NetworkPolicyFact extends KubernetesFactBase<'network-policy'> {
  readonly podSelector: LabelSelector
  readonly policyTypes: readonly ('Ingress' | 'Egress')[]
  readonly ingress: readonly NetworkPolicyRule[]
  readonly egress: readonly NetworkPolicyRule[]
}

export interface NetworkPolicyRule {
  /** Empty: every peer. */
  readonly peers: readonly {
    readonly podSelector: LabelSelector | null
    readonly namespaceSelector: LabelSelector | null
    readonly ipBlock: { readonly cidr: string; readonly except: readonly string[] } | null
  }[]
  /** Empty: every port. */
  readonly ports: readonly {
    readonly port: string | null
    readonly endPort: number | null
    readonly protocol: string
  }[]
}

export interface ClusterSpiffeIdFact extends KubernetesFactBase<'cluster-spiffe-id'> {
  readonly className: string | null
  readonly spiffeIdTemplate: string
  readonly podSelector: LabelSelector | null
  readonly namespaceSelector: LabelSelector | null
  readonly ttlSeconds: number | null
  readonly fallback: boolean
  readonly admin: boolean
  readonly downstream: boolean
  /** status.stats; null: the controller has not written any. */
  readonly stats: {
    readonly namespacesSelected: number
    readonly namespacesIgnored: number
    readonly podsSelected: number
    readonly podEntryRenderFailures: number
    readonly entriesToSet: number
    readonly entriesMasked: number
    readonly entryFailures: number
  } | null
}

export interface ClusterStaticEntryFact extends KubernetesFactBase<'cluster-static-entry'> {
  readonly className: string | null
  readonly spiffeId: string
  readonly parentId: string
  readonly selectors: readonly string[]
  readonly ttlSeconds: number | null
  readonly status: { readonly rendered: boolean; readonly masked: boolean; readonly set: boolean } | null
}

export interface AdmissionPolicyFact extends KubernetesFactBase<'admission-policy'> {
  readonly failurePolicy: string | null
  readonly validations: readonly { readonly expression: string; readonly message: string | null }[]
  /** Which namespaces it is about, as each binding says again; null: all of them. */
  readonly namespaces: LabelSelector | null
  readonly bindings: readonly {
    readonly name: string
    readonly actions: readonly string[]
    readonly namespaces: LabelSelector | null
  }[]
}

export interface KubernetesEventFact extends KubernetesFactBase<'kubernetes-event'> {
  readonly type: string
  readonly reason: string
  /** Cut to 400 characters. */
  readonly message: string
  readonly regarding: { readonly kind: string; readonly namespace: string; readonly name: string }
  readonly count: number
  readonly lastAt: EpochMs | null
}

/** What Everyhop's own user may do with the pods of one namespace (SelfSubjectRulesReview). */
export interface KubernetesRightsFact extends FactBase<'kubernetes-rights'> {
  readonly cluster: string
  readonly namespace: string
  /** null: the cluster says that its answer is incomplete, so a right that is not listed may still be held. */
  readonly mayReadLogs: boolean | null
  readonly mayForwardPorts: boolean | null
}
