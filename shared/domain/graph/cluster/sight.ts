import type { Fact, ScopeState } from '../../model/fact.ts'
import { envoysOf } from '../evaluate/hop-evidence.ts'
import type { ClusterPart, ClusterRecord } from '../instances/cluster-record.ts'
import { isCurrent } from '../instances/records.ts'
import { pathOf } from '../spiffe-id.ts'
import { noVault, type VaultSight, vaultAgain } from '../vault/sight.ts'
import type { Touched, Weave } from '../weave/weave.ts'
import type { Declaration } from './declarations.ts'
import { type IntegritySight, integrityAgain, noIntegrity } from './integrity.ts'
import { type JoinedPod, podsOf } from './joins.ts'

/** What workloads and hops are judged with besides the weave: the clusters, and which pods belong to which workload. */
export interface ClusterSight {
  readonly clusters: readonly ClusterRecord[]
  /** By workload id; workloads without a known pod are not in it. Changed in place by `lookAgain`. */
  readonly pods: Map<string, readonly JoinedPod[]>
  readonly integrity: IntegritySight
  readonly vault: VaultSight
}

export const emptySight: ClusterSight = { clusters: [], pods: new Map(), integrity: noIntegrity, vault: noVault }

/**
 * The sight after a change. What looks different for it joins `touched`: a pod that is another, the policies of a network,
 * a declaration. So a cluster whose pods come and go has only those workloads and hops judged again that they belong to.
 */
export function lookAgain(
  before: ClusterSight,
  weave: Weave,
  trustDomains: readonly string[],
  touched: Touched,
): ClusterSight {
  const isOther = touched.kinds.has('kubernetes')
  const clusters = isOther ? clustersOf(weave) : before.clusters
  if (clusters.length === 0 && before.clusters.length === 0) {
    const integrity = integrityAgain(before.integrity, weave, before.pods, touched)
    const vault = vaultAgain(before.vault, weave, before.pods, touched)
    const isSame = integrity === before.integrity && vault === before.vault
    return isSame ? before : { clusters, pods: before.pods, integrity, vault }
  }
  // The first map is shared by all graphs, so it is never written to.
  const pods = before.pods === emptySight.pods ? new Map<string, readonly JoinedPod[]>() : before.pods
  // Events, machines and policies say nothing of which pod is whose.
  const isRejoined = isOther && !sameParts(before.clusters, clusters, joiningParts)
  for (const id of isRejoined ? [...weave.workloads.keys(), ...pods.keys()] : [...touched.workloads]) {
    joinAgain(weave, clusters, pods, trustDomains, id, touched)
  }
  if (isRejoined || (isOther && !sameParts(before.clusters, clusters, ['networkpolicies']))) {
    touchByDeclarations(weave, before.clusters, clusters, touched)
    touchByNetwork(weave, before.clusters, clusters, touched)
  }
  const integrity = integrityAgain(before.integrity, weave, pods, touched)
  return { clusters, pods, integrity, vault: vaultAgain(before.vault, weave, pods, touched) }
}

function joinAgain(
  weave: Weave,
  clusters: readonly ClusterRecord[],
  pods: Map<string, readonly JoinedPod[]>,
  trustDomains: readonly string[],
  id: string,
  touched: Touched,
): void {
  const node = weave.workloads.get(id)
  if (node === undefined) {
    pods.delete(id)
    return
  }
  const was = pods.get(id) ?? none
  const is = podsOf(clusters, node.naming, envoysOf(weave, node), trustDomains)
  if (was.length === is.length && was.every(({ pod }, place) => pod === is[place]?.pod)) return
  if (is.length === 0) pods.delete(id)
  else pods.set(id, is)
  touched.workloads.add(id)
  for (const hop of node.hops) touched.hops.add(hop.id)
}

function touchByDeclarations(
  weave: Weave,
  before: readonly ClusterRecord[],
  after: readonly ClusterRecord[],
  touched: Touched,
): void {
  const parts = ['pods', 'namespaces', 'clusterspiffeids', 'clusterstaticentries'] as const
  const isAll =
    before.length !== after.length ||
    after.some((cluster, place) => {
      const was = before[place]
      if (was === undefined || was.id !== cluster.id || !isReadAlike(was, cluster, parts)) return true
      return (
        !sameSet(was.declarations.unclear, cluster.declarations.unclear) ||
        !sameSet(was.declarations.trustDomains, cluster.declarations.trustDomains)
      )
    })
  if (isAll) {
    for (const id of weave.workloads.keys()) touched.workloads.add(id)
    return
  }
  const paths = new Set<string>()
  for (const [place, { declarations }] of after.entries()) {
    const was = before[place]?.declarations.byPath ?? new Map<string, readonly Declaration[]>()
    for (const [path, is] of declarations.byPath) if (!sameDeclarations(was.get(path), is)) paths.add(path)
    for (const path of was.keys()) if (!declarations.byPath.has(path)) paths.add(path)
  }
  if (paths.size === 0) return
  for (const [id, { naming }] of weave.workloads) {
    if (naming.spiffeId !== null && paths.has(pathOf(naming.spiffeId))) touched.workloads.add(id)
  }
}

function touchByNetwork(
  weave: Weave,
  before: readonly ClusterRecord[],
  after: readonly ClusterRecord[],
  touched: Touched,
): void {
  const parts = ['pods', 'namespaces', 'networkpolicies'] as const
  const isSame =
    before.length === after.length &&
    after.every((cluster, place) => {
      const was = before[place]
      return (
        was !== undefined &&
        was.id === cluster.id &&
        isReadAlike(was, cluster, parts) &&
        sameFacts(was.policies, cluster.policies) &&
        sameFacts([...was.namespaces.values()], [...cluster.namespaces.values()])
      )
    })
  if (!isSame) for (const id of weave.hops.keys()) touched.hops.add(id)
}

/** Whether the same could be said about whether these parts are current, complete and ever read. */
function isReadAlike(before: ClusterRecord, after: ClusterRecord, parts: readonly ClusterPart[]): boolean {
  return parts.every((part) => alike(before.parts[part], after.parts[part]))
}

function alike(before: ScopeState | undefined, after: ScopeState | undefined): boolean {
  if (before === undefined || after === undefined) return before === after
  return (
    isCurrent(before) === isCurrent(after) &&
    (before.readAt === null) === (after.readAt === null) &&
    before.gaps.length === after.gaps.length &&
    before.gaps.every((gap, place) => gap.reason === after.gaps[place]?.reason) &&
    (isCurrent(after) || before.readAt === after.readAt)
  )
}

const joiningParts: readonly ClusterPart[] = ['pods', 'namespaces', 'clusterspiffeids', 'clusterstaticentries']

/** Whether these parts are the very readings that they were. */
function sameParts(
  before: readonly ClusterRecord[],
  after: readonly ClusterRecord[],
  parts: readonly ClusterPart[],
): boolean {
  return (
    before.length === after.length &&
    after.every((cluster, place) => {
      const was = before[place]
      return was?.id === cluster.id && parts.every((part) => was.parts[part] === cluster.parts[part])
    })
  )
}

function clustersOf(weave: Weave): readonly ClusterRecord[] {
  const clusters: ClusterRecord[] = []
  for (const record of weave.records.values()) if (record.kind === 'kubernetes') clusters.push(record)
  return clusters.sort((a, b) => (a.id < b.id ? -1 : 1))
}

function sameDeclarations(before: readonly Declaration[] | undefined, after: readonly Declaration[]): boolean {
  return (
    before !== undefined &&
    before.length === after.length &&
    after.every(
      ({ object, trustDomain }, place) =>
        before[place]?.object === object && before[place]?.trustDomain === trustDomain,
    )
  )
}

function sameFacts(before: readonly Fact[], after: readonly Fact[]): boolean {
  return before.length === after.length && after.every((fact, place) => before[place] === fact)
}

function sameSet<Value>(before: ReadonlySet<Value>, after: ReadonlySet<Value>): boolean {
  return before.size === after.size && [...after].every((one) => before.has(one))
}

const none: readonly JoinedPod[] = []
