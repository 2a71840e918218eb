import { Copy, Share2 } from 'lucide-react'
import type { Forecast } from '../../../../shared/domain/diagnosis/forecast/model.ts'
import type { HandshakeDiagnosis } from '../../../../shared/domain/diagnosis/model.ts'
import { countOf, formatClock, formatDuration } from '../../../../shared/words/durations.ts'
import { handshakeNote } from '../../../../shared/words/handshake-note.ts'
import { useNow } from '../../../api/clock.tsx'
import { useForecast, useHandshake } from '../../../api/handshakes.ts'
import { Button } from '../../../ui/atoms.tsx'
import { AsideSection, NextSteps, OpenList, RuledOutList } from '../aside-parts.tsx'
import frame from '../diagnose.module.css'
import type { DiagnoseProps } from '../diagnose-props.ts'
import { ForecastOverview } from '../forecast/forecast-overview.tsx'
import { ValidityView } from '../forecast/validity-view.tsx'
import { graphLink, linkTo } from '../links.ts'
import type { VerdictTone } from '../looks.ts'
import { NotYetColumns } from '../not-yet.tsx'
import parts from '../parts.module.css'
import { VerdictCard } from '../verdict-card.tsx'
import styles from './handshake.module.css'
import { LeafView } from './leaf-view.tsx'
import { ProbeSection } from './probe-view.tsx'
import { Reach } from './reach.tsx'
import { SideCard } from './side-card.tsx'
import { wireOf } from './wire.ts'
import { WireView } from './wire-view.tsx'

/** The middle and the right column of the tab Handshakes: one handshake, or without one what breaks next. */
export function HandshakeView(props: DiagnoseProps) {
  const { from, to } = props.address
  if (from === undefined || to === undefined) return <ForecastOverview {...props} />
  return <OneHandshake key={`${from} ${to}`} {...props} from={from} to={to} />
}

function OneHandshake({
  environment,
  from,
  to,
  onCopy,
}: DiagnoseProps & { readonly from: string; readonly to: string }) {
  const handshake = useHandshake(environment, { from, to })
  const forecast = useForecast(environment)
  const now = useNow(1000)
  const diagnosis = handshake.data
  if (diagnosis === undefined) {
    return (
      <NotYetColumns
        middle="Handshake"
        side="What to do"
        looking="Looking at what both sides have"
        failed="This handshake cannot be looked at"
        error={handshake.error}
        onRetry={() => void handshake.refetch()}
      />
    )
  }
  const hop = `hop/${diagnosis.from}>${diagnosis.to}`
  return (
    <>
      <section className={frame.middle} aria-label="Handshake" tabIndex={0} data-testid="handshake">
        <header className={parts.heading}>
          <h2>
            {diagnosis.client.name} → {diagnosis.server.name}
          </h2>
          <a href={graphLink(environment, hop)} data-testid="hop-on-graph">
            <Share2 size={14} aria-hidden="true" /> Show on the graph
          </a>
          <Button small onClick={() => onCopy(handshakeNote(diagnosis, now))} data-copy data-testid="copy-note">
            <Copy size={12} aria-hidden="true" />
            Copy as incident note
          </Button>
        </header>
        <VerdictCard verdict={diagnosis.verdict} tone={toneOf(diagnosis)} now={now}>
          {besideVerdict(diagnosis, now)}
        </VerdictCard>
        <div className={styles.twins}>
          <SideCard role="Client" side={diagnosis.client} now={now} />
          <WireView wire={wireOf(diagnosis)} />
          <SideCard role="Server" side={diagnosis.server} now={now} />
        </div>
        <LeafView diagnosis={diagnosis} now={now} />
        {forecast.data === undefined ? null : (
          <ValidityView forecast={forecast.data} of={concerned(forecast.data, diagnosis)} />
        )}
      </section>
      <aside className={frame.side} aria-label="What to do" tabIndex={0}>
        <AsideSection title="What to do">
          <NextSteps next={diagnosis.next} linkOf={(open) => linkTo(environment, open)} onCopy={onCopy} />
        </AsideSection>
        <ProbeSection
          environment={environment}
          from={diagnosis.from}
          to={diagnosis.to}
          server={diagnosis.server.name}
        />
        <AsideSection title="Reach">
          <Reach hop={hop} forecast={forecast.data} environment={environment} now={now} />
        </AsideSection>
        <AsideSection title="Ruled out">
          <RuledOutList ruledOut={diagnosis.ruledOut} />
        </AsideSection>
        <AsideSection title="Still open">
          <OpenList open={diagnosis.open} />
        </AsideSection>
      </aside>
    </>
  )
}

function toneOf({ verdict: { cause } }: HandshakeDiagnosis): VerdictTone {
  return cause === 'unknown' ? 'unknown' : cause === 'not-failing' ? 'ok' : 'fail'
}

/** "Failing since …, for 3 m 24 s · 12 attempts failed in the window" */
function besideVerdict({ failingSince, attempts, verdict }: HandshakeDiagnosis, now: number): string {
  const since =
    failingSince === null
      ? verdict.cause === 'not-failing'
        ? ''
        : 'Since when is not known'
      : `Failing since ${formatClock(failingSince, now)}, for ${formatDuration(now - failingSince)}`
  const counted =
    attempts === null ? 'attempts were not counted' : `${countOf(attempts, 'attempt')} failed in the window`
  return [since, counted].filter((part) => part !== '').join(' · ')
}

/** Both ends, and whoever breaks by the same cause. */
function concerned(forecast: Forecast, { from, to }: HandshakeDiagnosis): ReadonlySet<string> {
  const ends = new Set([from, to])
  const shared = forecast.causes.filter(({ workloads }) => workloads.some((id) => ends.has(id)))
  return new Set([...ends, ...shared.flatMap(({ workloads }) => workloads)])
}
