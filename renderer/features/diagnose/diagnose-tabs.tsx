import { type DiagnoseAddress, type DiagnoseTab, diagnoseTabs } from './address.ts'
import styles from './diagnose.module.css'

const labels: Readonly<Record<DiagnoseTab, string>> = {
  refused: 'Refused',
  handshakes: 'Handshakes',
  identities: 'Identities',
}

/** What is asked about. Each has its own part of the address, which stays when another is looked at. */
export function DiagnoseTabs({
  address,
  go,
}: {
  readonly address: DiagnoseAddress
  readonly go: (address: DiagnoseAddress) => void
}) {
  const now = address.tab ?? 'refused'
  return (
    <nav className={styles.tabs} aria-label="What to diagnose">
      {diagnoseTabs.map((tab) => (
        <button
          key={tab}
          type="button"
          aria-current={tab === now ? 'page' : undefined}
          data-testid={`tab-${tab}`}
          onClick={() => go({ ...address, tab: tab === 'refused' ? undefined : tab })}
        >
          {labels[tab]}
        </button>
      ))}
    </nav>
  )
}
