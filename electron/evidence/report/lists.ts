import { csvRow } from '../../../shared/domain/evidence/csv.ts'
import type { Figures } from './figures.ts'

/** A list with how many of its cells a spreadsheet would have run. */
export interface List {
  readonly text: string
  readonly prefixed: number
}

const summaryColumns = [
  'artefact',
  'title',
  'state',
  'reason',
  'records',
  'population',
  'counted_by',
  'control_total',
  'control_source',
  'difference',
  'exceptions',
  'reporting',
  'expected',
  'dropped',
  'gaps',
  'merkle_root',
]

/** `data/summary.csv`: one row an artefact. */
export function summaryList({ metas }: Figures): List {
  return listOf([
    summaryColumns,
    ...metas.map(({ id, title, result, records, exceptions, population, merkle }) => [
      id,
      title,
      result.state,
      result.reason.code,
      records,
      population.count,
      population.method,
      population.control?.value ?? null,
      population.control?.source ?? null,
      population.control?.difference ?? null,
      exceptions,
      population.reporting,
      population.expected,
      Object.values(population.dropped).reduce((sum, count) => sum + count, 0),
      population.gaps.length,
      merkle.root,
    ]),
  ])
}

/** `data/exceptions.csv`: one row an exception, as many as are listed. */
export function exceptionsList({ exceptions }: Figures): List {
  return listOf([
    ['artefact', 'file', 'line', 'record'],
    ...exceptions.flatMap(({ artefact, listed }) => listed.map(({ file, line, text }) => [artefact, file, line, text])),
  ])
}

function listOf(rows: readonly (readonly (string | number | null)[])[]): List {
  const written = rows.map((row) => csvRow(row))
  return {
    text: written.map(({ text }) => text).join(''),
    prefixed: written.reduce((sum, { prefixed }) => sum + prefixed, 0),
  }
}
