import { memo } from 'react'
import type { ZoneBox as Box } from '../layout/lanes.ts'
import styles from './zone.module.css'

/** A zone behind its cards. Outside zones are dotted: nothing there is under the same control. */
export const ZoneBox = memo(function ZoneBox({ box }: { readonly box: Box }) {
  return (
    <div
      className={styles.zone}
      data-kind={box.kind}
      style={{ width: box.width, height: box.height }}
      data-testid={`zone-${box.zone}`}
    />
  )
})

/** Its title, over the lines: a hop that enters the first card of a zone passes behind the words. */
export const ZoneTitle = memo(function ZoneTitle({ box, note }: { readonly box: Box; readonly note: string }) {
  return (
    <div className={styles.title} data-kind={box.kind}>
      <span>{box.part === 0 ? box.title : `${box.title}, continued`}</span>
      {note === '' ? null : <span className={styles.note}>{note}</span>}
    </div>
  )
})
