import { useQuery } from '@tanstack/react-query'
import type { RevisionId } from '../../../../shared/domain/model/policy.ts'
import { formatClock } from '../../../../shared/words/durations.ts'
import { maskedSentence, revisionName } from '../../../../shared/words/policy.ts'
import { recheckSummary } from '../../../../shared/words/policy-release.ts'
import { partyName } from '../../../../shared/words/refused.ts'
import { useApi } from '../../../api/api-context.tsx'
import { useNow } from '../../../api/clock.tsx'
import { failureSentence } from '../../../api/environments.ts'
import { DecisionTag } from '../decision-tag.tsx'
import { diagnoseLink } from '../links.ts'
import { useWorkloadNames } from '../workload-names.ts'
import styles from './publish-dialog.module.css'

const minutes = 60
const limit = 200

/** Requests that were refused in the last hour, evaluated again under both revisions. */
export function RecheckView({
  environment,
  bundle,
  before,
  after,
  whom,
}: {
  readonly environment: string
  readonly bundle: string
  readonly before: RevisionId
  readonly after: RevisionId
  /** Which OPAs it speaks of; empty: all. */
  readonly whom: string
}) {
  const { client } = useApi()
  const now = useNow(10_000)
  const names = useWorkloadNames(environment)
  const { data, error } = useQuery({
    // Apart from the other questions of policy: it is about two revisions that do not change, and takes seconds.
    queryKey: ['recheck', environment, bundle, before, after],
    queryFn: ({ signal }) => client.policy.recheck({ environment, bundle, before, after, minutes, limit }, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    refetchInterval: false,
  })
  return (
    <section data-testid="recheck">
      <h3>Refused requests, evaluated again</h3>
      {error !== null ? (
        <p className={styles.problem}>{failureSentence(error)}</p>
      ) : data === undefined ? (
        <p role="status">Evaluating the refused requests of the last hour under both revisions…</p>
      ) : (
        <>
          <p>{recheckSummary(data)}</p>
          {whom === '' ? null : <p className={styles.quiet}>{whom}</p>}
          {data.problem === null ? null : <p className={styles.problem}>{data.problem}</p>}
          {data.requests.length === 0 ? null : (
            <div className={styles.recheck} tabIndex={0} role="group" aria-label="Refused requests, evaluated again">
              <table className={styles.rows}>
                <thead>
                  <tr>
                    <th>Time</th>
                    <th>Caller → callee</th>
                    <th>Path</th>
                    <th>{revisionName(before)}</th>
                    <th>{revisionName(after)}</th>
                    <th>Not whole</th>
                    <th>Why</th>
                  </tr>
                </thead>
                <tbody>
                  {data.requests.map((row) => (
                    <tr key={row.decisionId} title={`Decision ${row.decisionId}`}>
                      <td>{formatClock(row.at, now)}</td>
                      <td>
                        {partyName(row.callerSpiffeId, null, names)} → {partyName(row.calleeSpiffeId, null, names)}
                      </td>
                      <td>
                        <code>{row.path ?? 'not known'}</code>
                      </td>
                      <td>
                        <DecisionTag decision={row.before} />
                      </td>
                      <td>
                        <DecisionTag decision={row.after} />
                      </td>
                      <td title={row.problem ?? maskedSentence(row.masked) ?? ''}>
                        {row.problem ?? (row.masked.length === 0 ? '–' : `${row.masked.length} masked`)}
                      </td>
                      <td>
                        <a href={diagnoseLink(environment, row.decisionId)} data-testid="diagnose-recheck">
                          Diagnose<span className="visually-hidden"> this request</span>
                        </a>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </>
      )}
    </section>
  )
}
