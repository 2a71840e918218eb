import { CodeXml, RotateCw } from 'lucide-react'
import type { ProposedChange, SmallestChange } from '../../../shared/domain/diagnosis/change/model.ts'
import type { RequestDiagnosis } from '../../../shared/domain/diagnosis/model.ts'
import { reasonSentence } from '../../../shared/words/reasons.ts'
import { useOpenDraft, useSmallestChange } from '../../api/diagnosis.ts'
import { failureSentence } from '../../api/environments.ts'
import { addressOf } from '../../ui/address-of.ts'
import { Button, Tag } from '../../ui/atoms.tsx'
import { AsideSection } from './aside-parts.tsx'
import { toneOfCause } from './looks.ts'
import parts from './parts.module.css'
import styles from './request-change.module.css'

const kinds: Readonly<Record<ProposedChange['kind'], string>> = {
  data: 'Data; the rule stays as it is',
  input: 'The request; the policy stays as it is',
  rule: 'A rule, which loosens it',
}

/** The least that would let this request pass, each tried with an OPA of our own. */
export function RequestChange({
  environment,
  diagnosis,
  decisionId,
}: {
  readonly environment: string
  readonly diagnosis: RequestDiagnosis
  readonly decisionId: string
}) {
  const isDenied = toneOfCause(diagnosis.verdict.cause) === 'deny'
  const query = useSmallestChange(environment, isDenied ? decisionId : null)
  if (!isDenied) return null
  return (
    <AsideSection title="Smallest change that allows it">
      <div data-testid="smallest-change">
        {query.data !== undefined ? (
          <Changes
            environment={environment}
            change={query.data}
            onAgain={query.isFetching ? null : () => void query.refetch()}
          />
        ) : query.error === null ? (
          <p className={styles.quiet} role="status">
            Trying changes…
          </p>
        ) : (
          <p className={styles.quiet}>{failureSentence(query.error)}</p>
        )}
      </div>
    </AsideSection>
  )
}

function Changes({
  environment,
  change,
  onAgain,
}: {
  readonly environment: string
  readonly change: SmallestChange
  /** Null: it is being tried. */
  readonly onAgain: (() => void) | null
}) {
  const { changes, none, masked, isRevisionThatDecided, basedOn, isComplete, evaluations } = change
  const [first, ...others] = changes
  return (
    <>
      {first === undefined ? (
        <p className={styles.quiet}>{none === null ? 'None was found.' : reasonSentence(none)}</p>
      ) : (
        <Proposed environment={environment} decisionId={change.decisionId} change={first} isFirst />
      )}
      {others.length === 0 ? null : (
        <details className={styles.others}>
          <summary>{others.length === 1 ? 'One other way' : `${others.length} other ways`}</summary>
          {others.map((other) => (
            <Proposed
              key={other.id}
              environment={environment}
              decisionId={change.decisionId}
              change={other}
              isFirst={false}
            />
          ))}
        </details>
      )}
      {first === undefined ? null : (
        <p className={styles.quiet}>
          Based on {basedOn?.revision ?? 'a revision that is not known'}
          {isRevisionThatDecided ? ', which decided it' : ', which is not the one that decided'}. Tried by {evaluations}{' '}
          evaluations{isComplete ? '' : '; not everything could be tried in the time'}.
        </p>
      )}
      {first !== undefined || isComplete ? null : (
        <Button small disabled={onAgain === null} onClick={() => onAgain?.()} data-testid="try-changes-again">
          <RotateCw size={12} aria-hidden="true" />
          {onAgain === null ? 'Trying changes…' : 'Try again'}
        </Button>
      )}
      {masked.length === 0 ? null : (
        <p className={styles.quiet}>
          Masked in the recorded input: <code>{masked.join(', ')}</code>. Where they decide, nothing is proven.
        </p>
      )}
    </>
  )
}

function Proposed({
  environment,
  decisionId,
  change,
  isFirst,
}: {
  readonly environment: string
  readonly decisionId: string
  readonly change: ProposedChange
  readonly isFirst: boolean
}) {
  const { kind, reason, loosens, proven, file, difference, draft } = change
  const opening = useOpenDraft(environment)
  return (
    <div className={styles.proposed} data-kind={kind} data-testid="proposed-change">
      <p>{reasonSentence(reason)}</p>
      <p className={styles.tags}>
        <Tag tone={loosens ? 'warn' : 'neutral'}>{kinds[kind]}</Tag>
        <Tag tone={proven ? 'ok' : 'unknown'}>{proven ? 'Tried: it allows it' : 'Not proven'}</Tag>
      </p>
      {/* It scrolls: the keyboard must be able to, too. */}
      <div
        className={`${parts.code} ${styles.difference}`}
        tabIndex={0}
        role="group"
        aria-label={`Difference of ${file ?? 'the input'}`}
      >
        {file === null ? null : <div className={styles.file}>{file}</div>}
        {difference.map((line) => (
          <div key={`${line.kind} ${line.row}`} className={`${parts.line} ${styles.line}`} data-kind={line.kind}>
            <span className={`${parts.row} ${styles.row}`}>{line.row}</span>
            <span aria-hidden="true">{line.kind === 'removed' ? '−' : line.kind === 'added' ? '+' : ''}</span>
            <code>
              {line.kind === 'same' ? null : <span className="visually-hidden">{line.kind}: </span>}
              {line.text}
            </code>
          </div>
        ))}
      </div>
      {draft === null ? null : (
        <Button
          primary={isFirst}
          disabled={opening.busy}
          data-testid="open-as-draft"
          onClick={() =>
            void opening.open(draft, (id) => {
              window.location.hash = addressOf('policy', {
                env: environment,
                bundle: draft.bundle,
                draft: id,
                file,
                // The same decision, against what the draft says.
                decision: decisionId,
              }).slice(1)
            })
          }
        >
          <CodeXml size={14} aria-hidden="true" />
          Open as draft
        </Button>
      )}
      {opening.failure === null ? null : (
        <p className={styles.failure} role="alert">
          {opening.failure}
        </p>
      )}
    </div>
  )
}
