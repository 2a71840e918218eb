import type { CertificateView, FactReference, Known, Reason } from '../../model/graph.ts'
import type { NextStep, OpenQuestion, RuledOut, Verdict } from '../model.ts'

/** Why a workload is given no identity. Codes only: `shared/words/diagnosis-identity` has the English. */

/** Ids never change their meaning. */
export const identityCauses = [
  /** No ClusterSPIFFEID or ClusterStaticEntry comes near it, and SPIRE has no entry. */
  'no-cluster-spiffeid',
  /** One is meant for it as far as can be told, and its selectors do not select its pod. */
  'selector-mismatch',
  /** The controller manager passes over its namespace. */
  'namespace-excluded',
  /** No controller manager of its class runs, so nobody acts on the object that is for it. */
  'class-without-manager',
  /** A template cannot be rendered for its pod. */
  'template-fails',
  /** It ought to have an entry and SPIRE has none. */
  'entry-missing',
  /** The entry asks for selectors that the pod does not have. */
  'entry-selectors-mismatch',
  /** The entry is for the agent of another machine than that of the pod. */
  'entry-of-another-agent',
  /** The agent of its machine is not known to the server, or its own SVID has run out. */
  'agent-not-attested',
  'agent-banned',
  /** The agent does not run, or the entry is so new that it may not have it yet. */
  'agent-not-in-sync',
  /** Nothing of the pod leads to the Workload API. */
  'socket-not-mounted',
  'has-identity',
  'unknown',
] as const
export type IdentityCause = (typeof identityCauses)[number]

/** One thing that an object or an entry asks of the workload, and what the workload has. */
export interface IdentityCriterion {
  readonly part:
    | 'pod-label'
    | 'namespace-label'
    | 'namespace'
    | 'template'
    | 'selector'
    | 'parent'
    | 'class'
    | 'spiffe-id'
  /** The key of a label, the selector as SPIRE writes it, a field of a template. */
  readonly key: string
  /** What is asked, as the source writes it: `app = ai`, `app in (a, b)`, `k8s:ns:ai`. */
  readonly want: string
  /** What the workload has there; null: nothing, or it is not known (see `state`). */
  readonly have: string | null
  readonly state: 'met' | 'missing' | 'differs' | 'unknown'
}

/** An object of the cluster or an entry of SPIRE that comes near to giving the workload an identity. */
export interface IdentityCandidate {
  readonly kind: 'ClusterSPIFFEID' | 'ClusterStaticEntry' | 'entry'
  /** Name of the object, id of the entry. */
  readonly name: string
  /** What it would give: rendered where that can be done, else the template as it is. */
  readonly spiffeId: string
  /** null: it cannot be told whether it is for this workload. */
  readonly fits: boolean | null
  /** Whether the SPIFFE ID it gives is the one that is expected; null: either is not known. */
  readonly isExpected: boolean | null
  /** Those that are not met first. */
  readonly criteria: readonly IdentityCriterion[]
  /** What its controller says of it, such as entries that could not be made. */
  readonly notes: readonly Reason[]
  readonly fact: FactReference
  /** True: its source has since gone silent. */
  readonly stale: boolean
}

/** The SPIRE agent of the machine that the workload runs on. */
export interface IdentityAgent {
  readonly machine: string | null
  /** Of the one that is meant; of none that was found what an entry names as its parent, where one does. */
  readonly spiffeId: string | null
  readonly attested: 'yes' | 'no' | 'banned' | 'expired' | 'unknown'
  /** SPIRE does not tell when an agent last synchronised; no: its pod does not run, its own SVID has run out, or it is banned. */
  readonly inSync: 'yes' | 'no' | 'unknown'
  readonly svidNotAfter: number | null
  readonly reason: Reason
  readonly fact: FactReference | null
}

/** What would give it its identity, to copy. Never applied by Everyhop. */
export interface IdentityCorrection {
  readonly kind: 'manifest' | 'command'
  /** YAML of a whole object, or one shell command. */
  readonly text: string
  readonly reason: Reason
}

export interface IdentitySubject {
  /** As it was asked for. */
  readonly asked: string
  /** Graph id; null: the graph does not draw it. */
  readonly workload: string | null
  readonly name: string
  /** The one it ought to have; null: nothing names one. */
  readonly spiffeId: string | null
  readonly pod: {
    readonly cluster: string
    readonly namespace: string
    readonly name: string
    readonly serviceAccount: string
    readonly machine: string | null
  } | null
  /** How many pods it has; the newest is looked at. */
  readonly pods: number
  /** The SVID that its Envoy holds now. */
  readonly holds: Known<CertificateView>
}

export interface NoIdentityDiagnosis {
  readonly subject: IdentitySubject
  readonly verdict: Verdict<IdentityCause>
  /** The nearest first; at most six. */
  readonly candidates: readonly IdentityCandidate[]
  readonly agent: IdentityAgent
  /** Null where none would help, or what to write cannot be worked out. */
  readonly correction: IdentityCorrection | null
  readonly ruledOut: readonly RuledOut[]
  readonly open: readonly OpenQuestion[]
  readonly next: readonly NextStep[]
}
