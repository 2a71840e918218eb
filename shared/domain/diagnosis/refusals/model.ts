import type { EpochMs } from '../../model/time.ts'

/**
 * What refused: the policy said no; Envoy got no decision that says yes or no; another filter of Envoy's, such as RBAC, JWT or rate
 * limits; the service itself; a Vault. unknown: the logs that are held do not tell.
 */
export const refusalKinds = ['policy', 'no-decision', 'filter', 'application', 'vault', 'unknown'] as const
export type RefusalKind = (typeof refusalKinds)[number]

export interface RefusalEnd {
  /** Graph id; null: not found in the graph, or not unambiguously. */
  readonly workload: string | null
  /** As it is drawn, else the address or the cluster of the log; null: the log names none. */
  readonly name: string | null
  /** As the logs have it, so it may be only claimed. */
  readonly spiffeId: string | null
}

/** The request of a group that was refused last. */
export interface LatestRefusal {
  readonly at: EpochMs
  /** Of a Vault the ids are null: its own ids name no request of the pipeline. */
  readonly requestId: string | null
  readonly traceId: string | null
  readonly decisionId: string | null
}

/** Requests that were refused alike: by the same kind of refusal, between the same ends, for the same reason. */
export interface RefusalGroup {
  /** The same for the same group in every answer; means nothing by itself. */
  readonly key: string
  readonly from: RefusalEnd
  readonly to: RefusalEnd
  readonly kind: RefusalKind
  /** Response code details as Envoy logged them, or of a Vault its error; null: not logged. */
  readonly details: string | null
  readonly status: number | null
  /** The first reason that the decision gives. */
  readonly reason: string | null
  /** The revision of the policy that decided. */
  readonly revision: string | null
  /** Requests, each counted once, however many logs tell of it. */
  readonly count: number
  /** Time of the first in the window. */
  readonly first: EpochMs
  readonly latest: LatestRefusal
}

export interface RefusalGroups {
  readonly from: EpochMs
  readonly to: EpochMs
  /** Nothing older is held; null: nothing is held at all. What was refused before then is unknown. */
  readonly heldSince: EpochMs | null
  /** Ids of logs that are kept elsewhere: asked for one request at a time, so nothing of them is in this. */
  readonly notAsked: readonly string[]
  /** Refused requests in the window, of all groups, also of those that are left out. */
  readonly total: number
  /** False: there are more groups than were asked for. */
  readonly complete: boolean
  /** Those first whose latest request is the latest. */
  readonly groups: readonly RefusalGroup[]
}
