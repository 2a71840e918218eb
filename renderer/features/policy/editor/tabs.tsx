import { FileText, X } from 'lucide-react'
import type { Bench } from './bench.ts'
import styles from './tabs.module.css'
import { useBenchState } from './use-bench.ts'

/** The open files. A dot: not written yet, which autosave does within a second. */
export function Tabs({ bench }: { readonly bench: Bench }) {
  const { tabs, active, unsaved } = useBenchState(bench)
  return (
    <ul className={styles.tabs} aria-label="Open files">
      {tabs.map((path) => {
        const name = path.split('/').at(-1) ?? path
        const isUnsaved = unsaved.includes(path)
        return (
          <li key={path} className={styles.tab} data-active={path === active}>
            <button
              type="button"
              aria-current={path === active ? 'true' : undefined}
              title={path}
              onClick={() => void bench.open(path)}
              onAuxClick={(event) => (event.button === 1 ? void bench.close(path) : undefined)}
            >
              <FileText size={14} aria-hidden="true" />
              {name}
              {isUnsaved ? <span className={styles.dot} role="img" aria-label="not saved yet" /> : null}
            </button>
            <button
              type="button"
              className={styles.close}
              aria-label={`Close ${path}`}
              onClick={() => void bench.close(path)}
            >
              <X size={13} aria-hidden="true" />
            </button>
          </li>
        )
      })}
    </ul>
  )
}
