import type {
  AdmissionPolicyFact,
  ClusterSpiffeIdFact,
  ClusterStaticEntryFact,
  LabelSelector,
  NetworkPolicyFact,
  NetworkPolicyRule,
} from '../../../shared/domain/model/kubernetes-facts.ts'
import { goDurationSeconds, objectBase, type Seen } from './object.ts'
import { resources } from './resources.ts'
import { parse } from './wire.ts'
import * as wire from './wire-policies.ts'

export function translateNetworkPolicy(object: unknown, seen: Seen): NetworkPolicyFact {
  const { metadata, spec } = parse(wire.networkPolicy, object, 'networkpolicy')
  return {
    ...objectBase('network-policy', 'networkpolicies', resources.networkPolicies, metadata, seen),
    podSelector: selectorOf(spec.podSelector) ?? { matchLabels: {}, matchExpressions: [] },
    // Without policyTypes: Ingress always, Egress when there are egress rules (NetworkPolicySpec of networking.k8s.io/v1).
    policyTypes: spec.policyTypes.length > 0 ? spec.policyTypes : spec.egress ? ['Ingress', 'Egress'] : ['Ingress'],
    ingress: spec.ingress.map(({ from, ports }) => ruleOf(from, ports)),
    egress: (spec.egress ?? []).map(({ to, ports }) => ruleOf(to, ports)),
  }
}

function ruleOf(peers: readonly wire.WirePeer[], ports: readonly wire.WirePort[]): NetworkPolicyRule {
  return {
    peers: peers.map(({ podSelector, namespaceSelector, ipBlock }) => ({
      podSelector: selectorOf(podSelector),
      namespaceSelector: selectorOf(namespaceSelector),
      ipBlock: ipBlock ?? null,
    })),
    ports: ports.map(({ port, endPort, protocol }) => ({
      port: port ?? null,
      endPort: endPort ?? null,
      protocol: protocol ?? 'TCP',
    })),
  }
}

export function translateClusterSpiffeId(object: unknown, seen: Seen): ClusterSpiffeIdFact {
  const { metadata, spec, status } = parse(wire.clusterSpiffeId, object, 'clusterspiffeid')
  return {
    ...objectBase('cluster-spiffe-id', 'clusterspiffeids', resources.clusterSpiffeIds, metadata, seen),
    className: spec.className ?? null,
    spiffeIdTemplate: spec.spiffeIDTemplate,
    podSelector: selectorOf(spec.podSelector),
    namespaceSelector: selectorOf(spec.namespaceSelector),
    ttlSeconds: goDurationSeconds(spec.ttl),
    fallback: spec.fallback,
    admin: spec.admin,
    downstream: spec.downstream,
    stats: status?.stats ?? null,
  }
}

export function translateClusterStaticEntry(object: unknown, seen: Seen): ClusterStaticEntryFact {
  const { metadata, spec, status } = parse(wire.clusterStaticEntry, object, 'clusterstaticentry')
  return {
    ...objectBase('cluster-static-entry', 'clusterstaticentries', resources.clusterStaticEntries, metadata, seen),
    className: spec.className ?? null,
    spiffeId: spec.spiffeID,
    parentId: spec.parentID,
    selectors: spec.selectors,
    ttlSeconds: goDurationSeconds(spec.x509SVIDTTL),
    status: status ?? null,
  }
}

/** The policy without its bindings, which are objects of their own: `bindPolicies` joins them. */
export function translateAdmissionPolicy(object: unknown, seen: Seen): AdmissionPolicyFact {
  const { metadata, spec } = parse(wire.admissionPolicy, object, 'validatingadmissionpolicy')
  return {
    ...objectBase('admission-policy', 'validatingadmissionpolicies', resources.admissionPolicies, metadata, seen),
    failurePolicy: spec.failurePolicy ?? null,
    validations: spec.validations.map(({ expression, message }) => ({ expression, message: message ?? null })),
    namespaces: selectorOf(spec.matchConstraints?.namespaceSelector),
    bindings: [],
  }
}

export interface PolicyBinding {
  readonly policy: string
  readonly name: string
  readonly actions: readonly string[]
  readonly namespaces: LabelSelector | null
}

export function translateBinding(object: unknown): PolicyBinding {
  const { metadata, spec } = parse(wire.admissionPolicyBinding, object, 'validatingadmissionpolicybinding')
  const namespaces = selectorOf(spec.matchResources?.namespaceSelector)
  return { policy: spec.policyName, name: metadata.name, actions: spec.validationActions, namespaces }
}

export function bindPolicies(
  policies: readonly AdmissionPolicyFact[],
  bindings: readonly PolicyBinding[],
): readonly AdmissionPolicyFact[] {
  const byPolicy = Map.groupBy(bindings, ({ policy }) => policy)
  return policies.map((policy) => ({
    ...policy,
    bindings: (byPolicy.get(policy.name) ?? []).map(({ name, actions, namespaces }) => ({ name, actions, namespaces })),
  }))
}

function selectorOf(selector: wire.WireLabelSelector | null | undefined): LabelSelector | null {
  return selector ?? null
}
