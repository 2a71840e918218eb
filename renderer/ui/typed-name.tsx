import { useId } from 'react'
import styles from './typed-name.module.css'

/** In production the name of the environment is typed, letter by letter, by whoever means it. */
export function TypedName({
  name,
  verb,
  value,
  onChange,
}: {
  readonly name: string
  /** "publish", "turn on change mode". */
  readonly verb: string
  readonly value: string
  readonly onChange: (value: string) => void
}) {
  const id = useId()
  const matching = matchingCharacters(name, value)
  return (
    <div className={styles.typed}>
      <label htmlFor={id}>
        Type <code>{name}</code> to {verb}
      </label>
      <div>
        <input
          id={id}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          aria-describedby={`${id}-count`}
          data-testid="typed-name"
        />
        <small id={`${id}-count`}>
          {value === name ? 'It matches.' : `${matching} of ${name.length} characters match`}
        </small>
      </div>
    </div>
  )
}

/** How many characters from the start are those of the name. */
export function matchingCharacters(name: string, value: string): number {
  let count = 0
  while (count < value.length && value[count] === name[count]) count += 1
  return count
}
