import { AlertDialog } from '@base-ui/react/alert-dialog'
import { useCommand } from '../../api/environments.ts'
import { Button } from '../../ui/atoms.tsx'
import popover from '../../ui/popover.module.css'
import styles from './dialogs.module.css'
import type { Bench } from './editor/bench.ts'
import type { EditConflict } from './editor/bench-state.ts'

/** Somebody else wrote a file that is being edited: both are shown, and nothing is thrown away unasked. */
export function ConflictDialog({ bench, conflict }: { readonly bench: Bench; readonly conflict: EditConflict }) {
  const { path, mine, theirs } = conflict
  const { busy, failure, run } = useCommand()
  return (
    <AlertDialog.Root open>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={popover.backdrop} />
        <AlertDialog.Popup className={`${popover.dialog} ${styles.wide}`} data-testid="conflict-dialog">
          <div className={styles.dialog}>
            <AlertDialog.Title render={<h2 />}>
              {path} was {theirs === null ? 'removed' : 'changed'} by somebody else
            </AlertDialog.Title>
            <AlertDialog.Description render={<p />}>
              {theirs === null
                ? 'You have edited it. Keeping it writes it again; closing it throws away what is in the editor.'
                : 'You have edited it, too. Rows that only one side has are marked. What you do not choose is one undo away.'}
            </AlertDialog.Description>
            <div className={styles.sides}>
              <section>
                <h3>In this editor</h3>
                <pre data-testid="conflict-mine" tabIndex={0}>
                  {marked(mine, theirs?.text ?? '')}
                </pre>
              </section>
              <section>
                <h3>{theirs === null ? 'On the disk it is gone' : 'On the disk'}</h3>
                <pre data-testid="conflict-theirs" tabIndex={0}>
                  {theirs === null ? '' : marked(theirs.text, mine)}
                </pre>
              </section>
            </div>
            {failure === null ? null : (
              <p className={styles.problem} role="alert">
                {failure}
              </p>
            )}
            <div className={styles.actions}>
              <Button disabled={busy} onClick={() => void run(() => bench.settle('theirs'))}>
                {theirs === null ? 'Close the file' : 'Take what is on the disk'}
              </Button>
              <Button primary disabled={busy} onClick={() => void run(() => bench.settle('mine'))}>
                Keep what is in the editor
              </Button>
            </div>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}

function marked(text: string, other: string) {
  const known = new Set(other.split('\n'))
  return text.split('\n').map((row, at) => (
    <span key={`${at + 1}`}>
      {known.has(row) ? row : <mark>{row}</mark>}
      {'\n'}
    </span>
  ))
}
