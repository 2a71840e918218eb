import { Dialog } from '@base-ui/react/dialog'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useBrowse } from '../api/shell.ts'
import { useOpenSnapshot } from '../api/snapshots.ts'
import { Button } from '../ui/atoms.tsx'
import popover from '../ui/popover.module.css'
import styles from './overlays.module.css'

/** Asks for the file of a snapshot and looks at it, without any connection. */
export function OpenSnapshotDialog({
  open,
  onOpenChange,
}: {
  readonly open: boolean
  readonly onOpenChange: (open: boolean) => void
}) {
  const navigate = useNavigate()
  const browse = useBrowse()
  const [file, setFile] = useState('')
  const { busy, failure, forget, open: openFile } = useOpenSnapshot()
  const close = () => {
    forget()
    onOpenChange(false)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void openFile(file.trim(), (environment) => {
      close()
      void navigate({ to: '/graph', search: { env: environment, at: undefined } })
    })
  }
  const choose = async () => {
    const chosen = await browse?.({ title: 'Open a snapshot', extensions: ['everyhop-snapshot'] })
    if (chosen !== null && chosen !== undefined) setFile(chosen)
  }
  return (
    <Dialog.Root open={open} onOpenChange={(next) => (next ? onOpenChange(true) : close())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={popover.backdrop} />
        <Dialog.Popup className={popover.dialog}>
          <header className={styles.header}>
            <Dialog.Title render={<h2 />}>Open a snapshot</Dialog.Title>
          </header>
          <form className={styles.snapshot} onSubmit={submit} data-testid="open-snapshot">
            <p>
              A snapshot holds what was known of one environment at one time. Nothing is read, and nothing can be
              changed.
            </p>
            <label htmlFor="snapshot-to-open">File</label>
            <div className={styles.snapshotFile}>
              <input
                id="snapshot-to-open"
                value={file}
                onChange={(event) => setFile(event.target.value)}
                placeholder="lab.everyhop-snapshot, with its whole path"
                spellCheck={false}
                autoComplete="off"
                maxLength={4096}
              />
              {browse === null ? null : <Button onClick={() => void choose()}>Browse…</Button>}
            </div>
            {failure === null ? null : <p role="alert">{failure}</p>}
            <div className={styles.snapshotButtons}>
              <Button type="submit" primary disabled={busy || file.trim() === ''}>
                {busy ? 'Opening…' : 'Open snapshot'}
              </Button>
              <Button onClick={close}>Cancel</Button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
