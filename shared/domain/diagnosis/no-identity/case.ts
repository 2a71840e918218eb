import { type ClusterRecord, clusterRecord, podKey } from '../../graph/instances/cluster-record.ts'
import { ownerOfScope, recordOf, type SpireRecord } from '../../graph/instances/records.ts'
import { trustDomainOf } from '../../graph/spiffe-id.ts'
import type { Fact, FactKind, FactOf, ScopeState } from '../../model/fact.ts'
import type { TrustGraph, Workload } from '../../model/graph.ts'
import type { PodFact } from '../../model/kubernetes-facts.ts'
import type { EpochMs } from '../../model/time.ts'

/** A fact with the reading that it came with. */
export interface Read<Kind extends FactKind> {
  readonly fact: FactOf<Kind>
  readonly scope: ScopeState
}

export interface PodOfCase {
  readonly pod: PodFact
  readonly cluster: ClusterRecord
}

/** Everything that tells whether a workload is given an identity. */
export interface IdentityCase {
  readonly asked: string
  readonly now: EpochMs
  /** null: the graph does not draw it; then its pods are known. */
  readonly workload: Workload | null
  readonly name: string
  /** The SPIFFE ID that it ought to have; null: nothing names one. */
  readonly spiffeId: string | null
  /** The newest first. */
  readonly pods: readonly PodOfCase[]
  /** account: by the namespace and the service account that its SPIFFE ID names, which is a convention and proves nothing. */
  readonly podsBy: 'graph' | 'name' | 'account'
  readonly clusters: readonly ClusterRecord[]
  /** SPIRE servers of its trust domain; all where that is not known. */
  readonly spires: readonly SpireRecord[]
  readonly machines: readonly Read<'kubernetes-node'>[]
  readonly machineScopes: readonly ScopeState[]
  readonly events: readonly Read<'kubernetes-event'>[]
}

/** Why a name stands for no case: nothing has it, or several do. */
export type Unplaced =
  | { readonly unplaced: 'not-found' }
  | { readonly unplaced: 'several'; readonly names: readonly string[] }

/** `asked`: a graph id, SPIFFE ID, stage or name of a workload, or `<namespace>/<pod>`. */
export function identityCaseOf(
  graph: TrustGraph,
  scopes: readonly ScopeState[],
  asked: string,
  now: EpochMs,
): IdentityCase | Unplaced {
  const clusters = recordsOf(scopes, 'kubernetes').map(([id, its]) => clusterRecord(id, its))
  const allSpires = recordsOf(scopes, 'spire').flatMap(([id, its]) => {
    const record = recordOf(`spire/${id}`, its)
    return record?.kind === 'spire' ? [record] : []
  })
  const found = workloadsNamed(graph, asked)
  const [workload = null, ...others] = found
  if (others.length > 0) return { unplaced: 'several', names: found.map(({ id }) => id) }
  const joined = workload === null ? [] : podsOfWorkload(clusters, workload)
  const named =
    workload === null ? podsNamed(clusters, asked) : joined.length > 0 ? joined : podsOfAccount(clusters, workload)
  if (workload === null && named.length === 0) return { unplaced: 'not-found' }
  // Somebody who names a pod of a workload means the workload, too.
  const drawn = workload ?? workloadOfPod(graph, named)
  const spiffeId = expectedOf(drawn)
  const trustDomain = spiffeId === null ? null : trustDomainOf(spiffeId)
  const ofDomain = allSpires.filter((spire) => trustDomain === null || spire.trustDomain === trustDomain)
  return {
    asked,
    now,
    workload: drawn,
    name: drawn?.name ?? named[0]?.pod.name ?? asked,
    spiffeId,
    podsBy: workload === null ? 'name' : joined.length > 0 ? 'graph' : 'account',
    pods: named.toSorted((one, other) => other.pod.createdAt - one.pod.createdAt),
    clusters,
    spires: ofDomain,
    machines: readOf(scopes, 'kubernetes-node'),
    machineScopes: scopes.filter(({ scope }) => scope.startsWith('kubernetes/') && scope.endsWith('/nodes')),
    events: readOf(scopes, 'kubernetes-event'),
  }
}

function recordsOf(
  scopes: readonly ScopeState[],
  source: string,
): readonly (readonly [string, readonly ScopeState[]])[] {
  const mine = scopes.filter(({ scope }) => scope.startsWith(`${source}/`))
  const groups = Map.groupBy(mine, ({ scope }) => ownerOfScope(scope).slice(source.length + 1))
  return [...groups].toSorted(([one], [other]) => (one < other ? -1 : 1))
}

function workloadsNamed({ workloads }: TrustGraph, asked: string): readonly Workload[] {
  const exact = workloads.filter(({ id, spiffeId }) => id === asked || (spiffeId.known && spiffeId.value === asked))
  if (exact.length > 0) return exact
  const named = workloads.filter(({ name, stage }) => stage.id === asked || name === asked)
  // An Envoy that is not yet known to be of a workload is drawn beside it, by the same name.
  const identified = named.filter((workload) => expectedOf(workload) !== null)
  return identified.length > 0 ? identified : named
}

function podsOfWorkload(clusters: readonly ClusterRecord[], { kubernetes }: Workload): readonly PodOfCase[] {
  if (!kubernetes.known) return []
  const { cluster: id, namespace, pods } = kubernetes.value
  const cluster = clusters.find((each) => each.id === id)
  if (cluster === undefined) return []
  return pods.flatMap(({ name }) => {
    const pod = cluster.pods.get(podKey({ namespace, name }))
    return pod === undefined ? [] : [{ pod, cluster }]
  })
}

/** Where nothing else says in which pod a workload runs: SPIRE's usual template has both in the path. */
function podsOfAccount(clusters: readonly ClusterRecord[], workload: Workload): readonly PodOfCase[] {
  const [, namespace, account] = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(expectedOf(workload) ?? '') ?? []
  if (namespace === undefined || account === undefined) return []
  return clusters.flatMap((cluster) =>
    [...cluster.pods.values()]
      .filter((pod) => pod.namespace === namespace && pod.serviceAccount === account)
      .map((pod) => ({ pod, cluster })),
  )
}

function podsNamed(clusters: readonly ClusterRecord[], asked: string): readonly PodOfCase[] {
  return clusters.flatMap((cluster) => {
    const pod = cluster.pods.get(asked)
    return pod === undefined ? [] : [{ pod, cluster }]
  })
}

function workloadOfPod({ workloads }: TrustGraph, [first]: readonly PodOfCase[]): Workload | null {
  if (first === undefined) return null
  const { pod, cluster } = first
  const isOfPod = ({ kubernetes }: Workload): boolean =>
    kubernetes.known &&
    kubernetes.value.cluster === cluster.id &&
    kubernetes.value.namespace === pod.namespace &&
    kubernetes.value.pods.some(({ name }) => name === pod.name)
  const [workload, ...others] = workloads.filter(isOfPod)
  return workload === undefined || others.length > 0 ? null : workload
}

/** Intent or the hops name it where no certificate does: then it is in the id. */
function expectedOf(workload: Workload | null): string | null {
  if (workload === null) return null
  if (workload.spiffeId.known) return workload.spiffeId.value
  const id = workload.id.replace(/^workload\//, '')
  return trustDomainOf(id) === null ? null : id
}

function readOf<Kind extends FactKind>(scopes: readonly ScopeState[], kind: Kind): readonly Read<Kind>[] {
  const isKind = (fact: Fact): fact is FactOf<Kind> => fact.kind === kind
  return scopes.flatMap((scope) => scope.facts.filter(isKind).map((fact) => ({ fact, scope })))
}
