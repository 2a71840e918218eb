import type { Fact, FactKind, FactOf } from '../../../shared/domain/model/fact.ts'
import type { HistoryReader } from '../../core/history-store.ts'

export interface SpanOf<Kind extends FactKind> {
  readonly fact: FactOf<Kind>
  /** As it is known of its end: what counts went on. */
  readonly latest: FactOf<Kind>
  readonly from: number
  readonly to: number | null
}

/** Facts of one kind while they were true, oldest first. */
export function factSpans<Kind extends FactKind>(
  history: Pick<HistoryReader, 'spans'>,
  window: { readonly from: number; readonly to: number },
  kind: Kind,
): readonly SpanOf<Kind>[] {
  const found: SpanOf<Kind>[] = []
  for (const { fact, latest, from, to } of history.spans(window, [kind])) {
    if (isOf(fact, kind)) found.push({ fact, latest: isOf(latest, kind) ? latest : fact, from, to })
  }
  return found.toSorted((one, other) => one.from - other.from)
}

function isOf<Kind extends FactKind>(fact: Fact, kind: Kind): fact is FactOf<Kind> {
  return fact.kind === kind
}
