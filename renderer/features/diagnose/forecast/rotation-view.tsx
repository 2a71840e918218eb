import type { Forecast, RotationState } from '../../../../shared/domain/diagnosis/forecast/model.ts'
import { agentStateLabels, rotationLabels } from '../../../../shared/words/diagnosis-forecast.ts'
import { formatClock, formatDuration } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { capitalise } from '../../../../shared/words/states.ts'
import { graphLink } from '../links.ts'
import parts from '../parts.module.css'
import { shortSentence } from '../short.ts'
import styles from './forecast.module.css'

const looks: Readonly<Record<RotationState, { readonly glyph: string; readonly tone: string }>> = {
  'on-course': { glyph: '✓', tone: 'ok' },
  overdue: { glyph: '!', tone: 'warn' },
  stopped: { glyph: '!', tone: 'warn' },
  expired: { glyph: '✕', tone: 'fail' },
  unknown: { glyph: '?', tone: 'unknown' },
}

/** Every SVID in use: whether its renewal is on course, and what delivers it. */
export function RotationView({
  forecast: { identities },
  environment,
  now,
}: {
  readonly forecast: Forecast
  readonly environment: string
  readonly now: number
}) {
  if (identities.length === 0) return null
  return (
    <section className={`${parts.panel} ${styles.card}`} aria-labelledby="rotation">
      <h3 className={parts.capitals} id="rotation">
        Rotation of every SVID
      </h3>
      {/* It scrolls where it is narrow: the keyboard must be able to, too. */}
      <div className={styles.scrolls} tabIndex={0} role="group" aria-labelledby="rotation">
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Workload</th>
              <th scope="col">Rotation</th>
              <th scope="col">Renewed by</th>
              <th scope="col">Ends</th>
              <th scope="col">Agent</th>
            </tr>
          </thead>
          <tbody>
            {identities.map(({ workload, name, svid, rotation, renewsBy, agent }) => {
              const end = svid.known ? svid.value.notAfter : null
              return (
                <tr key={workload}>
                  <th scope="row">
                    <a href={graphLink(environment, workload)}>{name}</a>
                  </th>
                  <td
                    className={parts.toned}
                    data-tone={looks[rotation.state].tone}
                    title={reasonSentence(rotation.reason)}
                  >
                    <span aria-hidden="true">{looks[rotation.state].glyph} </span>
                    {capitalise(rotationLabels[rotation.state])}
                  </td>
                  <td>{renewsBy === null ? 'not known' : formatClock(renewsBy, now)}</td>
                  <td>
                    {end === null
                      ? 'not known'
                      : end <= now
                        ? `${formatDuration(now - end)} ago`
                        : `in ${formatDuration(end - now)}`}
                  </td>
                  <td title={agent?.id}>
                    {agent === null
                      ? 'not known'
                      : `${shortSentence(agent.name, now)}, ${agentStateLabels[agent.state]}`}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
    </section>
  )
}
