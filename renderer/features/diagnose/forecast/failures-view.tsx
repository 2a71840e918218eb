import { CircleCheck, CircleHelp, Clock3, OctagonX } from 'lucide-react'
import type { Forecast, ForecastFailure } from '../../../../shared/domain/diagnosis/forecast/model.ts'
import { countOf, formatClock, formatDuration } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { handshakeLink } from '../links.ts'
import { shortSentence } from '../short.ts'
import styles from './forecast.module.css'

/** Hops that fail if nothing changes, soonest first, in groups by what they have in common. */
export function FailuresView({
  forecast: { failures, causes, identities, open },
  environment,
  now,
}: {
  readonly forecast: Forecast
  readonly environment: string
  readonly now: number
}) {
  if (failures.length === 0) {
    const unclear = identities.filter(({ rotation }) => rotation.state === 'unknown').length
    const known = identities.length - unclear
    const isSure = unclear === 0 && open.length === 0 && known > 0
    return (
      <p className={styles.none} data-tone={isSure ? 'ok' : 'unknown'} data-testid="no-failure-ahead">
        {isSure ? <CircleCheck size={16} aria-hidden="true" /> : <CircleHelp size={16} aria-hidden="true" />}
        <span>
          {known === 0
            ? 'Nothing can be said of what breaks next: no SVID in use is known.'
            : `No hop is known to fail next. ${countOf(known, 'SVID')} of ${identities.length} ${known === 1 ? 'is' : 'are'} known and looked at.`}
        </span>
      </p>
    )
  }
  return (
    <ul className={styles.causes} data-testid="failures-ahead">
      {causes.map((cause) => {
        const hops = failures.filter((failure) => failure.cause === cause.key)
        return (
          <li key={cause.key}>
            <header>
              <b>{whenWords(cause.failsAt, now)}</b>
              <span>{shortSentence(reasonSentence(cause.reason), now)}</span>
            </header>
            <ul>
              {hops.map((failure) => (
                <FailureItem key={failure.hop} failure={failure} environment={environment} now={now} />
              ))}
            </ul>
          </li>
        )
      })}
    </ul>
  )
}

function FailureItem({
  failure: { from, to, failsAt, isFailing, reason },
  environment,
  now,
}: {
  readonly failure: ForecastFailure
  readonly environment: string
  readonly now: number
}) {
  const over = isFailing || failsAt <= now
  return (
    <li className={styles.failure} data-tone={over ? 'fail' : 'warn'}>
      {over ? <OctagonX size={16} aria-hidden="true" /> : <Clock3 size={16} aria-hidden="true" />}
      <span>
        <a href={handshakeLink(environment, from.workload, to.workload)}>
          {from.name} → {to.name}
        </a>
        <small>{shortSentence(reasonSentence(reason), now)}</small>
      </span>
      <span className={styles.when}>
        {isFailing ? 'failing now' : formatClock(failsAt, now)}
        <small>{over ? '' : `in ${formatDuration(failsAt - now)}`}</small>
      </span>
    </li>
  )
}

function whenWords(failsAt: number, now: number): string {
  return failsAt <= now
    ? `Failing since ${formatClock(failsAt, now)}`
    : `Fails at ${formatClock(failsAt, now)} if nothing changes`
}
