import styles from '../diagnose.module.css'
import type { DiagnoseProps } from '../diagnose-props.ts'

/** The middle and the right column of the tab Identities: two elements of the grid. */
export function IdentitiesView(_props: DiagnoseProps) {
  return (
    <>
      <section className={styles.middle} aria-label="Identity" />
      <aside className={styles.side} aria-label="What to do" />
    </>
  )
}
