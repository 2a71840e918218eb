import { useState } from 'react'
import { countOf, formatClock } from '../../../../shared/words/durations.ts'
import { partyName } from '../../../../shared/words/refused.ts'
import { useNow } from '../../../api/clock.tsx'
import { failureSentence } from '../../../api/environments.ts'
import { useRefused } from '../../../api/hooks.ts'
import { Button } from '../../../ui/atoms.tsx'
import { useWorkloadNames } from '../workload-names.ts'
import styles from './simulate.module.css'
import type { SimulationInput } from './use-input.ts'

const most = 30
const minutes = 60

/** The input of a recorded decision: by its id, or one of what was refused lately. */
export function RecordedInput({
  environment,
  input,
}: {
  readonly environment: string
  readonly input: SimulationInput
}) {
  const [id, setId] = useState('')
  const refused = useRefused({ environment, limit: most, minutes })
  const names = useWorkloadNames(environment)
  const now = useNow(10_000)
  const withDecision = (refused.data?.requests ?? []).filter(({ decisionId }) => decisionId !== null)
  // Envoy's record often comes before OPA's, and only that one has the input.
  const rows = withDecision.filter(({ decision }) => decision !== null)
  const without = withDecision.length - rows.length
  const taken = input.origin !== null && 'decisionId' in input.origin.from ? input.origin.from.decisionId : null
  const choice = (
    <>
      <form
        className={styles.line}
        onSubmit={(event) => {
          event.preventDefault()
          if (id.trim() !== '') void input.take({ decisionId: id.trim() }, 'recorded')
        }}
      >
        <input
          className={styles.grow}
          aria-label="Decision id"
          placeholder="Decision id"
          value={id}
          onChange={(event) => setId(event.target.value)}
          data-testid="decision-id"
        />
        <Button small type="submit" disabled={id.trim() === '' || input.busy}>
          Take
        </Button>
      </form>
      <h4>Refused in the last hour</h4>
      {refused.error !== null ? (
        <p className={styles.problem}>{failureSentence(refused.error)}</p>
      ) : refused.data === undefined ? (
        <p className={styles.quiet}>Asking…</p>
      ) : rows.length === 0 ? (
        <p className={styles.quiet}>No refused request is held with its decision.</p>
      ) : (
        <ul className={styles.refused} data-testid="refused-rows">
          {rows.map((line) => (
            <li key={`${line.decisionId ?? ''} ${line.at}`}>
              <button
                type="button"
                aria-pressed={line.decisionId === taken}
                title={line.decisionId ?? ''}
                onClick={() =>
                  line.decisionId === null ? undefined : void input.take({ decisionId: line.decisionId }, 'recorded')
                }
              >
                <span className={styles.time}>{formatClock(line.at, now)}</span>
                <span className={styles.parties}>
                  {partyName(line.callerSpiffeId, line.callerAddress, names)} →{' '}
                  {partyName(line.calleeSpiffeId, null, names)}
                </span>
                <code>{line.access?.path ?? ''}</code>
              </button>
            </li>
          ))}
        </ul>
      )}
      {without === 0 ? null : (
        <p className={styles.quiet}>
          {countOf(without, 'more was', 'more were')} refused by a decision whose record is not held.
        </p>
      )}
    </>
  )
  if (input.origin === null) return <div className={styles.recorded}>{choice}</div>
  return (
    <div className={styles.recorded}>
      <pre className={styles.literal} tabIndex={0} data-testid="recorded-input">
        {input.text}
      </pre>
      {/* Closed again by each choice: the answer is below. */}
      <details key={input.text} className={styles.another}>
        <summary>Choose another</summary>
        {choice}
      </details>
    </div>
  )
}
