import { CircleCheck, CircleX, Clock3, SquareDashed, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { SourceTestReport } from '../../../shared/contract/environments.ts'
import { countOf } from '../../../shared/words/durations.ts'
import {
  identitySentence,
  rightsSentence,
  stepHead,
  supportSentence,
  testOutcomeWords,
  tlsSentence,
  unknownSentences,
} from '../../../shared/words/environment-tests.ts'
import { whatTitle } from '../../../shared/words/gaps.ts'
import { leaseMountSentence } from '../../../shared/words/lease-mounts.ts'
import { sourceLabel } from '../../../shared/words/states.ts'
import type { Testing } from '../../api/environments.ts'
import { Button, Tag, type Tone } from '../../ui/atoms.tsx'
import styles from './check-results.module.css'
import { failuresOf, inReadingOrder, together } from './results-order.ts'
import { RoleDialog } from './role-dialog.tsx'

/** What each source answered, word for word, and what will not be seen because of it. */
export function CheckResults({
  of,
  testing,
  outdated,
  onStop,
}: {
  /** Name of the environment; null: the form beside. */
  readonly of: string | null
  readonly testing: Testing
  /** The form was changed since: what stands here is about what was there before. */
  readonly outdated: boolean
  readonly onStop: () => void
}) {
  const [ask, setAsk] = useState<SourceTestReport['ask']>(null)
  const { status, waiting, reports, tookMs, failure } = testing
  return (
    <section className={styles.panel} aria-labelledby="check-results" data-testid="check-results" data-status={status}>
      <header className={styles.head}>
        <h2 id="check-results">{of === null ? 'Check results' : `Check results of ${of}`}</h2>
        {status === 'running' ? (
          <Button small onClick={onStop}>
            Stop
          </Button>
        ) : (
          <small>{tookMs === null ? '' : `${(tookMs / 1000).toFixed(1)} s`}</small>
        )}
      </header>
      <p className={styles.state} role="status">
        {outdated && status !== 'running' ? 'The form has changed since. Check again. ' : ''}
        {stateSentence(testing)}
      </p>
      {failure === null ? null : (
        <p className={styles.failure} role="alert">
          {failure}
        </p>
      )}
      <ul>
        {together(inReadingOrder(reports)).map(({ report, others }) => (
          <li key={`${report.source}/${report.instance}`}>
            <Result report={report} others={others} onAsk={setAsk} />
          </li>
        ))}
        {waiting.slice(0, 12).map(({ source, instance }) => (
          <li key={`${source}/${instance}`} className={styles.waiting}>
            <Clock3 size={14} aria-hidden="true" /> {sourceLabel(source)} {instance}: asking…
          </li>
        ))}
        {waiting.length > 12 ? <li className={styles.waiting}>And {waiting.length - 12} more: asking…</li> : null}
      </ul>
      {ask === null ? null : <RoleDialog ask={ask} onClose={() => setAsk(null)} />}
    </section>
  )
}

function stateSentence({ status, waiting, reports }: Testing): string {
  if (status === 'idle') return 'Nothing was checked yet, so nothing is known of these sources.'
  const usable = reports.filter(({ outcome }) => outcome === 'usable').length
  const counts = `${usable} of ${countOf(reports.length, 'source')} usable.`
  if (status === 'running') return `${waiting.length} still asked. ${reports.length === 0 ? '' : counts}`
  if (status === 'stopped') return `Stopped: what was not asked is unknown. ${counts}`
  if (status === 'failed') return `The check did not end: what is missing here is unknown. ${counts}`
  return reports.length === 0 ? 'There is no source to check.' : counts
}

const looks: Readonly<Record<SourceTestReport['outcome'], { readonly tone: Tone; readonly Icon: typeof CircleCheck }>> =
  {
    usable: { tone: 'ok', Icon: CircleCheck },
    partly: { tone: 'warn', Icon: TriangleAlert },
    unusable: { tone: 'fail', Icon: CircleX },
  }

const literalsShown = 6

function Result({
  report,
  others,
  onAsk,
}: {
  readonly report: SourceTestReport
  /** More of the same kind that said exactly this. */
  readonly others: readonly string[]
  readonly onAsk: (ask: SourceTestReport['ask']) => void
}) {
  const { source, instance, address, outcome, reached, tookMs, steps, unknown } = report
  // What could not even be asked is unknown: it is not known to be broken.
  const { tone, Icon } =
    outcome === 'unusable' && !reached ? { tone: 'unknown' as const, Icon: SquareDashed } : looks[outcome]
  const failed = failuresOf(steps)
  const read = steps.filter((step) => step.outcome === 'read' && step.what !== 'discovery' && step.detail !== '')
  const found = steps.find(({ what, outcome: read }) => what === 'discovery' && read === 'read')
  return (
    <article className={styles.result} data-testid={`result-${source}-${instance}`} data-outcome={outcome}>
      <h3>
        {sourceLabel(source)} <span className={styles.instance}>{instance}</span>
        <Tag tone={tone} icon={<Icon size={14} aria-hidden="true" />}>
          {testOutcomeWords(report)}
        </Tag>
        <small>{tookMs} ms</small>
      </h3>
      {others.length === 0 ? null : (
        <details className={styles.details}>
          <summary>And {countOf(others.length, 'other')} with the same answer</summary>
          <ul>
            {others.map((other) => (
              <li key={other} className={styles.other}>
                {other}
              </li>
            ))}
          </ul>
        </details>
      )}
      {failed.slice(0, literalsShown).map(({ whats, outcome: why, detail }) => (
        <div key={`${why} ${detail}`}>
          <p>
            <b>{stepHead(whats, why)}</b>
          </p>
          {detail === '' ? null : <pre className={styles.literal}>{detail}</pre>}
        </div>
      ))}
      {failed.length > literalsShown ? <p className={styles.quiet}>And {failed.length - literalsShown} more.</p> : null}
      {unknown.length === 0 ? null : (
        <ul className={styles.unknown}>
          {unknownSentences(source, unknown).map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
      {report.ask === null ? null : (
        <Button small onClick={() => onAsk(report.ask)} data-testid={`ask-${source}-${instance}`}>
          {report.ask.rights === null ? 'Show the rights to ask for…' : 'Show the missing rights…'}
        </Button>
      )}
      <details className={styles.details}>
        <summary>Connection, identity, version and rights</summary>
        <dl>
          <dt>Address</dt>
          <dd>
            <code>{address === '' ? 'none' : address}</code>
          </dd>
          <dt>Connection</dt>
          <dd>
            {reached ? 'It answered. ' : 'It did not answer. '}
            {tlsSentence(report.tls)}
          </dd>
          <dt>Identity</dt>
          <dd>{identitySentence(report.identity)}</dd>
          <dt>Version</dt>
          <dd>{supportSentence(report)}</dd>
          <dt>Rights</dt>
          <dd>{rightsSentence(report.rights)}</dd>
          {read.length === 0 ? null : (
            <>
              <dt>Read</dt>
              <dd>{read.map(({ what, detail }) => `${whatTitle(what)}: ${detail}`).join('; ')}.</dd>
            </>
          )}
          {report.leaseMounts === undefined || report.leaseMounts.length === 0 ? null : (
            <>
              <dt>Leases</dt>
              <dd>
                {report.leaseMounts.map((mount) => (
                  <p key={mount.mount}>{leaseMountSentence(mount)}</p>
                ))}
              </dd>
            </>
          )}
          {found === undefined ? null : (
            <>
              <dt>Found</dt>
              <dd>
                {found.locator} is {found.detail}.
              </dd>
            </>
          )}
        </dl>
        <ul className={styles.rights}>
          {report.rights.map(({ what, right, state }) => (
            <li key={`${what} ${right}`} data-state={state}>
              <code>{right}</code> {state === 'unknown' ? 'not known' : state}
            </li>
          ))}
        </ul>
      </details>
    </article>
  )
}
