import { Clock3, OctagonX } from 'lucide-react'
import type { Forecast } from '../../../../shared/domain/diagnosis/forecast/model.ts'
import { formatClock } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { handshakeLink } from '../links.ts'
import parts from '../parts.module.css'
import { shortSentence } from '../short.ts'

/** Hops that fail, or will, by the same cause as this one. */
export function Reach({
  hop,
  forecast,
  environment,
  now,
}: {
  readonly hop: string
  readonly forecast: Forecast | undefined
  readonly environment: string
  readonly now: number
}) {
  if (forecast === undefined) return <p className={parts.quiet}>Not known yet.</p>
  const causes = new Set(forecast.failures.flatMap((failure) => (failure.hop === hop ? [failure.cause] : [])))
  const reached = forecast.failures.filter(({ cause }) => causes.has(cause))
  const shared = forecast.causes.filter(({ key }) => causes.has(key))
  if (reached.every((failure) => failure.hop === hop)) {
    return <p className={parts.quiet}>No other hop is known to fail by the same cause.</p>
  }
  return (
    <>
      {shared.map(({ key, reason }) => (
        <p key={key} className={parts.prose}>
          {shortSentence(reasonSentence(reason), now)}
        </p>
      ))}
      <ul className={parts.marked}>
        {reached.map((failure) => {
          const over = failure.isFailing || failure.failsAt <= now
          return (
            <li key={`${failure.hop} ${failure.cause}`}>
              {over ? (
                <OctagonX size={16} aria-hidden="true" className={parts.toned} data-tone="fail" />
              ) : (
                <Clock3 size={16} aria-hidden="true" className={parts.toned} data-tone="warn" />
              )}
              <span>
                <a href={handshakeLink(environment, failure.from.workload, failure.to.workload)}>
                  {failure.from.name} → {failure.to.name}
                </a>
                <small>
                  {failure.isFailing
                    ? 'failing now'
                    : over
                      ? `due since ${formatClock(failure.failsAt, now)}`
                      : `fails at ${formatClock(failure.failsAt, now)} if nothing changes`}
                </small>
              </span>
            </li>
          )
        })}
      </ul>
    </>
  )
}
