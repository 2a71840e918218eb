import { countOf } from '../../../shared/words/durations.ts'
import styles from './evidence.module.css'
import type { ArtefactRow } from './rows.ts'
import { StateTag } from './state-tag.tsx'

/** What a pack will hold, and then what of it is collected. */
export function ArtefactTable({ rows }: { readonly rows: readonly ArtefactRow[] }) {
  const isForecast = rows.every((row) => row.isForecast)
  return (
    <div className={styles.tableWrap}>
      <table className={styles.table} data-testid="evidence-artefacts">
        <thead>
          <tr>
            <th scope="col">Artefact</th>
            <th scope="col" className={styles.number}>
              Records
            </th>
            <th scope="col" className={styles.number}>
              Population
            </th>
            {isForecast ? null : <th scope="col">Collected</th>}
            <th scope="col">{isForecast ? 'State at best' : 'State'}</th>
            {isForecast ? null : (
              <th scope="col" className={styles.number}>
                Exceptions
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} data-artefact={row.id}>
              <td className={styles.titleCell}>
                <b>{row.title}</b>
                <div className={styles.meta}>{row.from}</div>
              </td>
              <td className={styles.number}>{figure(row.records)}</td>
              <td className={styles.number}>{figure(row.population)}</td>
              {isForecast ? null : (
                <td>
                  <Share row={row} />
                </td>
              )}
              <td className={styles.stateCell}>
                {row.state === null ? <span className={styles.meta}>collecting</span> : <StateTag state={row.state} />}
                <div className={styles.meta}>{row.reason}</div>
              </td>
              {isForecast ? null : (
                <td className={styles.number}>{row.exceptions === null ? '…' : figure(row.exceptions)}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Share({ row }: { readonly row: ArtefactRow }) {
  const { done, lacking } = row.collected ?? { done: 0, lacking: 0 }
  const words = `${countOf(row.records ?? 0, 'record')} of ${row.population === null ? 'an unknown number' : row.population.toLocaleString('en-GB')}`
  return (
    <svg className={styles.share} viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label={words}>
      <rect width="100" height="6" className={styles.shareAll} />
      <rect width={done * 100} height="6" className={styles.shareDone} />
      {lacking > 0 ? <rect x={done * 100} width={lacking * 100} height="6" className={styles.shareGap} /> : null}
    </svg>
  )
}

function figure(value: number | null): string {
  return value === null ? '?' : value.toLocaleString('en-GB')
}
