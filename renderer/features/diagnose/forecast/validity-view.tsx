import type { Forecast } from '../../../../shared/domain/diagnosis/forecast/model.ts'
import parts from '../parts.module.css'
import styles from './forecast.module.css'
import { type ValidityRow, type ValidityTone, validityOf } from './validity.ts'

const glyphs: Readonly<Record<ValidityTone, string>> = { ok: '✓', warn: '!', fail: '✕', unknown: '?' }

/** When what holds and when it ends: every bar is said in words beside it, so nobody needs the drawing. */
export function ValidityView({ forecast, of }: { readonly forecast: Forecast; readonly of: ReadonlySet<string> }) {
  const validity = validityOf(forecast, of)
  return (
    <section className={`${parts.panel} ${styles.card}`} aria-label="Validity and forecast" data-testid="validity">
      <h3 className={parts.capitals}>Validity and forecast</h3>
      {validity === null ? (
        <p className={styles.quiet}>No date of a certificate is known here.</p>
      ) : (
        <div className={styles.chart}>
          <div className={styles.line} aria-hidden="true">
            <span />
            <span className={styles.track}>
              {validity.ticks.map(({ at, text }) => (
                <span key={at} className={styles.tick} style={{ left: percent(at) }}>
                  {text}
                </span>
              ))}
            </span>
          </div>
          <ul>
            {validity.rows.map((row) => (
              <li key={row.key} className={styles.line} data-tone={row.tone} data-kind={row.kind}>
                <span className={styles.label} title={row.label}>
                  {row.label}
                </span>
                <span className={styles.track} aria-hidden="true">
                  <Bar row={row} />
                </span>
                <span className={styles.words}>
                  <span aria-hidden="true">{glyphs[row.tone]} </span>
                  {row.words}
                </span>
              </li>
            ))}
          </ul>
          <div className={styles.over} aria-hidden="true">
            <span className={styles.track}>
              {validity.ticks.map(({ at }) => (
                <span key={at} className={styles.grid} style={{ left: percent(at) }} />
              ))}
              <span className={styles.now} style={{ left: percent(validity.now.at) }} />
              {validity.next === null ? null : (
                <span className={styles.next} style={{ left: percent(validity.next.at) }} />
              )}
            </span>
          </div>
          <p className={styles.legend}>
            <span className={styles.nowText}>{validity.now.text}</span>
            {validity.next === null ? null : <span className={styles.nextText}>{validity.next.text}</span>}
          </p>
        </div>
      )}
    </section>
  )
}

function Bar({ row: { bar, silent } }: { readonly row: ValidityRow }) {
  return (
    <>
      {bar === null ? null : (
        <span
          className={styles.bar}
          data-before={bar.before}
          data-after={bar.after}
          style={{ left: percent(bar.from), width: percent(Math.max(0.005, bar.to - bar.from)) }}
        />
      )}
      {silent === null ? null : (
        <span
          className={styles.silent}
          style={{ left: percent(silent.from), width: percent(silent.to - silent.from) }}
        />
      )}
    </>
  )
}

function percent(place: number): string {
  return `${Math.round(place * 10_000) / 100}%`
}
