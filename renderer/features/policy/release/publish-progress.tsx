import { CircleCheck, OctagonX, TriangleAlert } from 'lucide-react'
import type { BundleOverview, RevisionId } from '../../../../shared/domain/model/policy.ts'
import { formatClock } from '../../../../shared/words/durations.ts'
import {
  lostUpdateSentence,
  pointerSentence,
  publishStepLabel,
  recheckedFor,
  secondsText,
  slowestSeconds,
} from '../../../../shared/words/policy-release.ts'
import { Banner } from '../../../ui/atoms.tsx'
import { ConvergenceView } from './convergence-view.tsx'
import type { PublicationState } from './publication-state.ts'
import styles from './publish-dialog.module.css'
import { RecheckView } from './recheck-view.tsx'

/** The steps as they are done, the OPAs as they take it, and then whether what was refused would pass. */
export function PublishProgressView({
  environment,
  bundle,
  publication,
  from,
  compared,
  to,
}: {
  readonly environment: string
  readonly bundle: BundleOverview
  readonly publication: PublicationState
  readonly from: RevisionId | null
  /** What refused requests are evaluated under as they were before; null: nothing that can be. */
  readonly compared: RevisionId | null
  readonly to: RevisionId | null
}) {
  const { steps, convergence, failure, lostTo, phase } = publication
  const there = convergence?.opas.filter(({ state }) => state === 'converged').length ?? 0
  const took = convergence === null ? null : slowestSeconds(convergence)
  return (
    <>
      <section>
        <h3>Publication</h3>
        <ol className={styles.steps} data-testid="publish-steps">
          {steps.map(({ step, at, detail }) => (
            <li key={step}>
              <CircleCheck size={15} aria-hidden="true" />
              <b>{publishStepLabel(step)}</b>
              <span className={styles.time}>{formatClock(at)}</span>
              <span className={styles.detail}>{detail}</span>
            </li>
          ))}
          {phase === 'running' ? (
            <li role="status">Working on it. What is being written is let come to its end.</li>
          ) : null}
        </ol>
        {lostTo === null || to === null ? null : (
          <Banner tone="fail" icon={<OctagonX size={16} aria-hidden="true" />}>
            {lostUpdateSentence(lostTo, to)}
          </Banner>
        )}
        {failure === null ? null : (
          <div data-testid="publish-failure">
            <Banner tone="fail" icon={<TriangleAlert size={16} aria-hidden="true" />}>
              <p>{failure.message}</p>
              <p>
                {failure.pointer === null
                  ? 'Nothing was sent.'
                  : phase === 'lost'
                    ? ''
                    : pointerSentence(failure.pointer, from)}
              </p>
            </Banner>
          </div>
        )}
      </section>
      {convergence === null ? null : (
        <section>
          <h3>Convergence</h3>
          <ConvergenceView convergence={convergence} bundle={null} />
          {took === null ? null : (
            <p className={styles.quiet} data-testid="converged-in">
              All {convergence.opas.length} OPAs had it {secondsText(took)} after the pointer was moved.
            </p>
          )}
          {phase === 'converging' ? (
            <p className={styles.quiet}>
              This dialog can be closed: the panel goes on showing how far it is, and the end is written into the
              journal.
            </p>
          ) : null}
        </section>
      )}
      {convergence !== null && isFollowed(phase) && there > 0 && compared !== null && to !== null ? (
        <RecheckView
          environment={environment}
          bundle={bundle.name}
          before={compared}
          after={to}
          whom={recheckedFor(convergence)}
        />
      ) : null}
    </>
  )
}

/** The OPAs came as far as they come. */
function isFollowed(phase: PublicationState['phase']): boolean {
  return phase === 'converged' || phase === 'stuck'
}
