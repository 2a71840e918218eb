import { Dialog } from '@base-ui/react/dialog'
import type { CredentialProgram } from '../../../shared/contract/environment-setup.ts'
import { programText } from '../../../shared/words/environment-setup.ts'
import { Button } from '../../ui/atoms.tsx'
import popover from '../../ui/popover.module.css'
import styles from './environments.module.css'

/** What a kubeconfig wants to run, and where it says so. */
export interface AskedProgram {
  readonly context: string
  readonly user: string
  /** The kubeconfig; null: the files of KUBECONFIG together. */
  readonly file: string | null
  readonly program: CredentialProgram
}

/** Shows the program that a kubeconfig wants to run, exactly. Nothing has run until it is allowed here. */
export function ProgramDialog({
  asked: { context, user, file, program },
  why,
  onAllow,
  onClose,
}: {
  readonly asked: AskedProgram
  /** Why it is asked again; null: it is asked for the first time. */
  readonly why: string | null
  readonly onAllow: () => void
  readonly onClose: () => void
}) {
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={popover.backdrop} />
        <Dialog.Popup className={popover.dialog} data-testid="program-dialog">
          <div className={styles.dialog}>
            <Dialog.Title render={<h2 />}>Run this program for the context {context}?</Dialog.Title>
            {why === null ? null : <p>{why}</p>}
            <Dialog.Description render={<p />}>
              The user {user} of <code>{file ?? 'KUBECONFIG'}</code> gets its credentials by running a program on this
              computer, with your rights. It runs now, and again whenever the credentials end.
            </Dialog.Description>
            <pre className={styles.literal} data-testid="program">
              {programText(program)}
            </pre>
            <p className={styles.quiet}>
              {program.variables.length === 0
                ? 'It is given no variables of its own.'
                : `With these variables, whose values stay in the kubeconfig: ${program.variables.join(', ')}.`}{' '}
              It cannot ask you anything, and is stopped after 30 seconds. Whenever the kubeconfig names another
              program, other arguments or other variables, it does not run, and you are asked again.
            </p>
            <div className={styles.actions}>
              <Dialog.Close render={<Button autoFocus>Do not run it</Button>} />
              <Button primary onClick={onAllow}>
                Run {program.command.split(/[/\\]/).at(-1)}
              </Button>
            </div>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
