import { Dialog } from '@base-ui/react/dialog'
import type { Convergence, RevisionId } from '../../../../shared/domain/model/policy.ts'
import { revisionName } from '../../../../shared/words/policy.ts'
import { recheckedFor } from '../../../../shared/words/policy-release.ts'
import { Button } from '../../../ui/atoms.tsx'
import popover from '../../../ui/popover.module.css'
import styles from './publish-dialog.module.css'
import { RecheckView } from './recheck-view.tsx'

/** Whether what was refused lately passes under what is live: asked for at any time, also where not every OPA has it. */
export function RecheckDialog({
  environment,
  bundle,
  before,
  live,
  convergence,
  onClose,
}: {
  readonly environment: string
  readonly bundle: string
  readonly before: RevisionId
  readonly live: RevisionId
  readonly convergence: Convergence | null
  readonly onClose: () => void
}) {
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={popover.backdrop} />
        <Dialog.Popup className={`${popover.dialog} ${styles.dialog}`} data-testid="recheck-dialog">
          <header className={styles.head}>
            <div>
              <Dialog.Title render={<h2 />}>Refused requests under {revisionName(live)}</Dialog.Title>
              <Dialog.Description render={<p />}>
                Those of the last hour, on an OPA of Everyhop’s own, beside {revisionName(before)}. Nothing is sent
                anywhere.
              </Dialog.Description>
            </div>
          </header>
          <div className={styles.body}>
            <RecheckView
              environment={environment}
              bundle={bundle}
              before={before}
              after={live}
              whom={convergence === null ? '' : recheckedFor(convergence)}
            />
          </div>
          <footer className={styles.foot}>
            <span />
            <Dialog.Close render={<Button>Close</Button>} />
          </footer>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
