import { type } from '@orpc/contract'
import { z } from 'zod'
import type { Fact, Gap } from '../domain/model/fact.ts'
import type { ControlComponent, FactReference, Hop, TrustGraph, Workload, Zone } from '../domain/model/graph.ts'
import type { AuthorisationState, Relation, TransportState, WorkloadState } from '../domain/model/hop-state.ts'
import type { EpochMs } from '../domain/model/time.ts'
import { scopeInput } from './environments.ts'
import { procedure } from './procedure.ts'

/** At most this many drawn items leave in one view. */
export const maximumItems = 2000

export const viewInput = scopeInput.extend({
  /** Filter words, all must hold: `tls:plaintext zone:data authz:denying state:failing relation:granted`, bare words match names and SPIFFE IDs. */
  filter: z.string().max(500).default(''),
  /** auto: single workloads up to 200, groups by zone and kind above. */
  grouping: z.enum(['auto', 'none', 'zone-kind']).default('auto'),
  /** Groups to open, and the workload or hop that is selected (its ends are always drawn singly). */
  focus: z
    .object({
      open: z.array(z.string().max(400)).max(20).default([]),
      selected: z.string().max(900).nullable().default(null),
    })
    .default({ open: [], selected: null }),
})
export type ViewInput = z.infer<typeof viewInput>

/** Numbers of the whole graph, exact, whatever is folded or filtered. */
export interface GraphCounts {
  readonly workloads: Readonly<Record<WorkloadState, number>>
  readonly transport: Readonly<Record<TransportState, number>>
  readonly authorisation: Readonly<Record<AuthorisationState, number>>
  readonly relations: Readonly<Record<Relation, number>>
  readonly totalWorkloads: number
  readonly totalHops: number
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
  'id' | 'from' | 'to' | 'transport' | 'authorisation' | 'relations' | 'activity' | 'guard'
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
  readonly counts: GraphCounts
  readonly gaps: readonly Gap[]
  readonly defects: TrustGraph['defects']
  /** What was folded, in a code for words: none, or groups and bundles. */
  readonly simplified: { readonly groups: number; readonly bundles: number; readonly droppedEdges: number }
  /** The filter could not be understood: the word, and what is known instead. The view is then unfiltered. */
  readonly filterProblem: { readonly word: string; readonly known: readonly string[] } | null
  /** intent.yaml could not be used: why. */
  readonly intentProblem: string | null
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

/** An element with every fact it rests on, whole. */
export interface WorkloadDetail {
  readonly asOf: EpochMs
  readonly workload: Workload
  readonly hops: readonly HopLine[]
  readonly facts: readonly Fact[]
}

export interface HopDetail {
  readonly asOf: EpochMs
  readonly hop: Hop
  readonly from: Workload
  readonly to: Workload
  /** Place of this hop among the hops that match the filter, from 1, and their number. */
  readonly facts: readonly Fact[]
}

export const graph = {
  view: procedure.input(viewInput).output(type<GraphView>()),
  changes: procedure.input(viewInput.extend({ since: z.number().int().min(0) })).output(type<GraphChanges>()),
  workload: procedure.input(scopeInput.extend({ id: z.string().max(900) })).output(type<WorkloadDetail>()),
  hop: procedure.input(scopeInput.extend({ id: z.string().max(2000) })).output(type<HopDetail>()),
  /**
   * The whole graph as one document: the terminal's `graph show --json`. Refused as `exhausted` above 25,000 hops.
   * `facts` says where every fact that something rests on came from.
   */
  document: procedure.input(scopeInput).output(type<TrustGraph & { readonly facts: readonly FactReference[] }>()),
  /** Tells the service what is looked at, so that its sources are read every 5 s. */
  attend: procedure
    .input(scopeInput.extend({ selected: z.string().max(2000).nullable() }))
    .output(type<{ readonly attending: boolean }>()),
}
