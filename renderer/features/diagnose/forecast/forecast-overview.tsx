import { CircleHelp } from 'lucide-react'
import { runbooksOfForecast } from '../../../../shared/domain/diagnosis/runbooks.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { useNow } from '../../../api/clock.tsx'
import { useForecast } from '../../../api/handshakes.ts'
import { AsideSection } from '../aside-parts.tsx'
import frame from '../diagnose.module.css'
import type { DiagnoseProps } from '../diagnose-props.ts'
import { NotYetColumns } from '../not-yet.tsx'
import parts from '../parts.module.css'
import { RunbookLinks } from '../runbook/runbook-links.tsx'
import { FailuresView } from './failures-view.tsx'
import styles from './forecast.module.css'
import { ReadinessView } from './readiness-view.tsx'
import { RotationView } from './rotation-view.tsx'
import { ValidityView } from './validity-view.tsx'

/** Without a handshake that is looked at: what breaks next if nothing changes, and how far each authority is trusted. */
export function ForecastOverview({ environment }: DiagnoseProps) {
  const { data: forecast, error, refetch } = useForecast(environment)
  const now = useNow(1000)
  if (forecast === undefined) {
    return (
      <NotYetColumns
        middle="What breaks next"
        side="Authorities"
        looking="Looking at every SVID in use"
        failed="What breaks next cannot be told"
        error={error}
        onRetry={() => void refetch()}
      />
    )
  }
  const pages = runbooksOfForecast(forecast)
  const late = forecast.identities.filter(({ rotation }) => rotation.state !== 'on-course')
  return (
    <>
      <section className={frame.middle} aria-label="What breaks next" tabIndex={0} data-testid="forecast">
        <h2 className={styles.title}>What breaks next</h2>
        <FailuresView forecast={forecast} environment={environment} now={now} />
        <ValidityView
          forecast={forecast}
          of={new Set((late.length > 0 ? late : forecast.identities).map(({ workload }) => workload))}
        />
        <RotationView forecast={forecast} environment={environment} now={now} />
      </section>
      <aside className={frame.side} aria-label="Authorities" tabIndex={0}>
        <AsideSection title="Ready for rotation">
          <ReadinessView authorities={forecast.authorities} environment={environment} now={now} />
        </AsideSection>
        {pages.length === 0 ? null : (
          <AsideSection title="Runbooks">
            <RunbookLinks runbooks={pages} />
          </AsideSection>
        )}
        <AsideSection title="Not known">
          {forecast.open.length === 0 ? (
            <p className={styles.quiet}>Everything that this needs is read.</p>
          ) : (
            <ul className={parts.marked}>
              {[...new Set(forecast.open.map(reasonSentence))].map((sentence) => (
                <li key={sentence}>
                  <CircleHelp size={16} aria-hidden="true" />
                  <span>{sentence}</span>
                </li>
              ))}
            </ul>
          )}
        </AsideSection>
      </aside>
    </>
  )
}
