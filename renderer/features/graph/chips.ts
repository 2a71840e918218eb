import type { GraphCounts } from '../../../shared/domain/model/view.ts'

/** A ready filter with the number of what it finds. */
export interface QuickChip {
  readonly label: string
  readonly filter: string
  readonly count: number
}

/**
 * Quick filters of the view bar. The first four always stand there, with a zero when there is nothing: a missing chip
 * would not say that nobody looked. The rest appear when there is something to find.
 */
export function quickChips(counts: GraphCounts): readonly QuickChip[] {
  const { transport, authorisation } = counts
  const always: readonly QuickChip[] = [
    { label: 'Failing', filter: 'tls:failing', count: transport.failing },
    { label: 'Plaintext', filter: 'tls:plaintext', count: transport.plaintext },
    { label: 'Denying', filter: 'authz:denying', count: authorisation.denying },
    { label: 'Unknown', filter: 'tls:unknown', count: transport.unknown },
  ]
  const sometimes: readonly QuickChip[] = [
    { label: 'One-sided', filter: 'tls:one-sided', count: transport['one-sided'] },
    { label: 'No answer', filter: 'authz:erroring', count: authorisation.erroring },
    { label: 'Fails open', filter: 'authz:failing-open', count: authorisation['failing-open'] },
    { label: 'Unguarded', filter: 'authz:unguarded', count: authorisation.unguarded },
  ]
  return [...always, ...sometimes.filter((chip) => chip.count > 0)]
}
