import { memo } from 'react'
import type { ZoneBox as Box } from '../layout/lanes.ts'
import styles from './zone.module.css'

/** A zone behind its cards. Outside zones are dotted: nothing there is under the same control. */
export const ZoneBox = memo(function ZoneBox({ box, note }: { readonly box: Box; readonly note: string }) {
  return (
    <div
      className={styles.zone}
      data-kind={box.kind}
      style={{ width: box.width, height: box.height }}
      data-testid={`zone-${box.zone}`}
    >
      <span className={styles.title}>
        {box.part === 0 ? box.title : `${box.title}, continued`}
        {note === '' ? null : <span className={styles.note}>{note}</span>}
      </span>
    </div>
  )
})
