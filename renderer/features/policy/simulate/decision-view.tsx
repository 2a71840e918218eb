import { ArrowRight } from 'lucide-react'
import type { DraftSummary, Simulation } from '../../../../shared/contract/policy.ts'
import type { Evaluation, RevisionId } from '../../../../shared/domain/model/policy.ts'
import { decisionMeaning, decisionWord, revisionName } from '../../../../shared/words/policy.ts'
import { DecisionTag } from '../decision-tag.tsx'
import styles from './simulate.module.css'
import { firstParting } from './trace-rows.ts'

type Reveal = (path: string, row: number) => void

/** Both answers, what Envoy would make of them, and where the two policies part. */
export function DecisionView({
  simulation,
  live,
  draft,
  onReveal,
}: {
  readonly simulation: Simulation
  readonly live: RevisionId | null
  readonly draft: DraftSummary | null
  readonly onReveal: Reveal
}) {
  const { deployed, draft: drafted, explained, problem } = simulation
  const last = drafted ?? deployed
  return (
    <section data-testid="decision-view">
      <p className={styles.sides}>
        <span data-testid="decision-deployed" data-decision={deployed?.decision ?? 'none'}>
          {live === null ? 'Deployed' : `Live ${revisionName(live)}`}{' '}
          <DecisionTag decision={deployed?.decision ?? null} />
        </span>
        {draft === null ? null : (
          <>
            <ArrowRight size={14} aria-label="and" />
            <span data-testid="decision-draft" data-decision={drafted?.decision ?? 'none'}>
              Draft {draft.revision} <DecisionTag decision={drafted?.decision ?? null} />
            </span>
          </>
        )}
        <span className={styles.grow} />
        <Metrics evaluation={last} />
      </p>
      {last === null ? null : <p className={styles.quiet}>{decisionMeaning(last.decision)}</p>}
      {deployed === null || drafted === null ? null : (
        <Flip deployed={deployed} draft={drafted} explained={explained} onReveal={onReveal} />
      )}
      {problem === null ? null : (
        <p className={styles.problem} role="alert">
          {problem}
        </p>
      )}
      <div className={styles.results}>
        {[deployed, drafted].map((each) =>
          each === null ? null : (
            <div key={each.of}>
              <h4>{each.of}</h4>
              {each.error === null ? null : <pre className={styles.error}>{each.error}</pre>}
              {each.decision === 'undefined' ? (
                <p className={styles.quiet}>undefined</p>
              ) : each.error !== null ? null : (
                <pre className={styles.literal} tabIndex={0}>
                  {JSON.stringify(each.result, null, 2)}
                </pre>
              )}
            </div>
          ),
        )}
      </div>
    </section>
  )
}

function Metrics({ evaluation }: { readonly evaluation: Evaluation | null }) {
  const metrics = evaluation?.metrics ?? null
  if (metrics === null || metrics.evaluationMs === null) return null
  const total = metrics.totalMs === null ? '' : `; ${Math.round(metrics.totalMs)} ms with starting OPA and its trace`
  return (
    <span className={styles.quiet} title={`OPA’s own time for the query${total}`}>
      {(Math.round(metrics.evaluationMs * 100) / 100).toLocaleString('en-GB')} ms
    </span>
  )
}

function Flip({
  deployed,
  draft,
  explained,
  onReveal,
}: {
  readonly deployed: Evaluation
  readonly draft: Evaluation
  /** False: their traces are still being told, and nothing is known of where they part. */
  readonly explained: boolean
  readonly onReveal: Reveal
}) {
  if (deployed.decision === draft.decision)
    return <p className={styles.quiet}>Both answer {decisionWord(draft.decision)}.</p>
  const parting = explained ? firstParting(deployed, draft) : null
  return (
    <p data-testid="flip">
      The draft changes {decisionWord(deployed.decision)} to {decisionWord(draft.decision)}.{' '}
      {!explained ? null : parting === null ? (
        'No expression of a rule does something else: the two part in data.'
      ) : (
        <>
          They part first at{' '}
          <button type="button" className={styles.place} onClick={() => onReveal(parting.path, parting.row)}>
            {parting.path}:{parting.row}
          </button>
          , which{' '}
          {parting.outcome === 'held' ? 'holds' : parting.outcome === 'failed' ? 'fails' : 'holds in some turns'} under
          the draft only.
        </>
      )}
    </p>
  )
}
