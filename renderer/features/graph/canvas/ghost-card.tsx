import { memo } from 'react'
import styles from './card.module.css'

/** Where something stands at the other time that is not there at the one that is shown. */
export const GhostCard = memo(function GhostCard({
  id,
  name,
  isYetToCome,
  isCompact,
}: {
  readonly id: string
  readonly name: string
  readonly isYetToCome: boolean
  readonly isCompact: boolean
}) {
  return (
    <div
      className={`${styles.card} ${styles.ghost}`}
      data-testid={`ghost-${id}`}
      data-compact={isCompact}
      role="img"
      aria-label={`${name}, ${noteOf(isYetToCome)}`}
    >
      <span className={styles.ghostName}>{name}</span>
      <span>{noteOf(isYetToCome)}</span>
    </div>
  )
})

function noteOf(isYetToCome: boolean): string {
  return isYetToCome ? 'not there yet' : 'not there any more'
}
