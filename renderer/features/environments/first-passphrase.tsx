import { useId, useState } from 'react'
import { shortestPassphrase } from '../../../shared/contract/secrets.ts'
import { useFirstPassphrase } from '../../api/secrets.ts'
import { Button } from '../../ui/atoms.tsx'
import styles from './environments.module.css'

/** Asked where a secret is to be kept and nothing is there yet to keep it under. It is typed twice: nobody can look it up later. */
export function FirstPassphrase() {
  const id = useId()
  const [passphrase, setPassphrase] = useState('')
  const [again, setAgain] = useState('')
  const { busy, failure, choose } = useFirstPassphrase()
  const isLong = passphrase.length >= shortestPassphrase
  const problem =
    passphrase !== '' && !isLong
      ? `At least ${shortestPassphrase} characters.`
      : again !== '' && again !== passphrase
        ? 'These are two different passphrases.'
        : failure
  const give = async () => {
    await choose(passphrase)
    setPassphrase('')
    setAgain('')
  }
  return (
    <div data-testid="first-passphrase" style={{ display: 'contents' }}>
      <p className={styles.quiet}>
        Without a keyring a passphrase protects what Everyhop keeps. It is asked for once after each start; without it
        the secrets have to be put in anew.
      </p>
      <div className={styles.field}>
        <label htmlFor={`${id}-one`}>Passphrase</label>
        <input
          id={`${id}-one`}
          className={styles.input}
          type="password"
          value={passphrase}
          onChange={(event) => setPassphrase(event.target.value)}
          autoComplete="off"
        />
      </div>
      <div className={styles.field}>
        <label htmlFor={`${id}-two`}>Once more</label>
        <div className={styles.inline}>
          <input
            id={`${id}-two`}
            className={styles.input}
            type="password"
            value={again}
            onChange={(event) => setAgain(event.target.value)}
            autoComplete="off"
            aria-describedby={problem === null ? undefined : `${id}-problem`}
          />
          <Button disabled={busy || !isLong || again !== passphrase} onClick={() => void give()}>
            Choose it
          </Button>
        </div>
      </div>
      {problem === null ? null : (
        <p id={`${id}-problem`} className={styles.problem} role="alert">
          {problem}
        </p>
      )}
    </div>
  )
}
