import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useEffectEvent, useRef } from 'react'
import type { RefusalGroup } from '../../../shared/domain/diagnosis/refusals/model.ts'
import { endName, refusalKindLabels, refusalWhy } from '../../../shared/words/diagnosis-refusals.ts'
import { formatClock } from '../../../shared/words/durations.ts'
import { useNow } from '../../api/clock.tsx'
import type { DiagnoseAddress } from './address.ts'
import type { HeldRow } from './held-order.ts'
import { toneOfKind } from './looks.ts'
import parts from './parts.module.css'
import styles from './refusals-list.module.css'
import list from './side-list.module.css'
import { ToneGlyph } from './tone-glyph.tsx'
import { useSingleKeys } from './use-single-keys.ts'

/** Every row is so high. Pixels. */
const rowHeight = 69

/** Groups of refusals, j and k to go through them. */
export function RefusalGroupsView({
  rows,
  address,
  go,
  singleKeys,
  onPointedAt,
}: {
  readonly rows: readonly HeldRow[]
  readonly address: DiagnoseAddress
  readonly go: (address: DiagnoseAddress) => void
  readonly singleKeys: boolean
  readonly onPointedAt: (is: boolean) => void
}) {
  const scroller = useRef<HTMLDivElement>(null)
  const now = useNow(10_000)
  // oxlint-disable-next-line react/incompatible-library -- the compiler is not used; rows must be virtual at this size
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  })
  const chosen = indexOfChosen(
    rows.map(({ group }) => group),
    address,
  )
  const choose = (group: RefusalGroup) => go({ ...address, tab: undefined, ...requestOf(group), group: group.key })
  const step = (by: 1 | -1) => {
    const last = rows.length - 1
    const next = rows[chosen < 0 ? (by > 0 ? 0 : last) : Math.min(last, Math.max(0, chosen + by))]
    if (next !== undefined) choose(next.group)
  }
  useSingleKeys(singleKeys, { j: () => step(1), k: () => step(-1) })
  const show = useEffectEvent((index: number) => virtual.scrollToIndex(index))
  useEffect(() => {
    if (chosen >= 0) show(chosen)
  }, [chosen])
  return (
    <div
      className={styles.scroller}
      ref={scroller}
      onPointerEnter={() => onPointedAt(true)}
      onPointerLeave={() => onPointedAt(false)}
    >
      <ul style={{ height: virtual.getTotalSize() }} aria-label="Groups of refused requests">
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]
          return row === undefined ? null : (
            <li
              key={row.group.key}
              aria-setsize={rows.length}
              aria-posinset={item.index + 1}
              style={{ height: rowHeight, transform: `translateY(${item.start}px)` }}
            >
              <Row {...row} now={now} isChosen={item.index === chosen} onChoose={() => choose(row.group)} />
            </li>
          )
        })}
      </ul>
    </div>
  )
}

function Row({
  group,
  isGone,
  now,
  isChosen: on,
  onChoose,
}: {
  readonly group: RefusalGroup
  readonly isGone: boolean
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
      className={`${list.choice} ${styles.row}`}
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
        <span className={`${parts.state} ${parts.toned}`} data-tone={toneOfKind(kind)}>
          <ToneGlyph tone={toneOfKind(kind)} size={14} />
          {refusalKindLabels[kind]}
        </span>
        <span className={styles.time}>×{count.toLocaleString('en-GB')}</span>
      </span>
      <span className={styles.why}>
        {isGone ? 'Not told of any more · ' : ''}
        {why}
      </span>
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
