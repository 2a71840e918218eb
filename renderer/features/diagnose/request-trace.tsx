import type { RequestTrace } from '../../../shared/domain/diagnosis/model.ts'
import { missingSentence } from '../../../shared/words/diagnosis-trace.ts'
import styles from './request-trace.module.css'
import { workloadName } from './workload-name.ts'

/** Which hops of its way have no line, and why: those of which nobody tells first. */
export function TraceList({
  trace,
  names,
}: {
  readonly trace: RequestTrace
  readonly names: ReadonlyMap<string, string>
}) {
  const nameOf = (id: string | null): string => (id === null ? 'not known' : workloadName(id, names))
  const [behind, gaps] = [true, false].map((isBehind) =>
    trace.missing.filter(({ reason }) => (reason === 'not-reached') === isBehind),
  )
  return (
    <ul className={styles.missing} data-testid="trace-missing">
      {[...(gaps ?? []), ...(behind ?? [])].map((line) => (
        <li key={`${line.from} ${line.to} ${line.side}`} data-reason={line.reason}>
          <span>
            {nameOf(line.from)} → {nameOf(line.to)}
          </span>
          <span>{missingSentence(line)}</span>
        </li>
      ))}
      {trace.missing.length === 0 ? <li>Every Envoy on its way has its line.</li> : null}
    </ul>
  )
}
