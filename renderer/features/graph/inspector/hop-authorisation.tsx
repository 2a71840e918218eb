import type { HopDetail } from '../../../../shared/contract/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { formatClock } from '../../../../shared/words/durations.ts'
import styles from './inspector.module.css'
import { Breakable, FactRow } from './rows.tsx'

/** The last decision with its reasons and ids, and who is asked how. */
export function Authorisation({ detail, now }: { readonly detail: HopDetail; readonly now: EpochMs }) {
  const { guard, decision } = detail.hop
  return (
    <>
      <FactRow label="Last decision" known={decision} now={now}>
        {(value) => (
          <>
            <b
              className={
                value.outcome === 'allow' ? styles.good : value.outcome === 'deny' ? styles.denied : styles.bad
              }
            >
              {value.outcome === 'allow' ? '✓ allow' : value.outcome === 'deny' ? '⊘ deny' : '✕ no decision'}
            </b>{' '}
            at {formatClock(value.at, now)}
          </>
        )}
      </FactRow>
      {decision.known ? (
        <>
          <FactRow label="Reasons" known={decision} now={now}>
            {(value) => (value.reasons.length === 0 ? 'none given' : value.reasons.join(', '))}
          </FactRow>
          <FactRow label="Rule" known={decision} now={now}>
            {(value) => <Breakable text={value.revision === null ? value.path : `${value.path} · ${value.revision}`} />}
          </FactRow>
          <FactRow label="Decision" known={decision} now={now}>
            {(value) => <Breakable text={value.decisionId} />}
          </FactRow>
          <FactRow label="Request" known={decision} now={now}>
            {(value) => (value.requestId === null ? 'no request id' : <Breakable text={value.requestId} />)}
          </FactRow>
        </>
      ) : null}
      <FactRow label="Asked" known={guard} now={now}>
        {(value) => value.opa ?? value.cluster ?? 'nobody'}
      </FactRow>
      {guard.known ? (
        <FactRow label="On silence" known={guard} now={now}>
          {(value) =>
            `${value.failureModeAllow ? 'lets requests pass' : 'refuses requests'}${
              value.timeoutMs === null ? '' : `, after ${value.timeoutMs} ms`
            }`
          }
        </FactRow>
      ) : null}
      {guard.known ? (
        <FactRow label="Bundle" known={guard} now={now}>
          {(value) =>
            `${value.revision ?? 'revision not known'}${
              value.bundleFetchedAt === null ? '' : `, fetched at ${formatClock(value.bundleFetchedAt, now)}`
            }`
          }
        </FactRow>
      ) : null}
    </>
  )
}
