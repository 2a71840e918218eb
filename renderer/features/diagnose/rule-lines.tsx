import { Fragment } from 'react'
import type { RuleTrace } from '../../../shared/domain/diagnosis/model.ts'
import { countOf } from '../../../shared/words/durations.ts'
import { addressOf } from '../../ui/address-of.ts'
import type { RefusalTone } from './looks.ts'
import parts from './parts.module.css'
import styles from './rule-lines.module.css'

/** Lines around the expression that decided: which held, which failed, and the values it saw. All of it is text. */
export function RuleLines({
  rule,
  environment,
  decisionId,
  tone,
}: {
  readonly rule: RuleTrace
  readonly environment: string | null
  readonly decisionId: string | null
  readonly tone: RefusalTone
}) {
  const { file, row, name, lines, revision, isRevisionThatDecided, alternatives, decidedBy, lookedFor } = rule
  const place = `${file}:${row}`
  return (
    <figure className={styles.rule} data-testid="rule-lines">
      <figcaption>
        {environment === null ? (
          <code>{place}</code>
        ) : (
          <a
            href={addressOf('policy', { env: environment, file, decision: decisionId })}
            title="Open the rule in the policy workbench (o)"
            data-open=""
          >
            <code>{place}</code>
          </a>
        )}
        {name === null ? null : <code>{name}</code>}
        <span>{revision === null ? 'revision not known' : revision}</span>
      </figcaption>
      {isRevisionThatDecided ? null : (
        <p className={styles.warning} role="note">
          The revision that decided is not to be had. These lines are of {revision ?? 'another one'}: the rule may have
          been otherwise then.
        </p>
      )}
      {alternatives === 0 ? null : (
        <p className={styles.warning} role="note">
          {countOf(alternatives, 'other rule')} got as far as this one; which of them was meant is not certain.
        </p>
      )}
      {/* It scrolls: the keyboard must be able to, too. */}
      <div className={`${parts.code} ${styles.code}`} tabIndex={0} role="group" aria-label={`Lines of ${place}`}>
        {lines.map((line) => {
          const isDeciding = line.row === row
          return (
            <Fragment key={line.row}>
              <div className={`${parts.line} ${styles.line}`} data-decided={isDeciding} data-tone={tone}>
                <span className={`${parts.row} ${styles.row}`}>{line.row}</span>
                <Outcome outcome={line.outcome} isWrong={isDeciding ? true : line.outcome === 'failed'} />
                <code>{line.text}</code>
              </div>
              {line.values.map((value) => (
                <div key={value.name} className={styles.value} data-tone={tone}>
                  <code>{value.name}</code>{' '}
                  {value.masked ? 'is masked in the log' : value.json === null ? 'is undefined' : '= '}
                  {value.masked || value.json === null ? null : <code className={styles.json}>{value.json}</code>}
                </div>
              ))}
            </Fragment>
          )
        })}
      </div>
      {lookedFor === null ? null : (
        <p className={styles.note}>
          It looked for <code>{lookedFor.json}</code> in <code>{lookedFor.at}</code>.
        </p>
      )}
      {decidedBy === 'held' ? <p className={styles.note}>Line {row} held: it is what the policy refuses for.</p> : null}
    </figure>
  )
}

function Outcome({ outcome, isWrong }: { readonly outcome: 'held' | 'failed' | null; readonly isWrong: boolean }) {
  if (outcome === null) return <span />
  return (
    <span className={styles.outcome} data-wrong={isWrong}>
      <span aria-hidden="true">{outcome === 'held' ? '✓' : '✕'}</span>
      <span className="visually-hidden">{outcome}</span>
    </span>
  )
}
