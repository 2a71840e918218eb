import { X } from 'lucide-react'
import type { GraphDifference } from '../../../shared/domain/history/model.ts'
import { Chip } from '../../ui/atoms.tsx'

export type Only = 'changed' | 'worse' | 'better'

const labels: readonly (readonly [Only, string])[] = [
  ['changed', 'Changed since'],
  ['worse', 'Worse'],
  ['better', 'Better'],
]

/** Dims what is not of one kind of change; pressed again, nothing is dimmed. */
export function CompareChips({
  difference,
  only,
  onOnly,
}: {
  readonly difference: GraphDifference
  readonly only: Only | null
  readonly onOnly: (only: Only | null) => void
}) {
  return labels.map(([kind, label]) => {
    const on = only === kind
    const count = countOf(difference, kind)
    return (
      <Chip
        key={kind}
        on={on}
        disabled={count === 0 && !on}
        onClick={() => onOnly(on ? null : kind)}
        data-testid={`only-${kind}`}
      >
        {on ? <b>{label}</b> : label} {count.toLocaleString('en-GB')}
        {on ? <X size={12} aria-hidden="true" /> : null}
      </Chip>
    )
  })
}

function countOf({ changes }: GraphDifference, kind: Only): number {
  return kind === 'changed' ? changes.length : changes.filter(({ direction }) => direction === kind).length
}
