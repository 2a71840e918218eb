import { Check, CircleHelp, Copy } from 'lucide-react'
import type { ReactNode } from 'react'
import type { NextStep, OpenQuestion, RuledOut } from '../../../shared/domain/diagnosis/model.ts'
import type { RunbookId } from '../../../shared/domain/diagnosis/runbook-ids.ts'
import { causeLabel, evidenceSourceText } from '../../../shared/words/diagnosis.ts'
import { reasonSentence } from '../../../shared/words/reasons.ts'
import { runbookTitles } from '../../../shared/words/runbooks.ts'
import { capitalise } from '../../../shared/words/states.ts'
import { Button } from '../../ui/atoms.tsx'
import styles from './aside-parts.module.css'
import parts from './parts.module.css'
import { RunbookLink } from './runbook/runbook-links.tsx'

export function AsideSection({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className={styles.asideSection}>
      <h3 className={parts.capitals}>{title}</h3>
      {children}
    </section>
  )
}

/** What a person would do: places in the window, and commands to copy. Everyhop runs none of them. */
export function NextSteps({
  next,
  linkOf,
  onCopy,
}: {
  readonly next: readonly NextStep[]
  /** Address of a place in the window; null: it has none. */
  readonly linkOf: (open: NonNullable<NextStep['open']>) => string | null
  readonly onCopy: (text: string) => void
}) {
  if (next.length === 0) return <p className={parts.quiet}>Nothing is to be done.</p>
  return (
    <ol className={styles.steps}>
      {next.map(({ reason, command, open, runbook }) => {
        const sentence = reasonSentence(reason)
        const link = open === null ? null : linkOf(open)
        return (
          <li key={`${sentence} ${command ?? ''}`}>
            {runbook !== undefined ? (
              <RunbookStep runbook={runbook} code={reason.code} />
            ) : link === null ? (
              sentence
            ) : (
              <a href={link}>{sentence}</a>
            )}
            {command === null ? null : <Command text={command} onCopy={onCopy} />}
          </li>
        )
      })}
    </ol>
  )
}

/** In the window a page is opened, and not named by the file that it is in. */
function RunbookStep({ runbook, code }: { readonly runbook: RunbookId; readonly code: string }) {
  return (
    <span>
      {code === 'runbook-of-image' ? 'If nobody knows the image that runs there: ' : 'Follow the runbook: '}
      <RunbookLink runbook={runbook}>{runbookTitles[runbook]}</RunbookLink>
    </span>
  )
}

/** A command or a manifest to copy. */
export function Command({
  text,
  label = 'Copy command',
  onCopy,
}: {
  readonly text: string
  readonly label?: string
  readonly onCopy: (text: string) => void
}) {
  return (
    <div className={styles.command}>
      {/* It scrolls: the keyboard must be able to, too. */}
      <pre tabIndex={0} aria-label={label.replace(/^Copy /, '')}>
        {text}
      </pre>
      <Button small onClick={() => onCopy(text)}>
        <Copy size={12} aria-hidden="true" />
        {label}
      </Button>
    </div>
  )
}

export function RuledOutList({ ruledOut }: { readonly ruledOut: readonly RuledOut[] }) {
  if (ruledOut.length === 0) return <p className={parts.quiet}>Nothing could be ruled out.</p>
  return (
    <ul className={parts.marked}>
      {ruledOut.map(({ cause, reason, evidence }) => (
        <li key={cause}>
          <Check size={16} aria-hidden="true" className={parts.toned} data-tone="ok" />
          <span>
            {capitalise(causeLabel(cause))}
            <small>{reasonSentence(reason)}</small>
            <small>{evidenceSourceText(evidence.from)}</small>
          </span>
        </li>
      ))}
    </ul>
  )
}

export function OpenList({ open }: { readonly open: readonly OpenQuestion[] }) {
  if (open.length === 0) return <p className={parts.quiet}>Nothing is open.</p>
  const questions = new Map(open.map((each) => [reasonSentence(each.reason), each]))
  return (
    <ul className={parts.marked}>
      {[...questions].map(([sentence, { couldChangeVerdict }]) => (
        <li key={sentence}>
          <CircleHelp size={16} aria-hidden="true" />
          <span>
            {sentence}
            <small>{couldChangeVerdict ? 'Could change the verdict.' : 'Does not change the verdict.'}</small>
          </span>
        </li>
      ))}
    </ul>
  )
}
