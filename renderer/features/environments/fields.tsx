import { type ReactNode, useId } from 'react'
import styles from './environments.module.css'

/** A labelled text field; what is wrong with it stands under it and is read with it. */
export function TextField({
  label,
  value,
  onChange,
  placeholder,
  hint,
  problem,
  testId,
}: {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly placeholder?: string
  readonly hint?: string
  readonly problem?: string | undefined
  readonly testId?: string
}) {
  const id = useId()
  const below = problem ?? hint
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <div>
        <input
          id={id}
          className={styles.input}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          placeholder={placeholder}
          spellCheck={false}
          autoComplete="off"
          aria-invalid={problem !== undefined}
          aria-describedby={below === undefined ? undefined : `${id}-below`}
          data-testid={testId}
        />
        {below === undefined ? null : (
          <p id={`${id}-below`} className={problem === undefined ? styles.quiet : styles.problem}>
            {below}
          </p>
        )}
      </div>
    </div>
  )
}

export function ChoiceField<Value extends string>({
  label,
  value,
  onChange,
  choices,
  hint,
  testId,
}: {
  readonly label: string
  readonly value: Value
  readonly onChange: (value: Value) => void
  readonly choices: readonly (readonly [Value, string])[]
  readonly hint?: string
  readonly testId?: string
}) {
  const id = useId()
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <div>
        <select
          id={id}
          className={styles.input}
          value={value}
          onChange={(event) => {
            const chosen = choices.find(([candidate]) => candidate === event.target.value)
            if (chosen !== undefined) onChange(chosen[0])
          }}
          data-testid={testId}
        >
          {choices.map(([candidate, words]) => (
            <option key={candidate} value={candidate}>
              {words}
            </option>
          ))}
        </select>
        {hint === undefined ? null : <p className={styles.quiet}>{hint}</p>}
      </div>
    </div>
  )
}

/** Something that is told, where a field would stand. */
export function ToldField({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div className={styles.field}>
      <span>{label}</span>
      <div className={styles.told}>{children}</div>
    </div>
  )
}
