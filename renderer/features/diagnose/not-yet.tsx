import { CircleHelp } from 'lucide-react'
import { failureSentence } from '../../api/environments.ts'
import { Button, Plate } from '../../ui/atoms.tsx'
import frame from './diagnose.module.css'

export interface NotYetProps {
  /** While it is looked at. */
  readonly looking: string
  /** When it could not be. */
  readonly failed: string
  readonly error: Error | null
  readonly onRetry: () => void
}

/** In place of an answer that is not there: it is looked at, or why it cannot be, with a way to try again. */
export function NotYet({ looking, failed, error, onRetry }: NotYetProps) {
  const icon = <CircleHelp size={20} aria-hidden="true" />
  if (error === null) return <Plate tone="info" icon={icon} title={looking} />
  return (
    <Plate
      tone="unknown"
      icon={icon}
      title={failed}
      literal={failureSentence(error)}
      actions={<Button onClick={onRetry}>Try again</Button>}
    />
  )
}

/** The same where it stands for two columns. */
export function NotYetColumns({
  middle,
  side,
  ...props
}: NotYetProps & {
  /** What the columns are called. */
  readonly middle: string
  readonly side: string
}) {
  return (
    <>
      <section className={frame.middle} aria-label={middle}>
        <NotYet {...props} />
      </section>
      <aside className={frame.side} aria-label={side} />
    </>
  )
}
