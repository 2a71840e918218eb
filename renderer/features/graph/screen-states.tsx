import { CircleCheck, Clock3, OctagonX, Share2, TriangleAlert } from 'lucide-react'
import type { SourceHealth } from '../../../shared/contract/environments.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { GraphView } from '../../../shared/domain/model/view.ts'
import { errorSentence } from '../../../shared/words/errors.ts'
import { gapSentence } from '../../../shared/words/gaps.ts'
import { sourceHealthSentence } from '../../../shared/words/sources.ts'
import { sourceLabel } from '../../../shared/words/states.ts'
import { failureOf } from '../../api/failure.ts'
import { Button, Plate } from '../../ui/atoms.tsx'
import styles from './graph-screen.module.css'

/** Facts arrive by source; each says in words how far it is. No spinner. */
export function LoadingGraph({ health }: { readonly health: readonly SourceHealth[] | null }) {
  return (
    <div className={styles.loading} role="status">
      <ul>
        {(health ?? []).map((source) => (
          <li key={source.source}>
            {source.pending > 0 ? (
              <Clock3 size={14} aria-hidden="true" />
            ) : source.answering < source.configured ? (
              <TriangleAlert size={14} aria-hidden="true" />
            ) : (
              <CircleCheck size={14} aria-hidden="true" />
            )}
            {sourceLabel(source.source)}{' '}
            {source.pending > 0
              ? source.pending === source.configured
                ? 'asking'
                : `${source.configured - source.pending} of ${source.configured}`
              : `${source.answering} of ${source.configured}`}
          </li>
        ))}
      </ul>
      <p>
        {health === null ? 'Asking Everyhop’s service for the graph.' : 'The graph appears with the first answers.'}
      </p>
    </div>
  )
}

/** Connected, but nothing was found: says what was looked at and what to do. */
export function EmptyGraph({
  view,
  health,
  now,
}: {
  readonly view: GraphView
  readonly health: readonly SourceHealth[] | null
  readonly now: EpochMs
}) {
  const first = view.gaps[0]
  return (
    <Plate
      tone="info"
      icon={<Share2 size={20} aria-hidden="true" />}
      title={`No workload was found in ${view.environment}`}
      {...(first === undefined ? {} : { literal: gapSentence(first) })}
    >
      <ul>
        {(health ?? []).map((source) => (
          <li key={source.source}>{sourceHealthSentence(source, now)}</li>
        ))}
      </ul>
      <p>
        Workloads come from Envoys with a SPIFFE identity, from registration entries and from intent.yaml. Check the
        sources in the environment file, and that their Envoys have listeners.
      </p>
    </Plate>
  )
}

/** No picture at all, and why. */
export function FailedGraph({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  const failure = failureOf(error)
  return (
    <Plate
      tone="fail"
      icon={<OctagonX size={20} aria-hidden="true" />}
      title="The graph cannot be shown"
      literal={errorSentence(failure.code, failure.subject, failure.advice)}
      actions={
        <Button primary onClick={onRetry}>
          Try again
        </Button>
      }
    >
      <p>Everyhop tries again by itself.</p>
    </Plate>
  )
}
