import type { Known, NetworkView } from '../../model/graph.ts'
import type { NetworkPolicyFact, PodFact } from '../../model/kubernetes-facts.ts'
import { addressParts } from '../addresses.ts'
import type { JoinedPod } from '../cluster/joins.ts'
import { answerOf, type PolicyAnswer, policiesFor } from '../cluster/network-policy.ts'
import type { ClusterSight } from '../cluster/sight.ts'
import { type ClusterRecord, podKey } from '../instances/cluster-record.ts'
import { isCurrent, wasRead } from '../instances/records.ts'
import { notKnown, referenceTo, whyUnread } from '../known.ts'
import { reason } from '../reasons.ts'
import type { HopEvidence } from './hop-evidence.ts'

/**
 * Whether NetworkPolicies admit the hop. Between several pods the worst counts. Only where all policies of the cluster could
 * be read and both ends are pods of it with an address of their own: less could turn the answer around.
 */
export function networkOf({ ends, from, to, callees, bypass }: HopEvidence, sight: ClusterSight): Known<NetworkView> {
  const [any] = sight.clusters
  if (any === undefined) return notConfigured
  const callers = sight.pods.get(from.id) ?? []
  const called = sight.pods.get(to.id) ?? []
  const [caller] = callers
  const [callee] = called
  if (caller === undefined || callee === undefined) {
    const unread = sight.clusters.find(({ parts }) => !wasRead(parts.pods))
    if (unread !== undefined) return whyUnread('kubernetes', unread.id, 'pods', unread.parts.pods)
    return notKnown(reason('network-pod-unknown', { name: caller === undefined ? ends.caller : ends.callee }))
  }
  const both = [...callers, ...called]
  const cluster = sight.clusters.find(({ id }) => id === caller.cluster)
  if (cluster === undefined || both.some((one) => one.cluster !== cluster.id)) {
    return notKnown(reason('network-other-cluster', ends))
  }
  const scope = cluster.parts.networkpolicies
  if (!wasRead(scope)) return whyUnread('kubernetes', cluster.id, 'networkpolicies', scope)
  if (isCurrent(scope) && (scope?.gaps.length ?? 0) > 0) {
    return notKnown(reason('network-partly-read', { cluster: cluster.id }))
  }
  const onMachine = both.find(({ pod }) => pod.hostNetwork)
  if (onMachine !== undefined) return notKnown(reason('network-of-machine', { pod: podKey(onMachine.pod) }))
  const ports = portsOf(callees, bypass)
  const found = ports.map((port) => worstOf(cluster, callers, called, port))
  const [first] = found
  if (first === undefined || first === null || found.some((one) => one === null || one.verdict !== first.verdict)) {
    return notKnown(reason('network-unclear', ends))
  }
  const { verdict, ingress, egress, deciding, pods } = first
  const [port = null] = ports
  const fact = referenceTo(deciding[0] ?? callee.pod)
  return {
    known: true,
    value: {
      verdict,
      ingress,
      egress,
      port,
      policies: deciding.map((policy) => podKey(policy)),
      restsOn: [...deciding.map(({ id }) => id), ...pods.map(({ id }) => id)],
    },
    fact: { ...fact, basis: 'derived' },
    stale: !isCurrent(scope) || !isCurrent(cluster.parts.pods),
  }
}

const notConfigured = notKnown(reason('source-not-configured', { source: 'Kubernetes' }))

interface Found {
  readonly verdict: NetworkView['verdict']
  readonly ingress: NetworkView['ingress']
  readonly egress: NetworkView['egress']
  readonly deciding: readonly NetworkPolicyFact[]
  readonly pods: readonly PodFact[]
}

const severity: Readonly<Record<NetworkView['verdict'], number>> = { blocked: 0, unrestricted: 1, admitted: 2 }

/** The worst between any two pods; null: it cannot be told, and none is certainly blocked. */
function worstOf(
  cluster: ClusterRecord,
  callers: readonly JoinedPod[],
  callees: readonly JoinedPod[],
  port: number | null,
): Found | null {
  let worst: Found | null = null
  let isSure = true
  for (const caller of unlike(callers, cluster.hasBlocks)) {
    for (const callee of unlike(callees, cluster.hasBlocks)) {
      const one = between(cluster, caller, callee, port)
      if (one === null) isSure = false
      else if (worst === null || severity[one.verdict] < severity[worst.verdict]) worst = one
    }
  }
  return isSure || worst?.verdict === 'blocked' ? worst : null
}

function between(cluster: ClusterRecord, caller: PodFact, callee: PodFact, port: number | null): Found | null {
  const answer = answerOf(
    (pod) => selecting(cluster, pod),
    (namespace) => cluster.namespaces.get(namespace)?.labels ?? null,
    { caller, callee, port },
  )
  const verdict = verdictOf(answer)
  const { ingress, egress, admitting } = answer
  if (verdict === null) return null
  const deciding = verdict === 'blocked' ? answer.selecting : admitting
  // Where one direction blocks, what the other says may not be known, and does not matter.
  return {
    verdict,
    ingress: ingress ?? 'unrestricted',
    egress: egress ?? 'unrestricted',
    deciding,
    pods: [caller, callee],
  }
}

/** Many hops lead to one pod: which policies are about it is found once for each reading of the cluster. */
function selecting(cluster: ClusterRecord, pod: PodFact): readonly NetworkPolicyFact[] {
  const known = cluster.selecting.get(pod)
  if (known !== undefined) return known
  const found = policiesFor(cluster.policiesOf.get(pod.namespace) ?? [], pod)
  cluster.selecting.set(pod, found)
  return found
}

function verdictOf({ ingress, egress }: PolicyAnswer): NetworkView['verdict'] | null {
  if (ingress === 'blocked' || egress === 'blocked') return 'blocked'
  if (ingress === null || egress === null) return null
  return ingress
}

/** One pod of each kind that policies could tell apart: most replicas are alike. */
function unlike(pods: readonly JoinedPod[], byAddress: boolean): readonly PodFact[] {
  if (pods.length === 1) return pods.map(({ pod }) => pod)
  const kinds = new Map<string, PodFact>()
  for (const { pod } of pods) {
    const ports = pod.containers.flatMap((container) => container.ports)
    const kind = JSON.stringify([
      pod.namespace,
      Object.entries(pod.labels).sort(byKey),
      byAddress ? pod.podIps : [],
      ports,
    ])
    if (!kinds.has(kind)) kinds.set(kind, pod)
  }
  return [...kinds.values()]
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1
}

/** Ports that the hop arrives at; one that is not known where nothing tells. */
function portsOf(callees: HopEvidence['callees'], bypass: string | null): readonly (number | null)[] {
  const addresses = bypass === null ? callees.map(({ listener }) => listener.address) : [bypass]
  const ports = new Set<number>()
  for (const address of addresses) {
    const { port } = addressParts(address)
    if (port !== null && /^\d+$/.test(port)) ports.add(Number(port))
  }
  return ports.size === 0 ? [null] : [...ports]
}
