import type {
  DocumentCertificate,
  DocumentHop,
  DocumentReason,
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
  Judgement,
  Known,
  Reason,
  RegistrationView,
  Slot,
  TrustGraph,
  Workload,
} from '../../shared/domain/model/graph.ts'
import { gapSentence } from '../../shared/words/gaps.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'

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
    control: graph.control.map(({ id, kind, name, state, summary }) => ({
      id,
      kind,
      name,
      state: judgementOf(state),
      summary: reasonOf(summary),
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
  const { id, name, zone, stage, spiffeId, state, svid, registration, envoys, slots } = workload
  return {
    id,
    name,
    zone,
    stage: { id: stage.id, kind: stage.kind, basis: stage.basis },
    spiffeId: knownOf(spiffeId, same),
    state: judgementOf(state),
    svid: { loaded: knownOf(svid.loaded, certificateOf), presented: knownOf(svid.presented, certificateOf) },
    registration: knownOf(registration, registrationOf),
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

function hopOf(hop: Hop): DocumentHop {
  const { id, from, to, transport, authorisation, relations, relationFacts, client, server, tls } = hop
  return {
    id,
    from,
    to,
    transport: judgementOf(transport),
    authorisation: judgementOf(authorisation),
    relations: [...relations],
    relationsRestOn: Object.fromEntries(Object.entries(relationFacts).map(([name, ids]) => [name, [...ids]])),
    client: sideOf(client),
    server: sideOf(server),
    tls: { version: knownOf(tls.version, same), cipher: knownOf(tls.cipher, same) },
    activity: knownOf(hop.activity, (each) => ({ ...each, lastRequestAt: isoOrNull(each.lastRequestAt) })),
    decision: knownOf(hop.decision, (each) => ({ ...each, at: isoOf(each.at), reasons: [...each.reasons] })),
    guard: knownOf(hop.guard, (each) => ({ ...each, bundleFetchedAt: isoOrNull(each.bundleFetchedAt) })),
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
  if (slot.kind === 'none') return { kind: 'none' }
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

function judgementOf<State extends string>(judgement: Judgement<State>) {
  return {
    state: judgement.state,
    reason: reasonOf(judgement.reason),
    basis: judgement.basis,
    since: isoOrNull(judgement.since),
    restsOn: [...judgement.restsOn],
    missing: judgement.missing.map((each) => ({ ...each, lastReadAt: isoOrNull(each.lastReadAt) })),
  }
}

function knownOf<Value, Out>(value: Known<Value>, convert: (value: Value) => Out) {
  if (!value.known) return { known: false as const, reason: reasonOf(value.reason) }
  return { known: true as const, value: convert(value.value), fact: value.fact.factId, stale: value.stale }
}

function reasonOf(reason: Reason): DocumentReason {
  return { code: reason.code, sentence: reasonSentence(reason), params: { ...reason.params } }
}

function same<Value>(value: Value): Value {
  return value
}

function isoOf(at: number): string {
  return new Date(at).toISOString()
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : isoOf(at)
}
