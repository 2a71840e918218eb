import type { WatchGap } from '../history/model.ts'
import type { Gap, SourceKind } from './fact.ts'
import type { ControlComponent, Hop, TrustGraph, Workload, Zone } from './graph.ts'
import type { AuthorisationState, Relation, TransportState, WorkloadState } from './hop-state.ts'
import type { EpochMs } from './time.ts'

/** What is asked of a view; the contract parses it (`viewInput`). */
export interface ViewQuery {
  /** Filter words, all must hold; empty: everything. */
  readonly filter: string
  readonly grouping: 'auto' | 'none' | 'zone-kind'
  readonly focus: {
    /** Ids of groups to open. */
    readonly open: readonly string[]
    /** Id of the workload or hop that is selected; its ends are drawn singly. */
    readonly selected: string | null
  }
}

/** A word of a filter that could not be understood, and what is known instead. */
export interface FilterProblem {
  readonly word: string
  readonly known: readonly string[]
}

/** What a search found, the best first and no more than can be looked through. */
export interface Found {
  readonly asOf: EpochMs
  readonly workloads: readonly Workload[]
  /** With the names of their ends. */
  readonly hops: readonly { readonly hop: HopLine; readonly from: string; readonly to: string }[]
  /** Found in all, also those that are left out. */
  readonly total: { readonly workloads: number; readonly hops: number }
}

/** A workload, or the group that it is drawn in, and a part of the control plane that serves it. */
export interface ControlLink {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly kind: ControlComponent['kind']
  /** Of the part. */
  readonly state: WorkloadState
}

export interface ControlLinks {
  /** Hidden until the part fails, or one of its ends is selected. */
  readonly shown: readonly ControlLink[]
  readonly total: number
}

/** Numbers of the whole graph, exact, whatever is folded or filtered. */
export interface GraphCounts {
  readonly workloads: Readonly<Record<WorkloadState, number>>
  readonly transport: Readonly<Record<TransportState, number>>
  readonly authorisation: Readonly<Record<AuthorisationState, number>>
  readonly relations: Readonly<Record<Relation, number>>
  readonly totalWorkloads: number
  readonly totalHops: number
  readonly totalGaps: number
  /** Observed though nothing grants or intends it. */
  readonly observedNotGranted: number
  readonly grantedNotObserved: number
  readonly matchingWorkloads: number
  readonly matchingHops: number
}

/** One drawn node: a workload, or a group of them with counts per state. */
export type NodeItem =
  | { readonly type: 'workload'; readonly id: string; readonly workload: Workload; readonly matches: boolean }
  | {
      readonly type: 'group'
      readonly id: string
      readonly name: string
      readonly kind: string
      readonly zone: string
      readonly order: number
      readonly members: number
      readonly states: Readonly<Partial<Record<WorkloadState, number>>>
      readonly worst: WorkloadState
      readonly nextExpiryAt: EpochMs | null
      readonly matches: boolean
    }

/** One drawn line: a hop, or a bundle of hops between two drawn nodes. */
export type EdgeItem =
  | {
      readonly type: 'hop'
      readonly id: string
      readonly from: string
      readonly to: string
      readonly hop: HopLine
      readonly matches: boolean
    }
  | {
      readonly type: 'bundle'
      readonly id: string
      readonly from: string
      readonly to: string
      readonly hops: number
      readonly transport: Readonly<Partial<Record<TransportState, number>>>
      readonly worst: TransportState
      readonly worstAuthorisation: AuthorisationState
      readonly relations: readonly Relation[]
      readonly matches: boolean
    }

/** What a drawn hop needs; the inspector asks for the rest by id. */
export type HopLine = Pick<
  Hop,
  'id' | 'from' | 'to' | 'transport' | 'authorisation' | 'identityClaim' | 'relations' | 'activity' | 'guard'
>

export interface GraphView {
  /** Grows with every change of the graph; give it to `changes`. */
  readonly revision: number
  readonly environment: string
  readonly asOf: EpochMs
  readonly trustDomains: readonly string[]
  readonly zones: readonly Zone[]
  readonly nodes: readonly NodeItem[]
  readonly edges: readonly EdgeItem[]
  readonly control: readonly ControlComponent[]
  readonly controlLinks: ControlLinks
  readonly counts: GraphCounts
  /** The first hundred; `counts.totalGaps` counts all. */
  readonly gaps: readonly Gap[]
  readonly defects: TrustGraph['defects']
  /** What was folded, in a code for words: none, or groups and bundles. */
  readonly simplified: { readonly groups: number; readonly bundles: number; readonly droppedEdges: number }
  /** The view is then unfiltered. */
  readonly filterProblem: FilterProblem | null
  /** intent.yaml could not be used: why. */
  readonly intentProblem: string | null
  /** What is shown from before this start of Everyhop and was not read since; null: nothing. */
  readonly lastKnown: LastKnownPart | null
  /** What was recorded of the past time that is shown; null: this is of now. */
  readonly past: PastPart | null
}

/** What is known of a past time, and what not. */
export interface PastPart {
  readonly at: EpochMs
  /** The gap that holds this time: what is shown is from its beginning, and proves nothing. null: it was watched. */
  readonly gap: WatchGap | null
  /** `facts`: known then. `missing`: facts of scopes that are known now and were not recorded then. */
  readonly recorded: { readonly facts: number; readonly missing: number }
  /** Every kind of source that is configured now or was recorded then. */
  readonly sources: readonly { readonly source: SourceKind; readonly state: 'recorded' | 'not-recorded' }[]
}

/** The scopes that are only known from before, of all scopes; when the oldest and the newest of them were read. */
export interface LastKnownPart {
  readonly scopes: number
  readonly of: number
  readonly oldestReadAt: EpochMs
  readonly newestReadAt: EpochMs
}

/** Keyed differences between two revisions of one view. `whole`: too old or too different, here is everything. */
export type GraphChanges =
  | { readonly type: 'whole'; readonly view: GraphView }
  | {
      readonly type: 'changes'
      readonly revision: number
      readonly asOf: EpochMs
      readonly nodes: { readonly put: readonly NodeItem[]; readonly removed: readonly string[] }
      readonly edges: { readonly put: readonly EdgeItem[]; readonly removed: readonly string[] }
      /** The small parts travel whole. */
      readonly rest: Omit<GraphView, 'nodes' | 'edges' | 'revision' | 'asOf'>
    }
