import { useId } from 'react'
import { failureSentence } from '../../api/environments.ts'
import { useBrowse } from '../../api/shell.ts'
import { Button } from '../../ui/atoms.tsx'
import styles from './evidence.module.css'

/** A path on the computer where Everyhop runs: typed, and chosen where there are dialogs. */
export function PathField({
  label,
  value,
  onChange,
  placeholder,
  hint,
  extensions,
  testId,
  onFailure,
}: {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly placeholder?: string
  readonly hint?: string
  /** To choose an existing file; without it a path is only typed. */
  readonly extensions?: readonly string[]
  readonly testId?: string
  readonly onFailure?: (words: string) => void
}) {
  const id = useId()
  const browse = useBrowse()
  const choose = () => {
    browse?.({ title: label, extensions: extensions ?? [] }).then(
      (path) => (path === null ? undefined : onChange(path)),
      (reason: unknown) => onFailure?.(failureSentence(reason)),
    )
  }
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <div className={styles.inline}>
        <input
          id={id}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          placeholder={placeholder}
          spellCheck={false}
          autoComplete="off"
          aria-describedby={hint === undefined ? undefined : `${id}-hint`}
          data-testid={testId}
        />
        {browse === null || extensions === undefined ? null : (
          <Button onClick={choose} aria-label={`Browse for ${label}`}>
            Browse…
          </Button>
        )}
      </div>
      {hint === undefined ? null : (
        <p id={`${id}-hint`} className={styles.meta}>
          {hint}
        </p>
      )}
    </div>
  )
}
