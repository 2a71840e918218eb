import { Dialog } from '@base-ui/react/dialog'
import { CircleCheck, Download, OctagonX, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { type JournalEntry, mostEntries } from '../../../../shared/contract/changes.ts'
import { formatClock, formatMoment } from '../../../../shared/words/durations.ts'
import {
  journalAction,
  journalCheckSentence,
  journalDetails,
  journalPhase,
  unfinishedSentence,
} from '../../../../shared/words/policy-journal.ts'
import { useJournal, useJournalCheck, useWholeJournal } from '../../../api/changes.ts'
import { useNow } from '../../../api/clock.tsx'
import { failureSentence, useCommand } from '../../../api/environments.ts'
import { Banner, Button, Chip } from '../../../ui/atoms.tsx'
import popover from '../../../ui/popover.module.css'
import { ndjsonOf } from './export.ts'
import styles from './journal.module.css'

/** What was changed through Everyhop, whether its chain holds, and the whole of it as a file. */
export function JournalDialog({
  environment,
  onClose,
}: {
  readonly environment: string
  readonly onClose: () => void
}) {
  const [all, setAll] = useState(false)
  const journal = useJournal(all ? null : environment)
  const check = useJournalCheck()
  const whole = useWholeJournal()
  const exporting = useCommand()
  const now = useNow(10_000)
  const entries = journal.data ?? []
  const unfinished = check.data === undefined ? null : unfinishedSentence(check.data)
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={popover.backdrop} />
        <Dialog.Popup className={`${popover.dialog} ${styles.dialog}`} data-testid="journal-dialog">
          <header className={styles.head}>
            <Dialog.Title render={<h2 />}>Journal</Dialog.Title>
            <Dialog.Description render={<p />}>
              Written before each change begins and again when it ended. Each entry holds the hash of the one before.
            </Dialog.Description>
            <div className={styles.bar}>
              <Chip on={!all} onClick={() => setAll(false)}>
                {environment}
              </Chip>
              <Chip on={all} onClick={() => setAll(true)}>
                All environments
              </Chip>
              <span className={styles.grow} />
              <Button small disabled={check.isFetching} onClick={() => void check.refetch()}>
                Verify again
              </Button>
              <Button
                small
                disabled={entries.length === 0 || exporting.busy}
                onClick={() => void exporting.run(async () => save(await whole(all ? null : environment)))}
                data-testid="journal-export"
              >
                <Download size={12} aria-hidden="true" />
                Export NDJSON
              </Button>
            </div>
          </header>
          <div className={styles.body}>
            {check.error === null ? null : <p className={styles.problem}>{failureSentence(check.error)}</p>}
            {check.data === undefined ? (
              <p role="status">Following the chain…</p>
            ) : (
              <div data-testid="journal-check" data-intact={check.data.intact}>
                <Banner
                  tone={check.data.intact ? 'info' : 'fail'}
                  icon={
                    check.data.intact ? (
                      <CircleCheck size={16} aria-hidden="true" />
                    ) : (
                      <OctagonX size={16} aria-hidden="true" />
                    )
                  }
                >
                  {journalCheckSentence(check.data)}
                  {check.data.head === null ? null : (
                    <>
                      {' '}
                      Latest hash: <code>{check.data.head}</code>
                    </>
                  )}
                </Banner>
              </div>
            )}
            {unfinished === null ? null : (
              <Banner tone="warn" icon={<TriangleAlert size={16} aria-hidden="true" />}>
                {unfinished}
              </Banner>
            )}
            {journal.error === null ? null : <p className={styles.problem}>{failureSentence(journal.error)}</p>}
            {exporting.failure === null ? null : <p className={styles.problem}>{exporting.failure}</p>}
            <div className={styles.scroll} tabIndex={0} role="group" aria-label="Entries">
              <table className={styles.table} data-testid="journal-entries">
                <thead>
                  <tr>
                    <th>No.</th>
                    <th>Time</th>
                    {all ? <th>Environment</th> : null}
                    <th>Action</th>
                    <th>State</th>
                    <th>By</th>
                    <th>What</th>
                  </tr>
                </thead>
                <tbody>
                  {entries.map((entry) => (
                    <tr key={entry.number} title={`SHA-256 ${entry.hash}`} data-phase={entry.phase}>
                      <td className={styles.number}>{entry.number}</td>
                      <td title={formatMoment(entry.at)}>{formatClock(entry.at, now)}</td>
                      {all ? <td>{entry.environment}</td> : null}
                      <td>{journalAction(entry.action)}</td>
                      <td className={entry.phase === 'failed' ? styles.problem : undefined}>
                        {journalPhase(entry.phase)}
                        {entry.begunBy === null ? '' : `, begun by ${entry.begunBy}`}
                      </td>
                      <td>{entry.actor}</td>
                      <td className={styles.what}>{journalDetails(entry)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {journal.data === undefined || entries.length > 0 ? null : (
                <p className={styles.quiet}>Nothing was changed through this Everyhop yet.</p>
              )}
            </div>
            {entries.length < mostEntries ? null : (
              <p className={styles.quiet}>
                The latest {mostEntries.toLocaleString('en-GB')} are shown. The export holds all.
              </p>
            )}
          </div>
          <footer className={styles.foot}>
            <Dialog.Close render={<Button>Close</Button>} />
          </footer>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function save(entries: readonly JournalEntry[]): void {
  const address = URL.createObjectURL(new Blob([ndjsonOf(entries)], { type: 'application/x-ndjson' }))
  const link = document.createElement('a')
  link.href = address
  link.download = 'everyhop-journal.ndjson'
  link.click()
  // The browser has taken the address when the click returns; the content stays until it was read.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
