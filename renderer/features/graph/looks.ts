import type {
  AuthorisationState,
  ClaimState,
  Relation,
  TransportState,
  WorkloadState,
} from '../../../shared/domain/model/hop-state.ts'
import { authorisationSeverity, transportSeverity } from '../../../shared/domain/model/hop-state.ts'
import type { EdgeItem, NodeItem } from '../../../shared/domain/model/view.ts'
import { assertNever } from '../../../shared/lib/assert-never.ts'
import type { Tone } from '../../ui/atoms.tsx'

/**
 * How a line is drawn. `granted`: fine dots of a hop that may happen but was not seen; `none`: only the band; `ghost`: only
 * the time has it that is compared with.
 */
export type LineStyle = TransportState | 'granted' | 'none' | 'ghost'

export interface LineLook {
  readonly line: LineStyle
  /** Pale band under the line: intended. */
  readonly band: boolean
  /** Null: the line carries no glyph (granted and intended are layers, not states). */
  readonly glyph: TransportState | null
}

/** Tone of a transport state. */
export function transportTone(state: TransportState): Tone {
  switch (state) {
    case 'verified':
      return 'ok'
    case 'one-sided':
    case 'plaintext':
      return 'warn'
    case 'failing':
      return 'fail'
    case 'configured':
      return 'neutral'
    case 'unknown':
      return 'unknown'
    default:
      return assertNever(state)
  }
}

/** A denial is not a fault: policy said no is violet, something broke is red. */
export function authorisationTone(state: AuthorisationState): Tone {
  switch (state) {
    case 'allowing':
      return 'ok'
    case 'denying':
      return 'deny'
    case 'erroring':
    case 'failing-open':
      return 'fail'
    case 'unguarded':
      return 'warn'
    case 'unknown':
      return 'unknown'
    default:
      return assertNever(state)
  }
}

export function workloadTone(state: WorkloadState): Tone {
  switch (state) {
    case 'verified':
      return 'ok'
    case 'attention':
    case 'no-identity':
      return 'warn'
    case 'failing':
      return 'fail'
    case 'unknown':
      return 'unknown'
    case 'external':
      return 'neutral'
    default:
      return assertNever(state)
  }
}

/** Another identity than the proved one misleads whoever believes it; what is only said proves nothing either way. */
export function claimTone(state: ClaimState): Tone {
  switch (state) {
    case 'consistent':
    case 'unclaimed':
      return 'ok'
    case 'forwarded':
      return 'neutral'
    case 'contradicted':
      return 'warn'
    case 'unknown':
      return 'unknown'
    default:
      return assertNever(state)
  }
}

/** The parts of an edge that decide how it looks, the same for a hop and for a bundle of hops. */
export interface EdgeFacts {
  readonly transport: TransportState
  readonly authorisation: AuthorisationState
  readonly relations: readonly Relation[]
  /** Requests claim to come from another. Of a bundle not known: then the callee’s own state tells. */
  readonly isMisleading?: boolean
}

export function factsOfEdge(edge: EdgeItem): EdgeFacts {
  return edge.type === 'hop'
    ? {
        transport: edge.hop.transport.state,
        authorisation: edge.hop.authorisation.state,
        relations: edge.hop.relations,
        isMisleading: edge.hop.identityClaim.state === 'contradicted',
      }
    : { transport: edge.worst, authorisation: edge.worstAuthorisation, relations: edge.relations }
}

/** Bundles of a folded view carry no band: hundreds of bands would hide what differs. */
export function edgeLook(edge: EdgeItem, layers: ReadonlySet<Relation>): LineLook | null {
  const look = lineLook(factsOfEdge(edge), layers)
  return look !== null && edge.type === 'bundle' && look.line !== 'none' ? { ...look, band: false } : look
}

/** The look of an edge with these layers switched on; null: not drawn. Band = intended, dots = granted, line = observed. */
export function lineLook(facts: EdgeFacts, layers: ReadonlySet<Relation>): LineLook | null {
  const has = (relation: Relation) => facts.relations.includes(relation)
  const shown = (relation: Relation) => has(relation) && layers.has(relation)
  if (facts.relations.length > 0 && !facts.relations.some((relation) => layers.has(relation))) return null
  const band = shown('intended')
  const style = lineStyle(facts, has, shown)
  if (style === 'granted' || style === 'none') return { line: style, band, glyph: null }
  return { line: style, band, glyph: style }
}

function lineStyle(
  { transport, relations }: EdgeFacts,
  has: (relation: Relation) => boolean,
  shown: (relation: Relation) => boolean,
): Exclude<LineStyle, 'ghost'> {
  if (shown('observed')) return transport
  if (has('observed')) return shown('granted') ? 'granted' : 'none'
  // Not observed, but something is known about the wire: a failing or plaintext hop is never hidden behind a layer.
  if (transport !== 'unknown' && transport !== 'verified') return transport
  if (shown('granted')) return 'granted'
  return relations.length === 0 ? transport : 'none'
}

/** Worse is lower: the order of tab stops, of the table, and of who gets the better place for its words. */
export function edgeRank(facts: EdgeFacts): number {
  const rank = Math.min(
    transportSeverity.indexOf(facts.transport) * 2,
    authorisationSeverity.indexOf(facts.authorisation) * 2 + 1,
  )
  // As bad as a call that nobody decides about: both leave it to the callee whom it believes.
  return facts.isMisleading === true ? Math.min(rank, authorisationSeverity.indexOf('unguarded') * 2 + 1) : rank
}

/** Whether an edge is something to look at: "next problem" goes from one of these to the next. */
export function isProblemEdge(facts: EdgeFacts): boolean {
  return (
    facts.transport === 'failing' ||
    facts.transport === 'plaintext' ||
    facts.transport === 'one-sided' ||
    facts.authorisation === 'failing-open' ||
    facts.authorisation === 'erroring' ||
    facts.authorisation === 'unguarded' ||
    facts.isMisleading === true
  )
}

export function stateOfNode(item: NodeItem): WorkloadState {
  return item.type === 'group' ? item.worst : item.workload.state.state
}

export function isProblemNode(state: WorkloadState): boolean {
  return state === 'failing' || state === 'attention' || state === 'no-identity'
}
