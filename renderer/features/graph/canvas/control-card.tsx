import { memo } from 'react'
import type { ControlComponent } from '../../../../shared/domain/model/graph.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { workloadStateLabel } from '../../../../shared/words/states.ts'
import { controlCardName } from '../control-name.ts'
import { ControlIcon } from '../icons.tsx'
import styles from './card.module.css'

/** What fits on a card; a longer summary stays in the name and the inspector. */
const longest = 22

/** A component of the control plane: compact, without a ring. */
export const ControlCard = memo(function ControlCard({
  component,
  selected,
  onSelect,
}: {
  readonly component: ControlComponent
  readonly selected: boolean
  readonly onSelect: (id: string) => void
}) {
  const summary = reasonSentence(component.summary)
  const sentence = `${component.name}, ${workloadStateLabel(component.state.state)}. ${summary}`
  return (
    <button
      type="button"
      className={`${styles.card} ${styles.control}`}
      data-testid={`node-${component.id}`}
      data-state={component.state.state}
      data-selected={selected}
      aria-label={sentence}
      aria-pressed={selected}
      title={sentence}
      onClick={() => onSelect(component.id)}
    >
      <ControlIcon kind={component.kind} size={18} strokeWidth={1.5} />
      <span className={styles.name}>{controlCardName(component)}</span>
      <span className={styles.countdown}>
        {summary.length <= longest ? summary : workloadStateLabel(component.state.state)}
      </span>
    </button>
  )
})
