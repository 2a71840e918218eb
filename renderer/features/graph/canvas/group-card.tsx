import { Layers } from 'lucide-react'
import { memo } from 'react'
import type { NodeItem } from '../../../../shared/domain/model/view.ts'
import { formatDuration } from '../../../../shared/words/durations.ts'
import { groupSentence, groupStateWords } from '../../../../shared/words/workload-sentences.ts'
import { useNow } from '../../../api/clock.tsx'
import { workloadTone } from '../looks.ts'
import styles from './card.module.css'

export type GroupItem = Extract<NodeItem, { type: 'group' }>

/** The card of a folded group: counts per state in words, the worst first. Enter opens it. */
export const GroupCard = memo(function GroupCard({
  group,
  selected,
  onSelect,
  onOpen,
}: {
  readonly group: GroupItem
  readonly selected: boolean
  readonly onSelect: (id: string) => void
  readonly onOpen: (id: string) => void
}) {
  const now = useNow(10_000)
  const sentence = groupSentence(group.name, group.states)
  return (
    <button
      type="button"
      className={`${styles.card} ${styles.group}`}
      data-testid={`node-${group.id}`}
      data-state={group.worst}
      data-selected={selected}
      data-dim={!group.matches}
      aria-label={`${sentence} Press Enter to open.`}
      title={sentence}
      onClick={(event) => {
        // A key press has no click count: Enter opens, a first click selects, a second opens.
        if (event.detail === 0 || selected) onOpen(group.id)
        else onSelect(group.id)
      }}
    >
      <Layers size={18} strokeWidth={1.5} aria-hidden="true" />
      <span className={styles.name}>{group.name}</span>
      <span className={styles.countdown}>
        {group.nextExpiryAt === null ? '' : `next expiry ${formatDuration(group.nextExpiryAt - now)}`}
      </span>
      <span className={styles.counts}>
        {groupStateWords(group.states).map((part) => (
          <span key={part.state} data-tone={workloadTone(part.state)}>
            {part.text}{' '}
          </span>
        ))}
      </span>
    </button>
  )
})
