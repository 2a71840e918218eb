import { type FormEvent, useState } from 'react'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { formatPast } from '../../../shared/words/moments.ts'
import { useLiveNow } from '../../api/clock.tsx'
import { useSaveSnapshot } from '../../api/snapshots.ts'
import { Button } from '../../ui/atoms.tsx'
import styles from './compare-panel.module.css'

/** Writes what is known at a time into one file, which opens without any connection. */
export function SaveSnapshot({
  environment,
  at,
  onClose,
}: {
  readonly environment: string
  readonly at: EpochMs | null
  readonly onClose: () => void
}) {
  const now = useLiveNow(1000)
  const [file, setFile] = useState('')
  const { busy, failure, saved, save } = useSaveSnapshot(environment)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void save(at, file.trim())
  }
  return (
    <form className={styles.save} onSubmit={submit} data-testid="snapshot-form">
      <label htmlFor="snapshot-file">Save the state of {at === null ? 'now' : formatPast(at, now)} as</label>
      <input
        id="snapshot-file"
        value={file}
        onChange={(event) => setFile(event.target.value)}
        placeholder={`/var/tmp/${environment}.everyhop-snapshot`}
        spellCheck={false}
        autoComplete="off"
        maxLength={4096}
      />
      <small>An absolute path on the machine where Everyhop runs. A file that is there is never overwritten.</small>
      <div className={styles.buttons}>
        <Button type="submit" disabled={busy || file.trim() === ''}>
          {busy ? 'Saving…' : 'Save snapshot'}
        </Button>
        <Button onClick={onClose}>Close</Button>
      </div>
      {failure === null ? null : <p role="alert">{failure}</p>}
      {saved === null ? null : (
        <p role="status">
          Saved as {saved.file}, {Math.max(1, Math.round(saved.bytes / 1024)).toLocaleString('en-GB')} KiB.
        </p>
      )}
    </form>
  )
}
