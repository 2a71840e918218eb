import { Fragment, type ReactNode } from 'react'
import type { Known } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { formatClock, formatDuration } from '../../../../shared/words/durations.ts'
import styles from './inspector.module.css'
import { FactAnswer, FactValue } from './provenance.tsx'

export function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  )
}

/** One fact: what it is, its value, and on demand how it is known. */
export function FactRow<Value>({
  of = '',
  label,
  known,
  now,
  children,
}: {
  /** What the fact is of, where a panel has the same label several times. */
  readonly of?: string
  readonly label: string
  readonly known: Known<Value>
  readonly now: EpochMs
  readonly children: (value: Value) => ReactNode
}) {
  const id = of === '' ? `row/${label}` : `row/${of}/${label}`
  return (
    <>
      <div className={styles.row}>
        <span className={styles.label}>{label}</span>
        <FactValue id={id} known={known}>
          {children}
        </FactValue>
      </div>
      <FactAnswer facts={[{ id, title: label, known }]} now={now} />
    </>
  )
}

/** The same fact of both sides of a hop, client left. */
export function TwoSidedRow<Value>({
  label,
  client,
  server,
  now,
  children,
}: {
  readonly label: string
  readonly client: Known<Value>
  readonly server: Known<Value>
  readonly now: EpochMs
  readonly children: (value: Value) => ReactNode
}) {
  const ids = { client: `client/${label}`, server: `server/${label}` }
  return (
    <>
      <div className={styles.two} role="row">
        <span className={styles.label} role="rowheader">
          {label}
        </span>
        <span role="cell">
          <FactValue id={ids.client} known={client}>
            {children}
          </FactValue>
        </span>
        <span role="cell">
          <FactValue id={ids.server} known={server}>
            {children}
          </FactValue>
        </span>
      </div>
      <FactAnswer
        facts={[
          { id: ids.client, title: `${label}, client`, known: client },
          { id: ids.server, title: `${label}, server`, known: server },
        ]}
        now={now}
      />
    </>
  )
}

/** An expiry with what is left of it: red with a cross once it is over. */
export function Expiry({ at, now }: { readonly at: EpochMs | null; readonly now: EpochMs }) {
  if (at === null) return <>none given</>
  const over = at <= now
  return (
    <span className={over ? styles.bad : undefined}>
      {over ? '✕ ' : ''}
      {formatClock(at, now)}
      <br />
      <span className={over ? undefined : styles.quiet}>
        {over ? `${formatDuration(now - at)} ago` : `in ${formatDuration(at - now)}`}
      </span>
    </span>
  )
}

/** A long identifier that may break after its separators, so that it is whole and still fits. */
export function Breakable({ text }: { readonly text: string }) {
  const parts = text.split(/(?<=[/:._,-])/)
  return (
    <code className={styles.breakable}>
      {parts.map((part, index) => (
        <Fragment key={index}>
          {part}
          <wbr />
        </Fragment>
      ))}
    </code>
  )
}

/** Serial numbers in pairs, shortened in the middle; the whole stays in the title. */
export function Serial({ hex }: { readonly hex: string | null }) {
  if (hex === null) return <>none given</>
  const pairs = hex.match(/.{1,2}/g) ?? []
  const short = pairs.length > 6 ? `${pairs.slice(0, 3).join(':')}:…:${pairs.at(-1)}` : pairs.join(':')
  return <code title={hex}>{short}</code>
}
