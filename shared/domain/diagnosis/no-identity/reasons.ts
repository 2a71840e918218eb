import type { Reason } from '../../model/graph.ts'
import type { EpochMs } from '../../model/time.ts'

/** `owner`: the workload as drawn. */
interface Owner {
  readonly owner: string
}
/** `objects`: names such as `ClusterSPIFFEID/policy-services`. */
interface OfObject extends Owner {
  readonly object: string
}

/** Every reason that the diagnosis of a missing identity can give; `shared/words/diagnosis-identity.ts` has the sentences. */
export interface IdentityReasonParams {
  // verdicts
  'nothing-declares-it': Owner & { spiffeId: string | null; until: EpochMs | null }
  'selectors-miss-it': OfObject & { want: string; have: string | null; until: EpochMs | null }
  'namespace-is-ignored': OfObject & { namespace: string }
  'class-has-no-manager': OfObject & { className: string | null; acting: string }
  'template-not-rendered': OfObject & { field: string }
  'no-entry-in-spire': Owner & { spiffeId: string | null; until: EpochMs | null }
  'no-entry-though-declared': OfObject & { until: EpochMs | null }
  'entry-has-run-out': Owner & { entry: string; at: EpochMs }
  'entry-asks-for-others': Owner & { entry: string; want: string; have: string | null }
  'entry-for-other-machine': Owner & { entry: string; parent: string; machine: string | null }
  'agent-unknown-to-server': Owner & { machine: string; until: EpochMs | null }
  'agent-has-run-out': Owner & { agent: string; at: EpochMs; until: EpochMs | null }
  'delivering-agent-banned': Owner & { agent: string; until: EpochMs | null }
  'agent-does-not-run': Owner & { machine: string; waiting: string | null; until: EpochMs | null }
  'entry-is-new': Owner & { entry: string; createdAt: EpochMs }
  'no-way-to-workload-api': Owner & { pod: string }
  'socket-not-mounted': Owner & { pod: string; message: string }
  'identity-is-there': Owner & { spiffeId: string; until: EpochMs }
  'identity-not-told': Owner
  // evidence, and what was ruled out
  'entries-lack-it': { spire: string; entries: number; spiffeId: string | null }
  'objects-lack-it': { cluster: string; objects: number }
  'object-is-of-class': { object: string; className: string | null }
  'object-asks': { object: string; key: string; want: string; have: string | null }
  'object-selects-none': { object: string }
  'object-selects-siblings': { object: string; namespace: string }
  'object-fits': { object: string; spiffeId: string }
  'object-not-set': { object: string }
  'controller-silent-on': { object: string }
  'controller-render-failures': { object: string; count: number }
  'controller-entry-failures': { object: string; count: number }
  'controller-entries-masked': { object: string; count: number }
  'controller-namespaces-ignored': { object: string; count: number }
  'entry-is-there': { entry: string; spiffeId: string }
  'agent-is-attested': { agent: string; machine: string | null; notAfter: EpochMs | null }
  'agent-pod-not-ready': { pod: string; waiting: string | null }
  'agents-lack-machine': { machine: string; agents: number }
  'agent-not-told': { machine: string | null }
  'svid-is-held': { spiffeId: string | null; notAfter: EpochMs }
  'pod-mounts-nothing': { pod: string; others: number }
  'pod-event': { pod: string; reason: string; message: string }
  // why a confidence
  'whole-lists-tell-it': Record<never, never>
  'read-in-part': Record<never, never>
  'only-a-hint': Record<never, never>
  'pod-by-account': Record<never, never>
  'identity-held-against': Record<never, never>
  // open
  'source-not-read': { source: string; what: string }
  'pod-not-known': Owner
  'selector-not-comparable': { of: string; selectors: string }
  'also-found': { cause: string }
  'sync-not-told': Owner
  // corrections and next steps
  'apply-object': { object: string }
  'apply-new-object': { object: string }
  'create-entry': Owner
  'update-entry': { entry: string; object: string | null }
  'look-at-controller': Record<never, never>
  'look-at-agent': { machine: string | null }
  'watch-workload': Owner
  'why-no-identity': Owner
  'follow-runbook': { runbook: string }
  'runbook-of-image': { runbook: string }
}

export function tellOfIdentity<Code extends keyof IdentityReasonParams>(
  code: Code,
  params: IdentityReasonParams[Code],
): Reason {
  return { code, params: { ...params } }
}
