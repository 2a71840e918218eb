import { Dialog } from '@base-ui/react/dialog'
import { KeyRound } from 'lucide-react'
import { type FormEvent, useId, useState } from 'react'
import { secretsProblemSentence } from '../../shared/words/secrets.ts'
import { useLockedHere, useSecretsState, useUnlock } from '../api/secrets.ts'
import { Button } from '../ui/atoms.tsx'
import popover from '../ui/popover.module.css'
import frame from './frame.module.css'
import styles from './unlock.module.css'

/**
 * Asks once for the passphrase when the secrets are locked; who does not give it finds the question in the rail. Nothing is
 * there while the secrets can be used.
 */
export function UnlockSecrets() {
  const { data } = useSecretsState()
  const [isDismissed, setDismissed] = useState(false)
  const [isAsked, setAsked] = useState(false)
  const isLockedHere = useLockedHere()
  if (data === undefined || data.condition === 'open' || data.condition === 'unset' || data.count === 0) return null
  const isLocked = data.condition === 'locked'
  const isOpen = isAsked || (isLocked && !isDismissed && !isLockedHere)
  const close = () => {
    setAsked(false)
    setDismissed(true)
  }
  return (
    <>
      <button type="button" className={frame.entry} data-testid="secrets-locked" onClick={() => setAsked(true)}>
        <KeyRound size={20} strokeWidth={1.75} aria-hidden="true" className={styles.icon} />
        <span>{isLocked ? 'Unlock' : 'Secrets'}</span>
      </button>
      <Dialog.Root open={isOpen} onOpenChange={(open) => (open ? setAsked(true) : close())}>
        <Dialog.Portal>
          <Dialog.Backdrop className={popover.backdrop} />
          <Dialog.Popup className={popover.dialog} data-testid="unlock-dialog">
            {isLocked ? (
              <UnlockForm count={data.count ?? 0} onDone={close} />
            ) : (
              <div className={styles.body}>
                <Dialog.Title render={<h2 />}>The secrets cannot be used</Dialog.Title>
                <Dialog.Description render={<p />}>{secretsProblemSentence(data)}</Dialog.Description>
                <p>Until then, sources that sign in with a secret cannot be read, and say so.</p>
                <div className={styles.actions}>
                  <Dialog.Close render={<Button primary>Close</Button>} />
                </div>
              </div>
            )}
          </Dialog.Popup>
        </Dialog.Portal>
      </Dialog.Root>
    </>
  )
}

function UnlockForm({ count, onDone }: { readonly count: number; readonly onDone: () => void }) {
  const id = useId()
  const [passphrase, setPassphrase] = useState('')
  const { busy, failure, unlock } = useUnlock()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (passphrase === '' || busy) return
    const isOpen = await unlock(passphrase)
    // Kept for another try only when it was wrong, and then it is typed anew.
    setPassphrase('')
    if (isOpen) onDone()
  }
  return (
    <form className={styles.body} onSubmit={(event) => void submit(event)}>
      <Dialog.Title render={<h2 />}>Unlock the secrets</Dialog.Title>
      <Dialog.Description render={<p />}>
        {count === 1 ? '1 secret is' : `${count} secrets are`} sealed under your passphrase. Without it, sources that
        sign in with a secret cannot be read; everything else works.
      </Dialog.Description>
      <label htmlFor={id}>Passphrase</label>
      <input
        id={id}
        type="password"
        className={styles.input}
        value={passphrase}
        onChange={(event) => setPassphrase(event.target.value)}
        autoComplete="off"
        aria-invalid={failure !== null}
        aria-describedby={failure === null ? undefined : `${id}-failure`}
      />
      {failure === null ? null : (
        <p id={`${id}-failure`} className={styles.failure} role="alert">
          {failure}
        </p>
      )}
      <div className={styles.actions}>
        <Dialog.Close render={<Button>Not now</Button>} />
        <Button primary type="submit" disabled={busy || passphrase === ''}>
          {busy ? 'Unlocking…' : 'Unlock'}
        </Button>
      </div>
    </form>
  )
}
