import { CircleCheck, CircleHelp, OctagonX, TriangleAlert, Undo2 } from 'lucide-react'
import type { DraftSummary } from '../../../../shared/contract/policy.ts'
import type {
  BundleOverview,
  BundleRevision,
  Convergence,
  RevisionId,
  SignatureState,
} from '../../../../shared/domain/model/policy.ts'
import { formatClock } from '../../../../shared/words/durations.ts'
import { heldSentence, revisionName, signatureWords } from '../../../../shared/words/policy.ts'
import { convergedShort } from '../../../../shared/words/policy-release.ts'
import { useNow } from '../../../api/clock.tsx'
import { failureSentence } from '../../../api/environments.ts'
import { Button } from '../../../ui/atoms.tsx'
import styles from './release.module.css'

interface RevisionTableProps {
  /** null: not answered yet. */
  readonly revisions: readonly BundleRevision[] | null
  readonly error: Error | null
  readonly draft: DraftSummary | null
  readonly live: RevisionId | null
  readonly bundle: BundleOverview
  readonly convergence: Convergence | null
  /** Absent: nothing can be published here. */
  readonly onRollBack?: (revision: BundleRevision) => void
}

/** Revisions of a bundle, the latest first: when, by whom, who has it, whether it is signed, whether its bytes are there. */
export function RevisionTable({ revisions, error, draft, live, bundle, convergence, onRollBack }: RevisionTableProps) {
  const now = useNow(10_000)
  if (error !== null) return <p className={styles.problem}>{failureSentence(error)}</p>
  if (revisions === null) return <p className={styles.quiet}>Asking the store and the OPAs…</p>
  const isLive = (each: BundleRevision) =>
    live !== null && (live.digest === null ? each.revision === live.revision : each.digest === live.digest)
  return (
    <div className={styles.scroll} tabIndex={0} role="group" aria-label="Revisions">
      <table className={styles.table} data-testid="revisions">
        <thead>
          <tr>
            <th>Revision</th>
            <th>Published</th>
            <th>Author</th>
            <th className={styles.right}>Converged</th>
            <th>Signature</th>
            <th>
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {draft === null ? null : (
            <tr>
              <td>
                <b>{draft.revision}</b> <span className={styles.quiet}>draft</span>
              </td>
              <td>–</td>
              <td className={styles.quiet}>on this computer</td>
              <td className={styles.right}>–</td>
              <td>–</td>
              <td />
            </tr>
          )}
          {revisions.map((each) => (
            <tr
              key={`${each.revision} ${each.digest ?? ''}`}
              data-live={isLive(each)}
              data-testid={`revision-${each.revision}`}
            >
              <td
                title={[each.digest === null ? null : `SHA-256 ${each.digest}`, heldSentence(each.held)]
                  .filter(Boolean)
                  .join('. ')}
              >
                <b>{revisionName(each)}</b>
                {isLive(each) ? <span className={styles.live}> live</span> : null}
                {each.rollsBackTo === null ? null : (
                  <span className={styles.back} title={`Brings back ${each.rollsBackTo}`}>
                    <Undo2 size={11} aria-hidden="true" /> <span className="visually-hidden">brings back </span>
                    {each.rollsBackTo}
                  </span>
                )}
                {each.held === 'store' ? null : (
                  <span className={styles.quiet}> {each.held === 'seen' ? 'name only' : 'kept here'}</span>
                )}
              </td>
              <td>
                {each.publishedAt === null ? (
                  <span className={styles.quiet}>not known</span>
                ) : (
                  formatClock(each.publishedAt, now)
                )}
              </td>
              <td>{each.author ?? <span className={styles.quiet}>not known</span>}</td>
              <td className={styles.right}>
                {isLive(each) && convergence !== null ? (
                  <span className={convergence.state === 'converged' ? undefined : styles.late}>
                    {convergedShort(convergence)}
                  </span>
                ) : each.activeOn.length === 0 ? (
                  <span className={styles.quiet}>none now</span>
                ) : (
                  <span className={styles.late} title={each.activeOn.join(', ')}>
                    {each.activeOn.length} of {bundle.opas.length}
                  </span>
                )}
              </td>
              <td>
                <Signature signature={each.signature} />
              </td>
              <td className={styles.right}>
                {onRollBack === undefined || isLive(each) || each.held === 'seen' ? null : (
                  <Button
                    small
                    iconOnly
                    aria-label={`Roll back to ${revisionName(each)}…`}
                    title={`Roll back to ${revisionName(each)}…`}
                    onClick={() => onRollBack(each)}
                  >
                    <Undo2 size={12} aria-hidden="true" />
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Signature({ signature }: { readonly signature: SignatureState }) {
  const { short, sentence } = signatureWords(signature)
  const icon = { size: 12, 'aria-hidden': true }
  return (
    <span className={styles.signature} data-state={signature.state} title={sentence}>
      {signature.state === 'valid' ? (
        <CircleCheck {...icon} />
      ) : signature.state === 'invalid' ? (
        <OctagonX {...icon} />
      ) : signature.state === 'missing' ? (
        <TriangleAlert {...icon} />
      ) : (
        <CircleHelp {...icon} />
      )}
      {short}
    </span>
  )
}
