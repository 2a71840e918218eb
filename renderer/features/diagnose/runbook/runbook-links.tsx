import { BookOpen } from 'lucide-react'
import { createContext, type ReactNode, useContext } from 'react'
import type { RunbookId } from '../../../../shared/domain/diagnosis/runbook-ids.ts'
import { runbookTitles } from '../../../../shared/words/runbooks.ts'
import type { RunbookAddress } from '../address.ts'
import styles from './runbook.module.css'

/** The address of a page over what is looked at. */
export const RunbookAddresses = createContext<(runbook: RunbookAddress) => string>(() => '#/diagnose')

/** Opens a page over what is looked at, which stays. */
export function RunbookLink({
  runbook,
  children = `Runbook: ${runbookTitles[runbook]}`,
}: {
  readonly runbook: RunbookId
  readonly children?: ReactNode
}) {
  const addressOfRunbook = useContext(RunbookAddresses)
  return (
    <a href={addressOfRunbook(runbook)} className={styles.link} data-testid={`runbook-${runbook}`}>
      <BookOpen size={14} aria-hidden="true" />
      {children}
    </a>
  )
}

export function RunbookLinks({ runbooks }: { readonly runbooks: readonly RunbookId[] }) {
  return (
    <ul className={styles.links}>
      {runbooks.map((runbook) => (
        <li key={runbook}>
          <RunbookLink runbook={runbook}>{runbookTitles[runbook]}</RunbookLink>
        </li>
      ))}
    </ul>
  )
}
