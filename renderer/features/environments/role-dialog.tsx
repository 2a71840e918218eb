import { Dialog } from '@base-ui/react/dialog'
import { useQuery } from '@tanstack/react-query'
import { Copy } from 'lucide-react'
import { useState } from 'react'
import type { SourceTestReport } from '../../../shared/contract/environments.ts'
import { roleAdvice } from '../../../shared/words/environment-setup.ts'
import { useApi } from '../../api/api-context.tsx'
import { failureSentence } from '../../api/environments.ts'
import { Button } from '../../ui/atoms.tsx'
import popover from '../../ui/popover.module.css'
import styles from './environments.module.css'

/** What to ask for, ready to be copied: of a cluster only the rights that are missing. */
export function RoleDialog({
  ask,
  onClose,
}: {
  readonly ask: NonNullable<SourceTestReport['ask']>
  readonly onClose: () => void
}) {
  const { queries } = useApi()
  const { data, error } = useQuery(
    queries.environments.role.queryOptions({
      input: { ...ask, rights: ask.rights === null ? null : [...ask.rights] },
      retry: false,
    }),
  )
  const [said, setSaid] = useState('')
  const copy = (text: string) => {
    navigator.clipboard.writeText(text).then(
      () => setSaid('Copied.'),
      () => setSaid('The clipboard cannot be written here: select the text.'),
    )
  }
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={popover.backdrop} />
        <Dialog.Popup className={popover.dialog} data-testid="role-dialog">
          <div className={styles.dialog}>
            <Dialog.Title render={<h2 />}>
              {ask.rights === null ? 'The rights to ask for' : 'The missing rights'}
            </Dialog.Title>
            <Dialog.Description render={<p />}>{roleAdvice(ask.kind)}</Dialog.Description>
            {error === null ? null : <p role="alert">{failureSentence(error)}</p>}
            <pre className={styles.manifest} data-testid="role-text" tabIndex={0} aria-label="Text of the rights">
              {data?.text ?? (error === null ? 'Asking…' : '')}
            </pre>
            <div className={styles.actions}>
              <span className={styles.grow} role="status">
                {said === '' && data !== undefined ? (
                  <span className={styles.quiet}>Explained in {data.page}.</span>
                ) : (
                  said
                )}
              </span>
              <Dialog.Close render={<Button>Close</Button>} />
              <Button primary disabled={data === undefined} onClick={() => copy(data?.text ?? '')}>
                <Copy size={14} aria-hidden="true" /> Copy the text
              </Button>
            </div>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
