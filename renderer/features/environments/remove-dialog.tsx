import { AlertDialog } from '@base-ui/react/alert-dialog'
import { useState } from 'react'
import { useApi } from '../../api/api-context.tsx'
import { useCommand, useListAgain } from '../../api/environments.ts'
import { Button } from '../../ui/atoms.tsx'
import popover from '../../ui/popover.module.css'
import styles from './environments.module.css'

/** Says what removing does before it is done. */
export function RemoveDialog({ environment, onClose }: { readonly environment: string; readonly onClose: () => void }) {
  const { client } = useApi()
  const listAgain = useListAgain()
  const { busy, failure, run } = useCommand()
  const [movedTo, setMovedTo] = useState<string | null>(null)
  const remove = () =>
    run(async () => {
      const moved = await client.environments.remove({ environment })
      setMovedTo(moved.movedTo)
      await listAgain()
    })
  return (
    <AlertDialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={popover.backdrop} />
        <AlertDialog.Popup className={popover.dialog} data-testid="remove-dialog">
          <div className={styles.dialog}>
            <AlertDialog.Title render={<h2 />}>
              {movedTo === null ? `Remove ${environment}?` : `${environment} was removed`}
            </AlertDialog.Title>
            <AlertDialog.Description render={<p />}>
              {movedTo === null
                ? 'Everyhop stops reading it, and its file is moved aside. Nothing is deleted, and nothing changes in the systems themselves.'
                : 'To have it back, give the file its old name:'}
            </AlertDialog.Description>
            {movedTo === null ? null : <pre className={styles.literal}>{movedTo}</pre>}
            {failure === null ? null : (
              <p className={styles.problem} role="alert">
                {failure}
              </p>
            )}
            <div className={styles.actions}>
              <AlertDialog.Close render={<Button>{movedTo === null ? 'Keep it' : 'Close'}</Button>} />
              {movedTo === null ? (
                <Button primary disabled={busy} onClick={() => void remove()}>
                  Remove {environment}
                </Button>
              ) : null}
            </div>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
