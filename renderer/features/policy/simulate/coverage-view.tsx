import { useQuery } from '@tanstack/react-query'
import type { DraftSummary } from '../../../../shared/contract/policy.ts'
import type { Evaluation } from '../../../../shared/domain/model/policy.ts'
import { countOf } from '../../../../shared/words/durations.ts'
import { useApi } from '../../../api/api-context.tsx'
import { failureSentence } from '../../../api/environments.ts'
import styles from './simulate.module.css'
import { reachedRows } from './trace-rows.ts'

const mostRows = 12

/** Which rows the tests of the draft reach, and which this input reaches. */
export function CoverageView({
  draft,
  evaluation,
  onReveal,
}: {
  readonly draft: DraftSummary | null
  readonly evaluation: Evaluation | null
  readonly onReveal: (path: string, row: number) => void
}) {
  const { queries } = useApi()
  const { data, error } = useQuery(
    queries.policy.test.queryOptions({ input: { draft: draft?.id ?? '-' }, enabled: draft !== null, retry: false }),
  )
  if (draft === null) {
    return (
      <section>
        <p className={styles.quiet}>
          A published bundle holds no tests, so what they cover is not known. Start a draft to see it.
        </p>
      </section>
    )
  }
  if (error !== null) return <p className={styles.problem}>{failureSentence(error)}</p>
  if (data === undefined) {
    return (
      <section role="status">
        <p className={styles.quiet}>Running the tests of the draft…</p>
      </section>
    )
  }
  const passed = data.results.filter(({ outcome }) => outcome === 'passed').length
  const reached = evaluation === null ? null : reachedRows(evaluation)
  return (
    <section data-testid="coverage-view">
      <p>
        {data.results.length === 0
          ? 'The draft has no tests.'
          : `${passed} of ${countOf(data.results.length, 'test')} passed.`}
      </p>
      {data.problem === null ? null : <p className={styles.problem}>{data.problem}</p>}
      <ul className={styles.coverage}>
        {data.coverage
          .filter(({ path }) => !path.endsWith('_test.rego'))
          .map(({ path, covered, notCovered, percent }) => {
            const rows = reached?.get(path)
            const here = [...covered, ...notCovered].filter((row) => rows?.has(row)).length
            return (
              <li key={path}>
                <p className={styles.line}>
                  <code>{path}</code>
                  <span className={styles.grow} />
                  <b>{Math.round(percent)}%</b>
                </p>
                <p className={styles.quiet}>
                  Tests reach {covered.length} of {countOf(covered.length + notCovered.length, 'row')}
                  {rows === undefined ? '' : `; this input reaches ${here}`}.
                </p>
                {notCovered.length === 0 ? null : (
                  <p className={styles.quiet}>
                    Not covered:{' '}
                    {notCovered.slice(0, mostRows).map((row) => (
                      <button key={row} type="button" className={styles.place} onClick={() => onReveal(path, row)}>
                        {row}
                      </button>
                    ))}
                    {notCovered.length > mostRows ? ` and ${notCovered.length - mostRows} more` : ''}
                  </p>
                )}
              </li>
            )
          })}
      </ul>
    </section>
  )
}
