import { askedWords } from '../../../shared/words/diagnosis-evidence.ts'
import { formatMoment } from '../../../shared/words/durations.ts'
import { useRequestDiagnosis } from '../../api/diagnosis.ts'
import { useMoment } from '../../api/moment.tsx'
import { StatusLine } from '../../ui/status-line.tsx'
import type { RequestProps } from './diagnose-props.ts'
import { namedIn } from './request-named.ts'

const keys = [
  [['j', 'k'], 'next refusal'],
  [['o'], 'open rule'],
  [['y'], 'copy note'],
  [['/'], 'enter an id'],
  [['?'], 'help'],
] as const

/** Which sources the verdict stands on, and of when it speaks. */
export function RequestStatus({
  environment,
  address,
  line,
  said,
}: Pick<RequestProps, 'environment' | 'address' | 'line'> & { readonly said: string }) {
  const { shown } = useMoment()
  const { data } = useRequestDiagnosis(environment, namedIn(address, line))
  return (
    <StatusLine testId="diagnose-status" keys={keys}>
      {data === undefined ? (
        <b>From what Everyhop has read; no server is asked for it</b>
      ) : data.asked.length === 0 ? (
        <b>No source was asked: only the pasted line speaks</b>
      ) : (
        <b>{askedWords.counts(data.asked)}</b>
      )}
      {data === undefined || data.subject.at === null ? null : (
        <span>
          Records are of {formatMoment(data.subject.at)}; states are those that{' '}
          {shown === null ? 'are known now' : `were known at ${formatMoment(shown)}`}
        </span>
      )}
      {said === '' ? null : <span role="status">{said}</span>}
    </StatusLine>
  )
}

/** Of the other tabs. */
export function OtherStatus({ said }: { readonly said: string }) {
  const { shown } = useMoment()
  return (
    <StatusLine
      testId="diagnose-status"
      keys={[
        [['j', 'k'], 'next'],
        [['y'], 'copy note'],
        [['/'], 'search'],
        [['?'], 'help'],
      ]}
    >
      <b>From what Everyhop has read; no server is asked for it</b>
      {shown === null ? null : <span>As it was known at {formatMoment(shown)}</span>}
      {said === '' ? null : <span role="status">{said}</span>}
    </StatusLine>
  )
}
