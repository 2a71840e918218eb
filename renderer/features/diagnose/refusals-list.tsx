import { useVirtualizer } from '@tanstack/react-virtual'
import { OctagonX, SquareDashed } from 'lucide-react'
import { type ReactNode, useEffect, useEffectEvent, useRef, useState } from 'react'
import type { RefusalGroup, RefusalGroups } from '../../../shared/domain/diagnosis/refusals/model.ts'
import { endName, refusalKindLabels, refusalWhy } from '../../../shared/words/diagnosis-refusals.ts'
import { countOf, formatClock } from '../../../shared/words/durations.ts'
import { blindSpots, emptySentence, spanWords } from '../../../shared/words/refused.ts'
import { useNow } from '../../api/clock.tsx'
import { useRefusals } from '../../api/diagnosis.ts'
import { failureSentence } from '../../api/environments.ts'
import { useSourceHealth } from '../../api/hooks.ts'
import { Chip } from '../../ui/atoms.tsx'
import type { DiagnoseAddress } from './address.ts'
import { toneOfKind } from './looks.ts'
import styles from './refusals-list.module.css'
import { ToneGlyph } from './tone-glyph.tsx'
import { useSingleKeys } from './use-single-keys.ts'

const spans = [
  { minutes: 15, label: '15 m' },
  { minutes: 60, label: '1 h' },
  { minutes: 24 * 60, label: '24 h' },
] as const
/** Every row is so high. Pixels. */
const rowHeight = 69

/** What was refused lately, in groups by hop and cause. */
export function RefusalsList({
  environment,
  address,
  go,
  singleKeys,
}: {
  readonly environment: string
  readonly address: DiagnoseAddress
  readonly go: (address: DiagnoseAddress) => void
  readonly singleKeys: boolean
}) {
  const [minutes, setMinutes] = useState<number>(15)
  const query = useRefusals(environment, minutes)
  const { data } = query
  return (
    <section className={styles.refusals} aria-label="Refused lately" data-testid="refusals">
      <header className={styles.head}>
        <h2>Last {spanWords(minutes)}</h2>
        <span className={styles.count} data-testid="refusals-count">
          {data === undefined ? '' : totals(data)}
        </span>
        <span className={styles.spans} role="group" aria-label="Time">
          {spans.map((span) => (
            <Chip
              key={span.minutes}
              on={span.minutes === minutes}
              aria-label={`Last ${spanWords(span.minutes)}`}
              onClick={() => setMinutes(span.minutes)}
            >
              {span.label}
            </Chip>
          ))}
        </span>
      </header>
      {query.error === null ? null : (
        <p className={styles.failed} role="alert">
          <OctagonX size={14} aria-hidden="true" />
          {failureSentence(query.error)}
        </p>
      )}
      {data === undefined ? (
        query.error === null ? (
          <p className={styles.quiet} role="status">
            Asking…
          </p>
        ) : null
      ) : (
        <>
          <Blind environment={environment} answer={data} />
          {data.groups.length === 0 ? (
            <Empty answer={data} minutes={minutes} />
          ) : (
            <Groups groups={data.groups} address={address} go={go} singleKeys={singleKeys} />
          )}
          <p className={styles.foot}>
            Grouped by hop and cause. What OPA never decided is shown as failing, not as denied.
            {data.complete ? '' : ' There are more groups than are listed.'}
          </p>
        </>
      )}
    </section>
  )
}

function totals({ total, groups, complete }: RefusalGroups): string {
  return `${countOf(total, 'request')}, ${complete ? countOf(groups.length, 'group') : `the latest ${countOf(groups.length, 'group')}`}`
}

/** Nothing was refused: says of which time that is known. */
function Empty({ answer, minutes }: { readonly answer: RefusalGroups; readonly minutes: number }) {
  const { from, to, heldSince } = answer
  const since = heldSince === null ? from : Math.max(from, heldSince)
  return (
    <div className={styles.quiet} role="status" data-testid="refusals-empty">
      <p>{emptySentence({ from, heldSince, lost: 0 }, minutes)}</p>
      {heldSince === null ? null : (
        <p>
          Looked at: {formatClock(since, to)} to {formatClock(to)} UTC.
        </p>
      )}
    </div>
  )
}

/** What the list cannot tell. */
function Blind({ environment, answer }: { readonly environment: string; readonly answer: RefusalGroups }): ReactNode {
  const health = useSourceHealth(environment)
  const now = useNow(10_000)
  return blindSpots({ from: answer.from, heldSince: answer.heldSince, lost: 0 }, health, now).map((text) => (
    <p key={text} className={styles.blind}>
      <SquareDashed size={14} aria-hidden="true" />
      <span>{text}</span>
    </p>
  ))
}

function Groups({
  groups,
  address,
  go,
  singleKeys,
}: {
  readonly groups: readonly RefusalGroup[]
  readonly address: DiagnoseAddress
  readonly go: (address: DiagnoseAddress) => void
  readonly singleKeys: boolean
}) {
  const scroller = useRef<HTMLDivElement>(null)
  const now = useNow(10_000)
  // oxlint-disable-next-line react/incompatible-library -- the compiler is not used; rows must be virtual at this size
  const virtual = useVirtualizer({
    count: groups.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  })
  const chosen = indexOfChosen(groups, address)
  const choose = (group: RefusalGroup) => go({ ...address, tab: undefined, ...requestOf(group), group: group.key })
  const step = (by: 1 | -1) => {
    const next =
      groups[chosen < 0 ? (by > 0 ? 0 : groups.length - 1) : Math.min(groups.length - 1, Math.max(0, chosen + by))]
    if (next !== undefined) choose(next)
  }
  useSingleKeys(singleKeys, { j: () => step(1), k: () => step(-1) })
  const show = useEffectEvent((index: number) => virtual.scrollToIndex(index))
  useEffect(() => {
    if (chosen >= 0) show(chosen)
  }, [chosen])
  return (
    <div className={styles.scroller} ref={scroller}>
      <ul style={{ height: virtual.getTotalSize() }} aria-label="Groups of refused requests">
        {virtual.getVirtualItems().map((item) => {
          const group = groups[item.index]
          return group === undefined ? null : (
            <li
              key={group.key}
              aria-setsize={groups.length}
              aria-posinset={item.index + 1}
              style={{ height: rowHeight, transform: `translateY(${item.start}px)` }}
            >
              <Row group={group} now={now} isChosen={item.index === chosen} onChoose={() => choose(group)} />
            </li>
          )
        })}
      </ul>
    </div>
  )
}

function Row({
  group,
  now,
  isChosen: on,
  onChoose,
}: {
  readonly group: RefusalGroup
  readonly now: number
  readonly isChosen: boolean
  readonly onChoose: () => void
}) {
  const { from, to, kind, count, latest } = group
  const why = refusalWhy(group)
  const ends = `${endName(from)} → ${endName(to)}`
  return (
    <button
      type="button"
      className={styles.row}
      aria-current={on ? 'true' : undefined}
      title={`${ends}\n${why}`}
      onClick={onChoose}
      data-testid="refusal-group"
    >
      <span className={styles.line}>
        <b>{ends}</b>
        <span className={styles.time}>{formatClock(latest.at, now)}</span>
      </span>
      <span className={styles.line}>
        <span className={styles.kind} data-tone={toneOfKind(kind)}>
          <ToneGlyph tone={toneOfKind(kind)} size={14} />
          {refusalKindLabels[kind]}
        </span>
        <span className={styles.time}>×{count.toLocaleString('en-GB')}</span>
      </span>
      <span className={styles.why}>{why}</span>
    </button>
  )
}

/**
 * By the group that it was chosen from. A link names only a request, and a group changes when the decision arrives that its line
 * waited for: then by the request.
 */
function indexOfChosen(groups: readonly RefusalGroup[], { group, id }: DiagnoseAddress): number {
  const byGroup = group === undefined ? -1 : groups.findIndex(({ key }) => key === group)
  if (byGroup >= 0 || id === undefined) return byGroup
  return groups.findIndex(({ latest }) => [latest.requestId, latest.traceId, latest.decisionId].includes(id))
}

/** A decision names one call of a request, so it comes first. */
function requestOf({ latest }: RefusalGroup): Pick<DiagnoseAddress, 'by' | 'id'> {
  const { decisionId, requestId, traceId } = latest
  if (decisionId !== null) return { by: 'decision', id: decisionId }
  if (requestId !== null) return { by: 'request', id: requestId }
  return traceId === null ? { by: undefined, id: undefined } : { by: 'trace', id: traceId }
}
