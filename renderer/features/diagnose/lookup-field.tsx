import { Search } from 'lucide-react'
import { useId, useState } from 'react'
import { Keys } from '../../ui/atoms.tsx'
import styles from './diagnose.module.css'
import { placeIn } from './pasted-address.ts'

/** A field that asks on Enter, and opens an address that was copied from a window. Give it a key of what is asked for now: another one starts with another text. */
export function LookupField({
  label,
  initial,
  most,
  placeholder,
  failure = null,
  testId,
  onAsk,
}: {
  readonly label: string
  readonly initial: string
  readonly most: number
  readonly placeholder: string
  /** Why the text cannot be asked for. */
  readonly failure?: string | null
  readonly testId: string
  /** The text without space around it; never empty. */
  readonly onAsk: (text: string) => void
}) {
  const [typed, setTyped] = useState(initial)
  const id = useId()
  return (
    <form
      className={styles.lookup}
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        const text = typed.trim()
        const place = placeIn(text)
        if (place !== null) window.location.hash = place
        else if (text !== '') onAsk(text)
      }}
    >
      <label htmlFor={id}>{label}</label>
      <span className={styles.field}>
        <Search size={14} aria-hidden="true" />
        <input
          id={id}
          value={typed}
          maxLength={most}
          placeholder={placeholder}
          spellCheck={false}
          autoComplete="off"
          aria-invalid={failure !== null}
          aria-describedby={failure === null ? undefined : `${id}-failure`}
          data-testid={testId}
          onChange={(event) => setTyped(event.target.value)}
        />
        <Keys keys={['⏎']} />
      </span>
      {failure === null ? null : (
        <p id={`${id}-failure`} className={styles.lookupFailure} role="alert">
          {failure}
        </p>
      )}
    </form>
  )
}
