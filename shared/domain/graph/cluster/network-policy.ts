import type { NetworkPolicyFact, NetworkPolicyRule, PodFact } from '../../model/kubernetes-facts.ts'
import { isInBlock } from './ip-block.ts'
import { fits, fitsNamespace, type Labels } from './label-selector.ts'

/** What the policies say of one direction. null: it cannot be told. */
export type Admission = 'admitted' | 'blocked' | 'unrestricted' | null

export interface PolicyAnswer {
  /** Whether the caller's egress policies let it out, and the callee's ingress policies let it in. */
  readonly egress: Admission
  readonly ingress: Admission
  /** Policies that select the caller for egress or the callee for ingress. */
  readonly selecting: readonly NetworkPolicyFact[]
  /** Those of them that admit the connection. */
  readonly admitting: readonly NetworkPolicyFact[]
}

export interface Connection {
  readonly caller: PodFact
  readonly callee: PodFact
  /** TCP port of the callee; null: not known. */
  readonly port: number | null
}

/** Labels of a namespace; null: it was not read. */
export type NamespaceLabels = (namespace: string) => Labels | null

/**
 * Whether NetworkPolicy objects (networking.k8s.io/v1) let a TCP connection between two pods be made. A pod is not
 * restricted in a direction until a policy of its namespace selects it for that direction; then what any of these admits is
 * admitted, and nothing else. The connection needs both directions. Policies only add: there is no order and no denial.
 * Nothing here says whether the network of the cluster enforces them.
 */
export function answerOf(
  policiesOf: (pod: PodFact) => readonly NetworkPolicyFact[],
  namespaceLabels: NamespaceLabels,
  { caller, callee, port }: Connection,
): PolicyAnswer {
  const selecting: NetworkPolicyFact[] = []
  const admitting: NetworkPolicyFact[] = []
  const direction = (type: 'Ingress' | 'Egress', own: PodFact, peer: PodFact): Admission => {
    let isSelected: boolean | null = false
    let isAdmitted: boolean | null = false
    for (const policy of policiesOf(own)) {
      if (!policy.policyTypes.includes(type)) continue
      const selects = fits(policy.podSelector, own.labels)
      if (selects === false) continue
      if (selects === null) {
        // Neither whether it restricts nor whether it admits can be told.
        isSelected = isSelected === true ? true : null
        isAdmitted = isAdmitted === true ? true : null
        continue
      }
      isSelected = true
      selecting.push(policy)
      const rules = type === 'Ingress' ? policy.ingress : policy.egress
      const admits = anyOf(rules, (rule) =>
        bothOf(admitsPeer(policy.namespace, rule, peer, namespaceLabels), admitsPort(rule, callee, port)),
      )
      if (admits === true) admitting.push(policy)
      isAdmitted = isAdmitted === true || admits === true ? true : admits === null ? null : isAdmitted
    }
    if (isSelected === false) return 'unrestricted'
    if (isAdmitted === true) return isSelected === true ? 'admitted' : null
    return isAdmitted === null || isSelected === null ? null : 'blocked'
  }
  const egress = direction('Egress', caller, callee)
  const ingress = direction('Ingress', callee, caller)
  return { egress, ingress, selecting, admitting }
}

/** The policies that select a pod, or may: the only ones that have to be asked about it. */
export function policiesFor(policies: readonly NetworkPolicyFact[], pod: PodFact): readonly NetworkPolicyFact[] {
  return policies.filter(
    (policy) => policy.namespace === pod.namespace && fits(policy.podSelector, pod.labels) !== false,
  )
}

function admitsPeer(
  namespace: string,
  { peers }: NetworkPolicyRule,
  pod: PodFact,
  namespaceLabels: NamespaceLabels,
): boolean | null {
  if (peers.length === 0) return true
  return anyOf(peers, ({ podSelector, namespaceSelector, ipBlock }) => {
    if (ipBlock !== null) return anyOf(pod.podIps, (ip) => isInBlock(ip, ipBlock))
    if (podSelector === null && namespaceSelector === null) return false
    // Without a namespaceSelector the pods of the policy's own namespace are meant.
    const byNamespace =
      namespaceSelector === null
        ? pod.namespace === namespace
        : fitsNamespace(namespaceSelector, pod.namespace, namespaceLabels(pod.namespace))
    return bothOf(byNamespace, podSelector === null ? true : fits(podSelector, pod.labels))
  })
}

function admitsPort({ ports }: NetworkPolicyRule, callee: PodFact, asked: number | null): boolean | null {
  if (ports.length === 0) return true
  return anyOf(ports, ({ port, endPort, protocol }) => {
    if (protocol !== 'TCP') return false
    if (port === null) return true
    const first = /^\d+$/.test(port) ? Number(port) : namedPort(callee, port)
    // A name that no container of the callee has is no port at all.
    if (first === null) return false
    if (asked === null) return null
    return endPort === null ? asked === first : first <= asked && asked <= endPort
  })
}

function namedPort({ containers }: PodFact, name: string): number | null {
  for (const { ports } of containers) {
    const found = ports.find((port) => port.name === name && port.protocol === 'TCP')
    if (found !== undefined) return found.port
  }
  return null
}

/** true if any is; else null if any cannot be told. */
function anyOf<Item>(items: readonly Item[], holds: (item: Item) => boolean | null): boolean | null {
  let isSure = true
  for (const item of items) {
    const answer = holds(item)
    if (answer === true) return true
    if (answer === null) isSure = false
  }
  return isSure ? false : null
}

function bothOf(one: boolean | null, other: boolean | null): boolean | null {
  if (one === false || other === false) return false
  return one === null || other === null ? null : true
}
