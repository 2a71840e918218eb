import styles from './diagnose.module.css'
import type { DiagnoseProps } from './diagnose-props.ts'

/** The middle and the right column of the tab Refused: two elements of the grid. */
export function RequestView(_props: DiagnoseProps) {
  return (
    <>
      <section className={styles.middle} aria-label="Refused request" />
      <aside className={styles.side} aria-label="What to do" />
    </>
  )
}
