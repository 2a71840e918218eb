import { useNavigate } from '@tanstack/react-router'
import { Diff, History } from 'lucide-react'
import { type ReactNode, useContext, useMemo, useState } from 'react'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { useClock } from '../api/clock.tsx'
import { useDifference, useHistoryRange, useViewAt } from '../api/history.ts'
import { useMoment } from '../api/moment.tsx'
import { momentText } from '../api/moment-address.ts'
import { type DrawnChanges, drawnChanges } from '../features/graph/changes.ts'
import type { TimeParts } from '../features/graph/graph-screen.tsx'
import { useViewState } from '../features/graph/view-state.ts'
import { CompareChips, type Only } from '../features/history/compare-chips.tsx'
import { ComparePanel } from '../features/history/compare-panel.tsx'
import { Scrubber } from '../features/history/scrubber.tsx'
import { Button, Keys } from '../ui/atoms.tsx'
import { TimeSaid } from './time-said.ts'
import { useTimeKey } from './use-time-keys.ts'

/** Nobody has said with what live is to be compared: with an hour ago. Milliseconds. */
const usualSpan = 3_600_000

/** Timeline, comparison and their buttons, lent to the graph. */
export function useGraphTime(environment: string): TimeParts {
  const { at, snapshot } = useMoment()
  const [state, change] = useViewState()
  const [isOpen, setOpen] = useState(false)
  const [only, setOnly] = useState<Only | null>(null)
  const { data: range } = useHistoryRange(environment)
  const clock = useClock()
  const navigate = useNavigate()
  const said = useContext(TimeSaid)
  // A snapshot holds one time.
  const times = snapshot === null ? timesOf(at, state.comparedWith) : null
  const other = times === null ? null : at === times.from ? times.to : times.from
  const { data: difference = null, error } = useDifference(environment, times)
  const { data: view } = useViewAt(times === null ? null : environment, at)
  const { data: otherView } = useViewAt(times === null ? null : environment, other)
  const isCurrent = times !== null && difference !== null
  const changes = useMemo<DrawnChanges | null>(
    () =>
      isCurrent && view !== undefined
        ? drawnChanges(
            difference,
            other === null || (at !== null && at < other) ? 'from' : 'to',
            view,
            otherView ?? null,
            only,
          )
        : null,
    [isCurrent, difference, at, other, view, otherView, only],
  )
  const compare = () => {
    if (times !== null) {
      change({ comparedWith: null })
      return
    }
    const now = clock.now()
    const begin = range?.from ?? null
    if (at !== null) change({ comparedWith: 'now' })
    else if (begin !== null) change({ comparedWith: Math.max(begin, Math.floor((now - usualSpan) / 1000) * 1000) })
  }
  useTimeKey((action) => {
    if (action !== 'compare') return false
    compare()
    return true
  })
  // One step, so that "back" returns from all of it.
  const swap = () =>
    void navigate({
      to: '/graph',
      search: (before) => ({
        ...before,
        at: other === null ? undefined : momentText(other),
        with: at === null ? 'now' : momentText(at),
      }),
    })
  const isRecorded = range !== undefined && range.from !== null
  const isShown = isOpen || at !== null
  return {
    chips: isCurrent ? <CompareChips difference={difference} only={only} onOnly={setOnly} /> : null,
    tools:
      snapshot !== null ? null : (
        <Tools
          isComparing={times !== null}
          words={at === null ? 'Compare with 1 h ago' : 'Compare with live'}
          onCompare={compare}
          canCompare={isRecorded}
          isOpen={isShown}
          onOpen={at === null ? () => setOpen(!isOpen) : null}
        />
      ),
    below: isShown ? <Scrubber environment={environment} /> : null,
    panel:
      times === null ? null : (
        <ComparePanel
          environment={environment}
          other={other}
          difference={difference}
          error={error}
          selected={state.selected}
          onSelect={(selected) => change({ selected })}
          onSwap={swap}
          onClose={() => change({ comparedWith: null })}
        />
      ),
    changes,
    said,
  }
}

/** The older time first; null: nothing is compared, or a time with itself. */
export function timesOf(
  at: EpochMs | null,
  comparedWith: EpochMs | 'now' | null,
): { readonly from: EpochMs | null; readonly to: EpochMs | null } | null {
  if (comparedWith === null) return null
  const other = comparedWith === 'now' ? null : comparedWith
  if (at === other) return null
  if (at === null) return { from: other, to: null }
  return other === null || at < other ? { from: at, to: other } : { from: other, to: at }
}

function Tools({
  isComparing,
  words,
  canCompare,
  isOpen,
  onCompare,
  onOpen,
}: {
  readonly isComparing: boolean
  readonly words: string
  readonly canCompare: boolean
  readonly isOpen: boolean
  readonly onCompare: () => void
  /** Null: the timeline cannot be closed, since the time that is looked at stands in it. */
  readonly onOpen: (() => void) | null
}): ReactNode {
  return (
    <>
      {onOpen === null ? null : (
        <Button
          iconOnly
          aria-pressed={isOpen}
          aria-label="Timeline"
          title="Timeline: what was refused and what changed"
          onClick={onOpen}
          data-testid="show-timeline"
        >
          <History size={14} aria-hidden="true" />
        </Button>
      )}
      <Button
        aria-pressed={isComparing}
        disabled={!canCompare && !isComparing}
        title={canCompare ? `${words} (c)` : 'Nothing is recorded to compare with'}
        onClick={onCompare}
        data-testid="compare"
      >
        <Diff size={14} aria-hidden="true" />
        {isComparing ? 'Comparing' : 'Compare'}
        <Keys keys={['c']} />
      </Button>
    </>
  )
}
