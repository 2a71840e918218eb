import type { Fact, ScopeState } from '../../model/fact.ts'
import type {
  ClusterSpiffeIdFact,
  ClusterStaticEntryFact,
  EndpointSliceFact,
  NamespaceFact,
  NetworkPolicyFact,
  PodFact,
  ServiceFact,
} from '../../model/kubernetes-facts.ts'
import { type Declarations, declarationsOf } from '../cluster/declarations.ts'
import { sortBy } from '../in-order.ts'

/** The collections of a cluster that the graph uses, as its connector names its scopes. */
export const clusterParts = [
  'pods',
  'services',
  'endpointslices',
  'namespaces',
  'networkpolicies',
  'clusterspiffeids',
  'clusterstaticentries',
] as const
export type ClusterPart = (typeof clusterParts)[number]

/** What the graph knows of one Kubernetes cluster. A part that was never reported is absent from `parts`. */
export interface ClusterRecord {
  readonly kind: 'kubernetes'
  readonly id: string
  readonly parts: Readonly<Partial<Record<ClusterPart, ScopeState>>>
  /** By `<namespace>/<name>`, without pods that have ended. */
  readonly pods: ReadonlyMap<string, PodFact>
  /** By address; null: several pods say that they have it. Pods on the network of their machine are not in it. */
  readonly podsByIp: ReadonlyMap<string, PodFact | null>
  /** Names of its machines (nodes) by their uid, as agents attested by a token name them. */
  readonly machines: ReadonlyMap<string, string>
  readonly services: readonly ServiceFact[]
  readonly slices: readonly EndpointSliceFact[]
  readonly namespaces: ReadonlyMap<string, NamespaceFact>
  readonly policies: readonly NetworkPolicyFact[]
  readonly policiesOf: ReadonlyMap<string, readonly NetworkPolicyFact[]>
  /** Policies that are about a pod, filled as they are asked for. */
  readonly selecting: Map<PodFact, readonly NetworkPolicyFact[]>
  /** Whether any policy tells by address. */
  readonly hasBlocks: boolean
  readonly spiffeIds: readonly ClusterSpiffeIdFact[]
  readonly staticEntries: readonly ClusterStaticEntryFact[]
  readonly declarations: Declarations
}

export function clusterRecord(id: string, scopes: readonly ScopeState[]): ClusterRecord {
  const parts: Partial<Record<ClusterPart, ScopeState>> = {}
  const pods = new Map<string, PodFact>()
  const podsByIp = new Map<string, PodFact | null>()
  const services: ServiceFact[] = []
  const slices: EndpointSliceFact[] = []
  const namespaces = new Map<string, NamespaceFact>()
  const policies: NetworkPolicyFact[] = []
  const spiffeIds: ClusterSpiffeIdFact[] = []
  const staticEntries: ClusterStaticEntryFact[] = []
  const machines = new Map<string, string>()
  for (const scope of scopes) {
    const name = scope.scope.slice(scope.scope.lastIndexOf('/') + 1)
    // Which uid a machine has stays true, however old the reading.
    if (name === 'nodes')
      for (const fact of scope.facts) if (fact.kind === 'kubernetes-node') machines.set(fact.uid, fact.name)
    const part = clusterParts.find((one) => one === name)
    if (part === undefined) continue
    parts[part] = scope
    for (const fact of inOrder(scope)) {
      if (fact.kind === 'pod') {
        if (fact.phase !== 'Succeeded' && fact.phase !== 'Failed') pods.set(podKey(fact), fact)
      } else if (fact.kind === 'service') services.push(fact)
      else if (fact.kind === 'endpoint-slice') slices.push(fact)
      else if (fact.kind === 'namespace') namespaces.set(fact.name, fact)
      else if (fact.kind === 'network-policy') policies.push(fact)
      else if (fact.kind === 'cluster-spiffe-id') spiffeIds.push(fact)
      else if (fact.kind === 'cluster-static-entry') staticEntries.push(fact)
    }
  }
  for (const pod of pods.values()) {
    if (pod.hostNetwork) continue
    for (const ip of pod.podIps) {
      const others = podsByIp.size
      podsByIp.set(ip, pod)
      if (podsByIp.size === others) podsByIp.set(ip, null)
    }
  }
  const declarations = declarationsOf(spiffeIds, staticEntries, pods, namespaces)
  return {
    kind: 'kubernetes',
    id,
    parts,
    pods,
    podsByIp,
    machines,
    services,
    slices,
    namespaces,
    policies,
    selecting: new Map(),
    hasBlocks: policies.some(({ ingress, egress }) =>
      [...ingress, ...egress].some(({ peers }) => peers.some(({ ipBlock }) => ipBlock !== null)),
    ),
    policiesOf: Map.groupBy(policies, ({ namespace }) => namespace),
    spiffeIds,
    staticEntries,
    declarations,
  }
}

/** By the facts of a reading: of the parts of a cluster one changes at a time. */
const ordered = new WeakMap<readonly Fact[], readonly Fact[]>()

/** The order of an answer must not decide what the graph says; that of pods does not. */
function inOrder({ facts }: ScopeState): readonly Fact[] {
  if (facts[0]?.kind === 'pod') return facts
  const known = ordered.get(facts)
  if (known !== undefined) return known
  const sorted = sortBy([...facts], idOf)
  ordered.set(facts, sorted)
  return sorted
}

const keys = new WeakMap<object, string>()

/** The same text each time for the same object: it is hashed once. */
export function podKey(of: { readonly namespace: string; readonly name: string }): string {
  const known = keys.get(of)
  if (known !== undefined) return known
  const key = `${of.namespace}/${of.name}`
  keys.set(of, key)
  return key
}

function idOf({ id }: { readonly id: string }): string {
  return id
}
