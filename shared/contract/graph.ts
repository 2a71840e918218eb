import { type } from '@orpc/contract'
import { z } from 'zod'
import type { Fact } from '../domain/model/fact.ts'
import type { ControlComponent, FactReference, Hop, TrustGraph, Workload } from '../domain/model/graph.ts'
import type { EpochMs } from '../domain/model/time.ts'
import type { FilterProblem, Found, GraphChanges, GraphView, HopLine, PastPart } from '../domain/model/view.ts'
import { environmentInput, scopeInput } from './environments.ts'
import { procedure } from './procedure.ts'

export type {
  EdgeItem,
  Found,
  GraphChanges,
  GraphCounts,
  GraphView,
  HopLine,
  NodeItem,
  PastPart,
} from '../domain/model/view.ts'

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

export interface ControlDetail {
  readonly asOf: EpochMs
  readonly component: ControlComponent
  readonly facts: readonly Fact[]
}

export interface GraphDocumentParts extends TrustGraph {
  /** Where every fact that something in it rests on came from. */
  readonly facts: readonly FactReference[]
  /** The filter has a word that is not known, so nothing was filtered. */
  readonly filterProblem: FilterProblem | null
  /** What was recorded of the past time that it is of; null: it is of now. */
  readonly past: PastPart | null
}

export const graph = {
  view: procedure.input(viewInput).output(type<GraphView>()),
  changes: procedure.input(viewInput.extend({ since: z.number().int().min(0) })).output(type<GraphChanges>()),
  workload: procedure.input(scopeInput.extend({ id: z.string().max(900) })).output(type<WorkloadDetail>()),
  control: procedure.input(scopeInput.extend({ id: z.string().max(900) })).output(type<ControlDetail>()),
  hop: procedure.input(scopeInput.extend({ id: z.string().max(2000) })).output(type<HopDetail>()),
  /** Workloads and hops by what they are called, of the whole graph, also of what is folded in a view. */
  search: procedure.input(scopeInput.extend({ text: z.string().max(500) })).output(type<Found>()),
  /**
   * The graph as one document, or what a filter leaves of its workloads and hops: the terminal's `graph show --json`. Refused as
   * `exhausted` where more than 25,000 hops are left.
   */
  document: procedure
    .input(scopeInput.extend({ filter: z.string().max(500).default('') }))
    .output(type<GraphDocumentParts>()),
  /** Tells the service what is looked at, so that its sources are read every 5 s. */
  attend: procedure
    .input(environmentInput.extend({ selected: z.string().max(2000).nullable() }))
    .output(type<{ readonly attending: boolean }>()),
}
