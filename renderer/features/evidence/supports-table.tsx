import type { SupportedControl } from '../../../shared/contract/evidence.ts'
import { artefactShortTitles } from '../../../shared/words/evidence.ts'
import styles from './evidence.module.css'

/** Which control each artefact is evidence for, and how strongly. It draws no conclusion. */
export function SupportsTable({ controls }: { readonly controls: readonly SupportedControl[] }) {
  return (
    <section className={styles.card} aria-label="What it supports">
      <header className={styles.cardHead}>
        <h2>What it supports</h2>
        <span className={styles.meta}>direct or supporting operating evidence; the assessor concludes</span>
      </header>
      {controls.length === 0 ? (
        <p className={styles.cardText}>No framework is chosen.</p>
      ) : (
        <div className={styles.tableWrap}>
          <table className={styles.table} data-testid="evidence-controls">
            <thead>
              <tr>
                <th scope="col">Framework</th>
                <th scope="col">Control</th>
                <th scope="col">Artefacts</th>
                <th scope="col">Strength</th>
                <th scope="col">Note</th>
              </tr>
            </thead>
            <tbody>
              {controls.map((row) => (
                <tr key={row.id}>
                  <td>{row.framework}</td>
                  <td>
                    <code>{row.control}</code>
                    <div className={styles.meta}>{row.title}</div>
                  </td>
                  <td>{row.artefacts.map((id) => artefactShortTitles[id]).join(', ')}</td>
                  <td>{row.strength}</td>
                  <td className={styles.muted}>{row.note}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
