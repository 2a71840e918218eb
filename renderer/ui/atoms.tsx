import type { ButtonHTMLAttributes, ReactNode } from 'react'
import styles from './atoms.module.css'

/** Colour family of a state. Colour only repeats what shape, line and words say. */
export type Tone = 'ok' | 'warn' | 'fail' | 'deny' | 'unknown' | 'neutral' | 'info'

export function Button({
  primary = false,
  small = false,
  iconOnly = false,
  className,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & {
  readonly primary?: boolean
  readonly small?: boolean
  /** The button then needs an `aria-label`. */
  readonly iconOnly?: boolean
}) {
  const names = [
    styles.button,
    primary && styles.primary,
    small && styles.small,
    iconOnly && styles.iconOnly,
    className,
  ]
  return <button type="button" {...rest} className={names.filter(Boolean).join(' ')} />
}

export function Chip({ on, ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & { readonly on: boolean }) {
  return <button type="button" aria-pressed={on} {...rest} className={styles.chip} />
}

export function Keys({ keys }: { readonly keys: readonly string[] }) {
  return (
    <span className={styles.keys}>
      {keys.map((key, at) => (
        <kbd key={`${at + 1} ${key}`} className={styles.key}>
          {key}
        </kbd>
      ))}
    </span>
  )
}

/** A state as a rounded tag: glyph and words. */
export function Tag({
  tone,
  icon,
  children,
}: {
  readonly tone: Tone
  readonly icon?: ReactNode
  readonly children: ReactNode
}) {
  return (
    <span className={styles.tag} data-tone={tone}>
      {icon}
      <span>{children}</span>
    </span>
  )
}

export function Banner({
  tone,
  icon,
  action,
  children,
}: {
  readonly tone: 'unknown' | 'fail' | 'info' | 'warn'
  readonly icon: ReactNode
  readonly action?: ReactNode
  readonly children: ReactNode
}) {
  return (
    <div className={styles.banner} data-tone={tone} role={tone === 'fail' ? 'alert' : 'status'}>
      {icon}
      <div>{children}</div>
      {action}
    </div>
  )
}

/** A whole area with one message: what was looked at, what was found, and the next step. Never a bare picture. */
export function Plate({
  title,
  icon,
  tone,
  literal,
  actions,
  children,
}: {
  readonly title: string
  readonly icon: ReactNode
  readonly tone: 'info' | 'fail' | 'unknown'
  /** Words of a source, or a command, shown as they are. */
  readonly literal?: string
  readonly actions?: ReactNode
  readonly children?: ReactNode
}) {
  return (
    <div className={styles.plate} data-tone={tone}>
      <h2>
        {icon}
        {title}
      </h2>
      {literal === undefined ? null : <code className={styles.literal}>{literal}</code>}
      {children}
      {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
    </div>
  )
}
