import { createContext, type ReactNode, useContext, useMemo, useState } from 'react'
import type { FactReference, Known, Reason } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { formatAge, formatClock } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { basisGlyph, basisMeaning, basisWord, sourceLabel } from '../../../../shared/words/states.ts'
import styles from './inspector.module.css'

interface Opened {
  readonly open: string | null
  readonly toggle: (id: string) => void
}

const OpenedContext = createContext<Opened>({ open: null, toggle: () => {} })

/** Keeps which fact of the inspector says how it is known; one at a time. */
export function ProvenanceScope({ children }: { readonly children: ReactNode }) {
  const [open, setOpen] = useState<string | null>(null)
  const value = useMemo(
    () => ({ open, toggle: (id: string) => setOpen((before) => (before === id ? null : id)) }),
    [open],
  )
  return <OpenedContext.Provider value={value}>{children}</OpenedContext.Provider>
}

/** Attribute by which the key `p` finds the fact that has the focus. */
export const factAttribute = 'data-fact'

/** One value as a button: pressing it answers "how do we know?". An unknown value answers why it is not known. */
export function FactValue<Value>({
  id,
  known,
  children,
}: {
  readonly id: string
  readonly known: Known<Value>
  readonly children: (value: Value) => ReactNode
}) {
  const { open, toggle } = useContext(OpenedContext)
  return (
    <button
      type="button"
      className={styles.fact}
      data-fact={id}
      data-known={known.known ? (known.stale ? 'stale' : 'yes') : 'no'}
      aria-expanded={open === id}
      title="How do we know? (p)"
      onClick={() => toggle(id)}
    >
      <span className={styles.value}>
        {known.known ? children(known.value) : <span className={styles.unknownValue}>not known</span>}
        {known.known && known.stale ? <span className={styles.stale}> last known</span> : null}
      </span>
      <i aria-hidden="true">{known.known ? basisGlyph(known.fact.basis) : '?'}</i>
    </button>
  )
}

/** The answer below a row, when one of the row's facts is open. */
export function FactAnswer({
  facts,
  now,
}: {
  readonly facts: readonly { readonly id: string; readonly title: string; readonly known: Known<unknown> }[]
  readonly now: EpochMs
}) {
  const { open } = useContext(OpenedContext)
  const fact = facts.find((candidate) => candidate.id === open)
  if (fact === undefined) return null
  return fact.known.known ? (
    <ProvenanceBox title={fact.title} fact={fact.known.fact} stale={fact.known.stale} now={now} />
  ) : (
    <UnknownBox title={fact.title} reason={fact.known.reason} />
  )
}

/** Source, locator, time, age and basis of one fact: enough to ask the same question by hand. */
export function ProvenanceBox({
  title,
  fact,
  stale,
  now,
}: {
  readonly title: string
  readonly fact: FactReference
  readonly stale: boolean
  readonly now: EpochMs
}) {
  return (
    <div className={styles.provenance}>
      <div className={styles.between}>
        <b>{title}</b>
        <span title={basisMeaning(fact.basis)}>
          {basisGlyph(fact.basis)} {basisWord(fact.basis)}
        </span>
      </div>
      <dl>
        <dt>Source</dt>
        <dd>
          {sourceLabel(fact.source)} “{fact.instance}”
        </dd>
        <dt>Asked</dt>
        <dd>
          <code>{fact.locator}</code>
        </dd>
        <dt>Observed</dt>
        <dd>
          {formatClock(fact.observedAt, now)} UTC, age {formatAge(now - fact.observedAt)}
          {stale ? '; the source has been silent since' : ''}
        </dd>
      </dl>
    </div>
  )
}

function UnknownBox({ title, reason }: { readonly title: string; readonly reason: Reason }) {
  return (
    <div className={styles.provenance} data-known="no">
      <b>{title}: not known</b>
      <p>{reasonSentence(reason)}</p>
    </div>
  )
}
