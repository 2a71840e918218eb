import type { RequestDiagnosis } from '../../../shared/domain/diagnosis/model.ts'
import { claimSourceText, subjectLine } from '../../../shared/words/diagnosis-trace.ts'
import { formatMoment } from '../../../shared/words/durations.ts'
import { toneOfCause } from './looks.ts'
import styles from './request.module.css'
import trace from './request-trace.module.css'
import { VerdictCard } from './verdict-card.tsx'

/** The verdict on a request, with what was asked of whom, and the ids that its records go by. */
export function RequestVerdict({ diagnosis }: { readonly diagnosis: RequestDiagnosis }) {
  const { verdict, subject } = diagnosis
  const { method, path, status, at } = subject
  const forWhom = subjectLine(subject)
  const sources = [subject.user, subject.actor].flatMap((claim) =>
    claim.state === 'known' ? [claimSourceText(claim)] : [],
  )
  return (
    <VerdictCard verdict={verdict} tone={toneOfCause(verdict.cause)} now={null}>
      {forWhom === null ? null : (
        <span className={trace.forWhom} title={sources.join('\n')} data-testid="for-whom">
          {forWhom}
        </span>
      )}
      {method === null && path === null ? null : (
        <code className={styles.cut} title={`${method ?? '?'} ${path ?? '?'}`}>
          {method ?? '?'} {path ?? '?'}
        </code>
      )}
      {status === null ? null : <span>{status}</span>}
      {at === null ? null : <span>{formatMoment(at)}</span>}
      <Id name="request" id={subject.requestId} />
      <Id name="decision" id={subject.decisionId} />
      <Id name="trace" id={subject.traceId} />
    </VerdictCard>
  )
}

function Id({ name, id }: { readonly name: string; readonly id: string | null }) {
  return id === null ? null : (
    <span className={styles.id}>
      {name}{' '}
      <code className={styles.cut} title={id}>
        {id}
      </code>
    </span>
  )
}
