import { type ReactNode, useId } from 'react'
import { useCommand } from '../../api/environments.ts'
import { useBrowse, type WantedFile } from '../../api/shell.ts'
import { Button } from '../../ui/atoms.tsx'
import styles from './environments.module.css'

export interface TextFieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly placeholder?: string
  readonly hint?: string
  readonly problem?: string | undefined
  readonly testId?: string
  /** Nobody types any more: the field was left, or Enter was pressed. */
  readonly onDone?: () => void
  /** Beside the field. */
  readonly action?: ReactNode
}

/** A labelled text field; what is wrong with it stands under it and is read with it. */
export function TextField({
  label,
  value,
  onChange,
  placeholder,
  hint,
  problem,
  testId,
  onDone,
  action,
}: TextFieldProps) {
  const id = useId()
  const below = problem ?? hint
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <div>
        <div className={styles.inline}>
          <input
            id={id}
            className={styles.input}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            onBlur={onDone}
            onKeyDown={(event) => (event.key === 'Enter' ? onDone?.() : undefined)}
            placeholder={placeholder}
            spellCheck={false}
            autoComplete="off"
            aria-invalid={problem !== undefined}
            aria-describedby={below === undefined ? undefined : `${id}-below`}
            data-testid={testId}
          />
          {action}
        </div>
        {below === undefined ? null : (
          <p id={`${id}-below`} className={problem === undefined ? styles.quiet : styles.problem}>
            {below}
          </p>
        )}
      </div>
    </div>
  )
}

/** The path of a file on this computer: typed, and chosen where there are dialogs. */
export function FileField({
  extensions = [],
  onChosen,
  ...field
}: Omit<TextFieldProps, 'action'> & {
  readonly extensions?: readonly string[]
  /** Instead of `onChange`, when a path came from the dialog. */
  readonly onChosen?: (path: string) => void
}) {
  const { failure, browse } = useBrowsing({ title: field.label, extensions }, onChosen ?? field.onChange)
  return <TextField {...field} problem={field.problem ?? failure ?? undefined} action={browse} />
}

/** The button that opens the dialog, where there is one, and why it did not open. */
export function useBrowsing(
  wanted: WantedFile,
  onChosen: (path: string) => void,
): { readonly failure: string | null; readonly browse: ReactNode } {
  const choose = useBrowse()
  const { busy, failure, run } = useCommand()
  if (choose === null) return { failure: null, browse: null }
  const ask = () =>
    void run(async () => {
      const path = await choose(wanted)
      if (path !== null) onChosen(path)
    })
  return {
    failure,
    browse: (
      <Button onClick={ask} disabled={busy} aria-label={`Browse for ${wanted.title}`}>
        Browse…
      </Button>
    ),
  }
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
