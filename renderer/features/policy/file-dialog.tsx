import { Dialog } from '@base-ui/react/dialog'
import { useState } from 'react'
import { useCommand } from '../../api/environments.ts'
import { Button } from '../../ui/atoms.tsx'
import popover from '../../ui/popover.module.css'
import styles from './dialogs.module.css'

export type FileAction = { readonly kind: 'create' } | { readonly kind: 'rename' | 'remove'; readonly path: string }

/** Names a new file, renames or removes one. Folders come and go with their files. */
export function FileDialog({
  action,
  taken,
  onClose,
  onCreate,
  onRename,
  onRemove,
}: {
  readonly action: FileAction
  readonly taken: readonly string[]
  readonly onClose: () => void
  readonly onCreate: (path: string) => Promise<void>
  readonly onRename: (from: string, to: string) => Promise<void>
  readonly onRemove: (path: string) => Promise<void>
}) {
  const [path, setPath] = useState('path' in action ? action.path : '')
  const { busy, failure, run } = useCommand()
  const before = 'path' in action ? action.path : null
  const refusal =
    action.kind === 'remove' || path === before || path === ''
      ? null
      : taken.includes(path)
        ? 'There is a file of this name already.'
        : /^\/|\/$|\\|(^|\/)\.\.?(\/|$)|\/\//.test(path)
          ? 'A path inside the bundle: folders and a name, with / between them.'
          : null
  const words = {
    create: { title: 'New file', button: 'Create the file' },
    rename: { title: `Rename ${before ?? ''}`, button: 'Rename' },
    remove: { title: `Delete ${before ?? ''}?`, button: 'Delete the file' },
  }[action.kind]
  const go = async () => {
    const isDone = await run(async () => {
      if (action.kind === 'create') await onCreate(path)
      else if (action.kind === 'rename') await onRename(action.path, path)
      else await onRemove(action.path)
    })
    if (isDone) onClose()
  }
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={popover.backdrop} />
        <Dialog.Popup className={popover.dialog} data-testid="file-dialog">
          <form
            className={styles.dialog}
            onSubmit={(event) => {
              event.preventDefault()
              void go()
            }}
          >
            <Dialog.Title render={<h2 />}>{words.title}</Dialog.Title>
            {action.kind === 'remove' ? (
              <Dialog.Description render={<p />}>
                Only in this draft: what is deployed keeps it until the draft is published.
              </Dialog.Description>
            ) : (
              <label className={styles.field}>
                Path in the bundle
                <input
                  value={path}
                  placeholder="pipeline/authz.rego"
                  spellCheck={false}
                  aria-invalid={refusal !== null}
                  onChange={(event) => setPath(event.target.value.trim())}
                />
                {refusal === null ? null : <span className={styles.problem}>{refusal}</span>}
              </label>
            )}
            {failure === null ? null : (
              <p className={styles.problem} role="alert">
                {failure}
              </p>
            )}
            <div className={styles.actions}>
              <Dialog.Close render={<Button>Cancel</Button>} />
              <Button type="submit" primary disabled={busy || refusal !== null || path === ''}>
                {words.button}
              </Button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
