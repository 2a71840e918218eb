import type { Provenance, ScopeState } from '../../shared/domain/model/fact.ts'
import type {
  ClusterSpiffeIdFact,
  ClusterStaticEntryFact,
  EndpointSliceFact,
  LabelSelector,
  NamespaceFact,
  NetworkPolicyFact,
  PodFact,
  ServiceFact,
} from '../../shared/domain/model/kubernetes-facts.ts'
import { builtAt, builtDomain, provenance, scope, spiffe } from './facts.ts'
import type { BuiltCall, BuiltWorkload } from './pipeline.ts'

export const builtCluster = 'cluster'

type With<F> = Partial<Omit<F, 'kind'>>

function base<Kind extends string>(kind: Kind, part: string, namespace: string, name: string) {
  const from: Provenance = provenance('kubernetes', builtCluster, `GET ${part}`)
  return {
    kind,
    id: `kubernetes/${builtCluster}/${part}#${kind}/${namespace === '' ? name : `${namespace}/${name}`}`,
    from,
    cluster: builtCluster,
    namespace,
    name,
    uid: `uid-of-${name}`,
    resourceVersion: '1',
    labels: {},
  }
}

export function pod(namespace: string, name: string, more: With<PodFact> = {}): PodFact {
  return {
    ...base('pod', 'pods', namespace, name),
    owner: null,
    annotations: {},
    serviceAccount: name,
    nodeName: 'node-a',
    podIps: [],
    hostNetwork: false,
    phase: 'Running',
    ready: true,
    containers: [],
    createdAt: builtAt - 3_600_000,
    deletingSince: null,
    ...more,
  }
}

export function podContainer(
  name: string,
  ports: readonly { readonly name: string | null; readonly port: number }[],
): PodFact['containers'][number] {
  return {
    name,
    role: 'container',
    image: `${name}:1`,
    imageId: null,
    command: [],
    ports: ports.map((port) => ({ ...port, protocol: 'TCP' })),
    ready: true,
    restarts: 0,
    waitingReason: null,
  }
}

export function namespaceFact(name: string, more: With<NamespaceFact> = {}): NamespaceFact {
  return {
    ...base('namespace', 'namespaces', '', name),
    phase: 'Active',
    labels: { 'kubernetes.io/metadata.name': name },
    ...more,
  }
}

export function service(namespace: string, name: string, more: With<ServiceFact> = {}): ServiceFact {
  return {
    ...base('service', 'services', namespace, name),
    clusterIps: [],
    type: 'ClusterIP',
    selector: null,
    ports: [],
    externalName: null,
    ...more,
  }
}

export function endpointSlice(namespace: string, name: string, more: With<EndpointSliceFact> = {}): EndpointSliceFact {
  return {
    ...base('endpoint-slice', 'endpointslices', namespace, name),
    service: name,
    ports: [],
    endpoints: [],
    ...more,
  }
}

export function labelled(
  matchLabels: Readonly<Record<string, string>>,
  matchExpressions: LabelSelector['matchExpressions'] = [],
): LabelSelector {
  return { matchLabels, matchExpressions }
}

export function networkPolicy(namespace: string, name: string, more: With<NetworkPolicyFact> = {}): NetworkPolicyFact {
  return {
    ...base('network-policy', 'networkpolicies', namespace, name),
    podSelector: labelled({}),
    policyTypes: ['Ingress'],
    ingress: [],
    egress: [],
    ...more,
  }
}

export function clusterSpiffeId(name: string, more: With<ClusterSpiffeIdFact> = {}): ClusterSpiffeIdFact {
  return {
    ...base('cluster-spiffe-id', 'clusterspiffeids', '', name),
    className: null,
    spiffeIdTemplate: 'spiffe://{{ .TrustDomain }}/ns/{{ .PodMeta.Namespace }}/sa/{{ .PodSpec.ServiceAccountName }}',
    podSelector: null,
    namespaceSelector: null,
    ttlSeconds: 600,
    fallback: false,
    admin: false,
    downstream: false,
    stats: {
      namespacesSelected: 3,
      namespacesIgnored: 0,
      podsSelected: 3,
      podEntryRenderFailures: 0,
      entriesToSet: 3,
      entriesMasked: 0,
      entryFailures: 0,
    },
    ...more,
  }
}

export function clusterStaticEntry(name: string, more: With<ClusterStaticEntryFact> = {}): ClusterStaticEntryFact {
  return {
    ...base('cluster-static-entry', 'clusterstaticentries', '', name),
    className: null,
    spiffeId: spiffe(name),
    parentId: `spiffe://${builtDomain}/spire/agent/k8s_psat/lab/a`,
    selectors: ['unix:path:/envoy'],
    ttlSeconds: null,
    status: { rendered: true, masked: false, set: true },
    ...more,
  }
}

/** A pod as the lab makes it: `<name>-1` with the workload's address, labelled with its stage. */
export function podOf({ name, namespace, address }: BuiltWorkload, more: With<PodFact> = {}): PodFact {
  return pod(namespace, `${name}-1`, {
    serviceAccount: name,
    podIps: [address],
    labels: { 'app.kubernetes.io/name': name, 'everyhop.dev/stage': name },
    owner: { kind: 'ReplicaSet', name: `${name}-5d4f` },
    ...more,
  })
}

/** The scopes of a cluster in which these workloads run, each declared by an object and admitting exactly its callers. */
export function clusterScopes(workloads: readonly BuiltWorkload[], calls: readonly BuiltCall[]): readonly ScopeState[] {
  const namespaces = [...new Set(workloads.map(({ namespace }) => namespace))]
  const of = (part: string) => `kubernetes/${builtCluster}/${part}`
  return [
    scope(
      of('pods'),
      workloads.map((workload) => podOf(workload)),
    ),
    scope(of('services'), []),
    scope(of('endpointslices'), []),
    scope(
      of('namespaces'),
      namespaces.map((name) => namespaceFact(name)),
    ),
    scope(of('clusterspiffeids'), []),
    scope(
      of('clusterstaticentries'),
      workloads.map(({ name, namespace }) => clusterStaticEntry(name, { spiffeId: spiffe(name, namespace) })),
    ),
    scope(of('networkpolicies'), [
      ...namespaces.map((namespace) => networkPolicy(namespace, 'default-deny')),
      // A rule without peers would admit everybody.
      ...workloads
        .filter(({ name }) => calls.some(({ to }) => to === name))
        .map(({ name, namespace }) =>
          networkPolicy(namespace, `callers-of-${name}`, {
            podSelector: labelled({ 'everyhop.dev/stage': name }),
            ingress: [
              {
                peers: calls
                  .filter(({ to }) => to === name)
                  .map(({ from }) => ({
                    podSelector: labelled({ 'everyhop.dev/stage': from }),
                    namespaceSelector: labelled({}),
                    ipBlock: null,
                  })),
                ports: [{ port: '8443', endPort: null, protocol: 'TCP' }],
              },
            ],
          }),
        ),
    ]),
  ]
}
