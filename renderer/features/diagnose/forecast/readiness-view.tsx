import type { ForecastAuthority, Holders } from '../../../../shared/domain/diagnosis/forecast/model.ts'
import { authorityLabels } from '../../../../shared/words/diagnosis-forecast.ts'
import { formatMoment } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { graphLink } from '../links.ts'
import styles from './forecast.module.css'

/** Of every authority: how many trust it, who does not yet, and who still does although nobody should. */
export function ReadinessView({
  authorities,
  environment,
  now,
}: {
  readonly authorities: readonly ForecastAuthority[]
  readonly environment: string
  readonly now: number
}) {
  if (authorities.length === 0) return <p className={styles.quiet}>No authority of a trust domain is known.</p>
  return (
    <ul className={styles.authorities} data-testid="authorities">
      {authorities.map((authority) => (
        <li key={authority.key} data-tone={toneOf(authority)}>
          <p>
            <code title={authority.key}>{authority.key.slice(0, 8)}…</code> <b>{authorityLabels[authority.state]}</b>{' '}
            <span className={styles.quiet}>
              {authority.role === 'federated' ? 'federated, ' : ''}
              {authority.trustDomain}
            </span>
          </p>
          <p className={styles.readiness}>
            {authority.trustedBy} of {authority.of} trust it
            {authority.unknown.total === 0 ? '' : `, of ${authority.unknown.total} it is not known`}
          </p>
          <Share authority={authority} />
          <p className={styles.detail}>{reasonSentence(authority.reason)}</p>
          <p className={styles.detail}>
            {authority.notAfter === null
              ? 'Its end is not known.'
              : `${authority.notAfter <= now ? 'Ended' : 'Valid to'} ${formatMoment(authority.notAfter)}.`}
            {authority.activatesAt === null
              ? ''
              : ` SPIRE signs with it from ${formatMoment(authority.activatesAt)} on.`}
          </p>
          <Names title="Do not trust it yet" holders={authority.missing} environment={environment} />
          <Names title="Trust it still" holders={authority.stillTrusting} environment={environment} />
          <Names title="Their SVID is signed by it" holders={authority.signed} environment={environment} folded />
          <Names title="Not known of" holders={authority.unknown} environment={environment} folded />
        </li>
      ))}
    </ul>
  )
}

function toneOf({ state, missing, stillTrusting, unknown }: ForecastAuthority): 'ok' | 'warn' | 'fail' | 'unknown' {
  if ((state === 'tainted' || state === 'revoked') && stillTrusting.total > 0) return 'fail'
  if (missing.total > 0) return state === 'active' ? 'fail' : 'warn'
  return unknown.total > 0 ? 'unknown' : 'ok'
}

/** The share as a bar; its words stand above it. */
function Share({ authority: { trustedBy, of, unknown } }: { readonly authority: ForecastAuthority }) {
  if (of === 0) return null
  return (
    <span className={styles.share} aria-hidden="true">
      <span className={styles.trusting} style={{ width: `${(trustedBy / of) * 100}%` }} />
      <span className={styles.untold} style={{ width: `${(unknown.total / of) * 100}%` }} />
    </span>
  )
}

function Names({
  title,
  holders: { total, first },
  environment,
  folded = false,
}: {
  readonly title: string
  readonly holders: Holders
  readonly environment: string
  readonly folded?: boolean
}) {
  if (total === 0) return null
  return (
    <details className={styles.names} open={!folded && total <= 5}>
      <summary>
        {title}: {total}
      </summary>
      <ul>
        {first.map(({ workload, name }) => (
          <li key={workload}>
            <a href={graphLink(environment, workload)}>{name}</a>
          </li>
        ))}
        {total > first.length ? <li>and {total - first.length} more</li> : null}
      </ul>
    </details>
  )
}
