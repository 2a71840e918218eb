import { Check, CircleSlash, X } from 'lucide-react'
import { useState } from 'react'
import type { Simulation } from '../../../../shared/contract/policy.ts'
import { Chip } from '../../../ui/atoms.tsx'
import styles from './simulate.module.css'
import { type TraceRow, traceRows } from './trace-rows.ts'

const most = 200

/** The rows that were evaluated with their values; the first expression that failed stands out. */
export function TraceView({
  simulation,
  onReveal,
}: {
  readonly simulation: Simulation
  readonly onReveal: (path: string, row: number) => void
}) {
  const [side, setSide] = useState<'deployed' | 'draft'>('draft')
  const [all, setAll] = useState(false)
  const evaluation = side === 'draft' ? (simulation.draft ?? simulation.deployed) : simulation.deployed
  const rows = evaluation === null ? [] : traceRows(evaluation.trace)
  const shown = all ? rows : rows.slice(0, most)
  return (
    <section data-testid="trace-view">
      <div className={styles.line}>
        <h3>Trace</h3>
        <span className={styles.quiet}>{evaluation === null ? '' : `◐ ${evaluation.of}`}</span>
        <span className={styles.grow} />
        {simulation.draft === null || simulation.deployed === null ? null : (
          <span className={styles.tabs} role="group" aria-label="Trace of">
            <Chip on={side === 'deployed'} onClick={() => setSide('deployed')}>
              Deployed
            </Chip>
            <Chip on={side === 'draft'} onClick={() => setSide('draft')}>
              Draft
            </Chip>
          </span>
        )}
      </div>
      {evaluation === null || rows.length > 0 ? null : (
        <p className={styles.quiet}>
          {evaluation.error ??
            (evaluation.traceCut
              ? 'OPA explains this at a length that cannot be read. The decision is whole.'
              : 'No row of the policy was evaluated.')}
        </p>
      )}
      <ol className={styles.trace}>
        {shown.map((row, index) => (
          <li key={`${row.path}:${row.row}`} data-outcome={row.outcome} data-first={row.isFirstFailure}>
            {index > 0 && shown[index - 1]?.path === row.path ? null : <h4>{row.path}</h4>}
            <button type="button" onClick={() => onReveal(row.path, row.row)} title={`${row.path}, row ${row.row}`}>
              <span className={styles.number}>{row.row}</span>
              <Outcome row={row} />
              <span className={styles.expression}>
                <code>{row.expression}</code>
                {row.isFirstFailure ? <small>first expression that failed</small> : null}
                <Values values={row.values} />
              </span>
            </button>
          </li>
        ))}
      </ol>
      {rows.length <= shown.length ? null : (
        <Chip on={false} onClick={() => setAll(true)}>
          Show {rows.length - shown.length} more
        </Chip>
      )}
      {evaluation?.traceCut === true && rows.length > 0 ? (
        <p className={styles.quiet}>OPA told more than 2,000 steps; what came after is not shown.</p>
      ) : null}
    </section>
  )
}

function Outcome({ row }: { readonly row: TraceRow }) {
  const size = { size: 13 }
  if (row.outcome === 'held') return <Check {...size} aria-label="holds" />
  if (row.outcome === 'failed') return <X {...size} aria-label="fails" />
  return <CircleSlash {...size} aria-label={`fails in ${row.failures} of ${row.turns} turns`} />
}

function Values({ values }: { readonly values: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(values)
  if (entries.length === 0) return null
  return (
    <small className={styles.values}>
      {entries.map(([name, value]) => {
        const text = JSON.stringify(value) ?? 'undefined'
        return (
          <span key={name} title={text.slice(0, 4000)}>
            {name} = {text.length > 80 ? `${text.slice(0, 80)}…` : text}
          </span>
        )
      })}
    </small>
  )
}
