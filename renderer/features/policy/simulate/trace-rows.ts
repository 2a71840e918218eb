import type { Evaluation, TraceLine } from '../../../../shared/domain/model/policy.ts'

/** What an evaluation did with one row of a file, all its turns together. */
export interface TraceRow {
  readonly path: string
  readonly row: number
  readonly expression: string
  /** held: each turn. failed: each turn. both: some turns. */
  readonly outcome: 'held' | 'failed' | 'both'
  readonly failures: number
  readonly turns: number
  /** Values of the row's variables in its last turn. */
  readonly values: Readonly<Record<string, unknown>>
  /** The first expression of the whole evaluation that failed. */
  readonly isFirstFailure: boolean
}

/** Rows in the order in which they were first evaluated. OPA's events of entering and leaving a rule are no rows. */
export function traceRows(trace: readonly TraceLine[]): readonly TraceRow[] {
  const rows = new Map<string, { line: TraceLine; evals: number; fails: number; values: Record<string, unknown> }>()
  const firstFailure = trace.find(({ event }) => event === 'fail')
  for (const line of trace) {
    if (line.event !== 'eval' && line.event !== 'fail') continue
    const key = keyOf(line)
    const known = rows.get(key) ?? { line, evals: 0, fails: 0, values: {} }
    rows.set(key, {
      line: known.line,
      evals: known.evals + (line.event === 'eval' ? 1 : 0),
      fails: known.fails + (line.event === 'fail' ? 1 : 0),
      values: { ...known.values, ...line.values },
    })
  }
  return [...rows.values()].map(({ line, evals, fails, values }) => ({
    path: line.path,
    row: line.row,
    expression: line.expression,
    outcome: fails === 0 ? 'held' : fails >= evals ? 'failed' : 'both',
    failures: fails,
    turns: Math.max(evals, fails),
    values,
    isFirstFailure: firstFailure !== undefined && keyOf(firstFailure) === keyOf(line),
  }))
}

/** Several expressions may share a row; they are told apart by nothing that OPA says, so the row counts. */
function keyOf({ path, row }: TraceLine): string {
  return `${path}:${row}`
}

/** Rows of a file, from 1, that an evaluation reached; by path. */
export function reachedRows({ trace }: Evaluation): ReadonlyMap<string, ReadonlySet<number>> {
  const reached = new Map<string, Set<number>>()
  for (const { path, row } of trace) {
    const rows = reached.get(path) ?? new Set()
    rows.add(row)
    reached.set(path, rows)
  }
  return reached
}

/**
 * Where two evaluations of one input part: the first row of the draft that did not do the same in what is deployed, by the
 * text of the expression, since rows move. null: no such row is known.
 */
export function firstParting(deployed: Evaluation, draft: Evaluation): TraceRow | null {
  const key = (row: TraceRow): string => `${row.path} ${row.expression}`
  const before = new Map(traceRows(deployed.trace).map((row) => [key(row), row.outcome]))
  return traceRows(draft.trace).find((row) => before.get(key(row)) !== row.outcome) ?? null
}
