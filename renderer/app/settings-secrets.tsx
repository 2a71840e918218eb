import { type FormEvent, type ReactNode, useId, useState } from 'react'
import { shortestPassphrase } from '../../shared/contract/secrets.ts'
import { formatMoment } from '../../shared/words/durations.ts'
import { secretsSentence } from '../../shared/words/secrets.ts'
import { failureSentence } from '../api/environments.ts'
import { useSecretCommands, useSecretList, useSecretsState } from '../api/secrets.ts'
import { FirstPassphrase } from '../features/environments/first-passphrase.tsx'
import { Button } from '../ui/atoms.tsx'
import styles from './settings.module.css'

/** What protects the secrets, their names, and what can be done with them. Values never come here. */
export function SettingsSecrets({ children }: { readonly children: ReactNode }) {
  const { data: state } = useSecretsState()
  const { data: kept, error } = useSecretList()
  const { busy, failure, lock, remove, change } = useSecretCommands()
  const [asked, setAsked] = useState<string | null>(null)
  const [changes, setChanges] = useState(false)
  if (state === undefined) return null
  const isOpen = state.condition === 'open' && state.protection === 'passphrase'
  return (
    <>
      <p className={styles.quiet} data-testid="secrets-sentence">
        {secretsSentence(state)}
      </p>
      {state.condition === 'unset' ? <FirstPassphrase /> : null}
      {error === null ? null : <p className={styles.problem}>{failureSentence(error)}</p>}
      <ul className={styles.list} aria-label="Secrets that are kept">
        {(kept ?? []).map(({ name, changedAt }) => (
          <li key={name}>
            <code>{name}</code>
            <small>changed {formatMoment(changedAt)}</small>
            {asked === name ? (
              <span className={styles.ask}>
                What refers to it can no longer sign in.{' '}
                <Button
                  small
                  disabled={busy}
                  onClick={() => {
                    setAsked(null)
                    void remove(name)
                  }}
                >
                  Forget it
                </Button>{' '}
                <Button small autoFocus onClick={() => setAsked(null)}>
                  Keep it
                </Button>
              </span>
            ) : (
              <Button small disabled={busy} onClick={() => setAsked(name)} aria-label={`Remove ${name}…`}>
                Remove…
              </Button>
            )}
          </li>
        ))}
      </ul>
      {kept?.length === 0 ? <p className={styles.quiet}>None is kept.</p> : null}
      {children}
      {isOpen ? (
        <div className={styles.actions}>
          <Button disabled={busy} onClick={() => void lock()}>
            Lock now
          </Button>
          <Button onClick={() => setChanges(!changes)} aria-expanded={changes}>
            Another passphrase…
          </Button>
        </div>
      ) : null}
      {isOpen && changes ? <AnotherPassphrase busy={busy} change={change} onDone={() => setChanges(false)} /> : null}
      {failure === null ? null : (
        <p className={styles.problem} role="alert">
          {failure}
        </p>
      )}
    </>
  )
}

/** The new one is typed twice: a slip of a finger would seal everything for ever. */
function AnotherPassphrase({
  busy,
  change,
  onDone,
}: {
  readonly busy: boolean
  readonly change: (current: string, passphrase: string) => Promise<boolean>
  readonly onDone: () => void
}) {
  const [typed, setTyped] = useState({ current: '', passphrase: '', again: '' })
  const { current, passphrase, again } = typed
  const problem =
    passphrase !== '' && passphrase.length < shortestPassphrase
      ? `At least ${shortestPassphrase} characters.`
      : again !== '' && again !== passphrase
        ? 'These are two different passphrases.'
        : null
  const isWhole = current !== '' && passphrase.length >= shortestPassphrase && again === passphrase
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (!isWhole || busy) return
    const isChanged = await change(current, passphrase)
    setTyped({ current: '', passphrase: '', again: '' })
    if (isChanged) onDone()
  }
  return (
    <form className={styles.form} onSubmit={(event) => void submit(event)} data-testid="another-passphrase">
      <Hidden label="Present one" value={current} onChange={(value) => setTyped({ ...typed, current: value })} />
      <Hidden label="New one" value={passphrase} onChange={(value) => setTyped({ ...typed, passphrase: value })} />
      <Hidden label="Once more" value={again} onChange={(value) => setTyped({ ...typed, again: value })} />
      {problem === null ? null : (
        <p className={styles.problem} role="alert">
          {problem}
        </p>
      )}
      <div className={styles.actions}>
        <Button primary type="submit" disabled={busy || !isWhole}>
          Seal everything anew
        </Button>
      </div>
    </form>
  )
}

function Hidden({
  label,
  value,
  onChange,
}: {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
}) {
  const id = useId()
  return (
    <div className={styles.hidden}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className={styles.input}
        type="password"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        autoComplete="off"
      />
    </div>
  )
}
