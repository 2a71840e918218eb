import type { ReactNode } from 'react'
import { Keys } from './atoms.tsx'
import styles from './status-line.module.css'

/** The line under a screen: what it stands on at the left, its keys at the right while there is room for them. */
export function StatusLine({
  testId,
  keys,
  children,
}: {
  readonly testId: string
  readonly keys: readonly (readonly [keys: readonly string[], does: string])[]
  readonly children: ReactNode
}) {
  return (
    <footer className={styles.status} data-testid={testId}>
      <span className={styles.left}>{children}</span>
      <span className={styles.right}>
        {keys.map(([pressed, does]) => (
          <span key={does}>
            <Keys keys={pressed} /> {does}
          </span>
        ))}
      </span>
    </footer>
  )
}
