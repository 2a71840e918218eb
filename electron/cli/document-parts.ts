import type { DocumentReason } from '../../shared/contract/document-parts.ts'
import type { Judgement, Known, Reason } from '../../shared/domain/model/graph.ts'
import { reasonSentence } from '../../shared/words/reasons.ts'

/** A state with its sentence and with times that can be read. */
export function judgementOf<State extends string>(judgement: Judgement<State>) {
  return {
    state: judgement.state,
    reason: reasonOf(judgement.reason),
    basis: judgement.basis,
    since: isoOrNull(judgement.since),
    restsOn: [...judgement.restsOn],
    missing: judgement.missing.map((each) => ({ ...each, lastReadAt: isoOrNull(each.lastReadAt) })),
  }
}

export function knownOf<Value, Out>(value: Known<Value>, convert: (value: Value) => Out) {
  if (!value.known) return { known: false as const, reason: reasonOf(value.reason) }
  return { known: true as const, value: convert(value.value), fact: value.fact.factId, stale: value.stale }
}

export function reasonOf(reason: Reason): DocumentReason {
  return { code: reason.code, sentence: reasonSentence(reason), params: { ...reason.params } }
}

export function same<Value>(value: Value): Value {
  return value
}

export function isoOf(at: number): string {
  return new Date(at).toISOString()
}

export function isoOrNull(at: number | null): string | null {
  return at === null ? null : isoOf(at)
}
