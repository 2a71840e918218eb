import { AlertDialog } from '@base-ui/react/alert-dialog'
import { useRef, useState } from 'react'
import { Button } from './atoms.tsx'
import styles from './change-mode-dialog.module.css'
import popover from './popover.module.css'
import { TypedName } from './typed-name.tsx'

const lengths = [5, 15, 30, 60] as const

/** What turning on change mode means, for how long, and in production the typed name. */
export function ChangeModeDialog({
  environment,
  production,
  isOn,
  onEnable,
  onClose,
}: {
  readonly environment: string
  readonly production: boolean
  /** It is on already: a new time counts from now. */
  readonly isOn: boolean
  /** Gives a sentence when it failed, else null. */
  readonly onEnable: (minutes: number, typed: string | null) => Promise<string | null>
  readonly onClose: () => void
}) {
  const cancel = useRef<HTMLButtonElement>(null)
  const [minutes, setMinutes] = useState<number>(15)
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string | null>(null)
  const enable = async () => {
    setBusy(true)
    const problem = await onEnable(minutes, production ? typed : null)
    setBusy(false)
    setFailure(problem)
    if (problem === null) onClose()
  }
  return (
    <AlertDialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={popover.backdrop} forceRender />
        <AlertDialog.Popup className={popover.dialog} initialFocus={cancel} data-testid="change-mode-dialog">
          <form
            className={styles.body}
            onSubmit={(event) => {
              event.preventDefault()
              void enable()
            }}
          >
            <AlertDialog.Title render={<h2 />}>
              {isOn ? `Extend change mode of ${environment}` : `Turn on change mode for ${environment}`}
            </AlertDialog.Title>
            <AlertDialog.Description render={<p />}>
              Until it ends, policies of {environment} can be published and rolled back from this Everyhop. Each change
              still shows what it does and asks before it is done. Turning it on, off and every change are written to
              the journal.
            </AlertDialog.Description>
            <fieldset>
              <legend>For how long</legend>
              {lengths.map((length) => (
                <label key={length}>
                  <input type="radio" name="minutes" checked={minutes === length} onChange={() => setMinutes(length)} />
                  {length} minutes
                </label>
              ))}
            </fieldset>
            {production ? (
              <TypedName name={environment} verb="turn on change mode" value={typed} onChange={setTyped} />
            ) : null}
            {failure === null ? null : (
              <p role="alert" className={styles.failure}>
                {failure}
              </p>
            )}
            <div className={styles.actions}>
              <AlertDialog.Close ref={cancel} render={<Button>Cancel</Button>} />
              <Button primary type="submit" disabled={busy || (production && typed !== environment)}>
                {isOn ? `Extend to ${minutes} minutes` : 'Turn on change mode'}
              </Button>
            </div>
          </form>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
