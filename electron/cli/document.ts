import type {
  DocumentCertificate,
  DocumentHop,
  DocumentSide,
  DocumentSlot,
  DocumentWorkload,
  GraphDocument,
} from '../../shared/contract/document.ts'
import type {
  CertificateView,
  FactReference,
  Hop,
  HopSide,
  IntegrityView,
  KubernetesView,
  NetworkView,
  RegistrationView,
  Slot,
  TrustGraph,
  Workload,
} from '../../shared/domain/model/graph.ts'
import { gapSentence } from '../../shared/words/gaps.ts'
import { isoOf, isoOrNull, judgementOf, knownOf, reasonOf, same } from './document-parts.ts'
import { leaseOf, leasesOf, vaultOf } from './document-vault.ts'

/** What is shown of a graph: all of it, or what a filter left. */
export interface Selection {
  readonly filter: string
  readonly workloads: readonly Workload[]
  readonly hops: readonly Hop[]
}

/** The graph in the shape of `shared/contract/document.ts`: codes get their sentences, times become readable. */
export function documentOf(
  graph: TrustGraph & { readonly facts: readonly FactReference[] },
  selection: Selection,
): GraphDocument {
  return {
    apiVersion: 'everyhop.dev/v1',
    kind: 'TrustGraph',
    environment: graph.environment,
    asOf: isoOf(graph.asOf),
    filter: selection.filter,
    trustDomains: [...graph.trustDomains],
    zones: graph.zones.map(({ id, title, kind, order }) => ({ id, title, kind, order })),
    workloads: selection.workloads.map(workloadOf),
    hops: selection.hops.map(hopOf),
    control: graph.control.map(({ id, kind, name, state, summary, vault }) => ({
      id,
      kind,
      name,
      state: judgementOf(state),
      summary: reasonOf(summary),
      ...(vault === undefined ? {} : { vault: vaultOf(vault) }),
    })),
    gaps: graph.gaps.map((gap) => ({ ...gap, at: isoOf(gap.at), sentence: gapSentence(gap) })),
    defects: graph.defects.map((defect) => ({ ...defect })),
    facts: graph.facts.map(({ factId, source, instance, locator, observedAt, basis }) => ({
      id: factId,
      source,
      instance,
      locator,
      observedAt: isoOf(observedAt),
      basis,
    })),
  }
}

function workloadOf(workload: Workload): DocumentWorkload {
  const { id, name, identityLabel, zone, stage, spiffeId, state, svid, registration, envoys, slots } = workload
  return {
    id,
    name,
    identityLabel,
    zone,
    stage: { id: stage.id, kind: stage.kind, basis: stage.basis, order: stage.order },
    spiffeId: knownOf(spiffeId, same),
    state: judgementOf(state),
    svid: { loaded: knownOf(svid.loaded, certificateOf), presented: knownOf(svid.presented, certificateOf) },
    registration: knownOf(registration, registrationOf),
    kubernetes: knownOf(workload.kubernetes, kubernetesOf),
    leases: knownOf(workload.leases, leasesOf),
    envoys: envoys.map((each) => ({
      envoy: each.envoy,
      version: knownOf(each.version, same),
      state: knownOf(each.state, same),
      listeners: [...each.listeners],
    })),
    slots: { opa: slotOf(slots.opa), vault: slotOf(slots.vault), image: slotOf(slots.image) },
  }
}

function registrationOf(registration: RegistrationView) {
  const { entryId, parentId, selectors, ttlSeconds, agent } = registration
  return {
    entryId,
    parentId,
    selectors: [...selectors],
    ttlSeconds,
    agent: knownOf(agent, (each) => ({ ...each, svidNotAfter: isoOrNull(each.svidNotAfter) })),
  }
}

function kubernetesOf({ cluster, namespace, pods, owner, serviceAccount }: KubernetesView) {
  const ownedBy = owner === null ? null : { kind: owner.kind, name: owner.name }
  return {
    cluster,
    namespace,
    pods: pods.map(({ name, ready, node }) => ({ name, ready, node })),
    owner: ownedBy,
    serviceAccount,
  }
}

function hopOf(hop: Hop): DocumentHop {
  const { id, from, to, transport, authorisation, identityClaim, relations, relationFacts, client, server, tls } = hop
  return {
    id,
    from,
    to,
    transport: judgementOf(transport),
    authorisation: judgementOf(authorisation),
    identityClaim: judgementOf(identityClaim),
    relations: [...relations],
    relationsRestOn: Object.fromEntries(Object.entries(relationFacts).map(([name, ids]) => [name, [...ids]])),
    client: sideOf(client),
    server: sideOf(server),
    tls: { version: knownOf(tls.version, same), cipher: knownOf(tls.cipher, same) },
    activity: knownOf(hop.activity, (each) => ({ ...each, lastRequestAt: isoOrNull(each.lastRequestAt) })),
    decision: knownOf(hop.decision, (each) => ({ ...each, at: isoOf(each.at), reasons: [...each.reasons] })),
    guard: knownOf(hop.guard, (each) => ({ ...each, bundleFetchedAt: isoOrNull(each.bundleFetchedAt) })),
    network: knownOf(hop.network, networkOf),
    integrity: knownOf(hop.integrity, integrityOf),
    leases: hop.leases.map(leaseOf),
    deviation: hop.deviation === null ? null : reasonOf(hop.deviation),
  }
}

function networkOf(view: NetworkView) {
  return { ...view, policies: [...view.policies], restsOn: [...view.restsOn] }
}

function integrityOf({ userIdentity, lastFailure, ...counts }: IntegrityView) {
  return {
    ...counts,
    userIdentity: { ...userIdentity },
    lastFailure: lastFailure === null ? null : { at: isoOf(lastFailure.at), reason: lastFailure.reason },
  }
}

function sideOf(side: HopSide): DocumentSide {
  return {
    workload: side.workload,
    spiffeId: knownOf(side.spiffeId, same),
    requiresPeer: knownOf(side.requiresPeer, (ids) => (ids === null ? null : [...ids])),
    peerAsExpected: knownOf(side.peerAsExpected, same),
    certificate: knownOf(side.certificate, certificateOf),
    trusts: knownOf(side.trusts, (domains) => [...domains]),
    tlsVersions: knownOf(side.tlsVersions, same),
    lastError: knownOf(side.lastError, (error) => (error === null ? null : { at: isoOf(error.at), text: error.text })),
  }
}

function slotOf(slot: Slot): DocumentSlot {
  if (slot.kind === 'none')
    return slot.reason === undefined ? { kind: 'none' } : { kind: 'none', reason: reasonOf(slot.reason) }
  if (slot.kind === 'unknown') return { kind: 'unknown', reason: reasonOf(slot.reason), last: slot.last }
  return { kind: 'value', text: slot.text, tone: slot.tone, fact: slot.fact.factId, reason: reasonOf(slot.reason) }
}

function certificateOf(certificate: CertificateView): DocumentCertificate {
  return {
    spiffeId: certificate.spiffeId,
    serial: certificate.serial,
    notBefore: isoOrNull(certificate.notBefore),
    notAfter: isoOrNull(certificate.notAfter),
    issuer: certificate.issuer,
  }
}
