import type { FactReference, Hop, HopSide, Known, Reason, TrustGraph, Workload } from '../../model/graph.ts'
import type { EpochMs } from '../../model/time.ts'
import type { Evidence, EvidenceClass } from '../model.ts'
import { type Refusal, refusalOf } from './decode.ts'
import type { SideSights } from './leaf.ts'

export interface HandshakeCase {
  readonly graph: TrustGraph
  readonly hop: Hop
  readonly now: EpochMs
  readonly keys: Readonly<Record<End, SideKeys>>
  readonly sights: Readonly<Record<End, SideSights>>
  /** What judgements of the graph rest on, by fact id. */
  readonly facts: ReadonlyMap<string, FactReference>
}

/** Key identifiers (RFC 5280, 4.2.1.1 and 4.2.1.2), lower-case hex: by them a leaf is held against a bundle, never by names. */
export interface SideKeys {
  /** Authority key identifier of the side's own leaf. */
  readonly issuer: Known<string>
  /** Subject key identifiers of the roots it trusts. */
  readonly trusted: Known<readonly string[]>
}

export type End = 'client' | 'server'

/** A hop with both ends named and what their logs say of the last failure. */
export interface HandshakeView {
  readonly of: HandshakeCase
  readonly workloads: Readonly<Record<End, Workload | null>>
  readonly names: { readonly client: string; readonly server: string }
  readonly refusals: readonly (Refusal & {
    readonly text: string
    readonly at: EpochMs
    readonly fact: FactReference
  })[]
}

export function viewOfHandshake(of: HandshakeCase): HandshakeView {
  const { graph, hop } = of
  const workload = (id: string): Workload | null => graph.workloads.find((each) => each.id === id) ?? null
  const workloads = { client: workload(hop.from), server: workload(hop.to) }
  const refusals = (['client', 'server'] as const).flatMap((end) => {
    const { lastError } = hop[end]
    if (!lastError.known || lastError.value === null) return []
    const { text, at } = lastError.value
    const refusal = refusalOf(text, end)
    return refusal === null ? [] : [{ ...refusal, text, at, fact: lastError.fact }]
  })
  return {
    of,
    workloads,
    names: { client: workloads.client?.name ?? hop.from, server: workloads.server?.name ?? hop.to },
    refusals,
  }
}

export function other(end: End): End {
  return end === 'client' ? 'server' : 'client'
}

export function sideOf(view: HandshakeView, end: End): HopSide {
  return view.of.hop[end]
}

/** A known value as evidence. */
export function seen<Value>(
  known: Known<Value>,
  reason: Reason,
  weight: EvidenceClass,
  literal: string | null = null,
): Evidence | null {
  if (!known.known) return null
  // Of a source that has gone silent it is what was true once.
  return { class: known.stale ? 'state-now' : weight, reason, literal, from: { kind: 'fact', fact: known.fact } }
}

/** What a log says, as evidence. The alert for a mismatch of identities names other causes too, so it decides nothing alone. */
export function said(refusal: HandshakeView['refusals'][number], reason: Reason): Evidence {
  const isVague = refusal.problem === 'certificate-unknown' || refusal.problem === 'other'
  return {
    class: isVague ? 'counter' : 'decisive',
    reason,
    literal: refusal.text,
    from: { kind: 'fact', fact: refusal.fact },
  }
}
