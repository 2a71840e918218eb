import { useState } from 'react'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { showing, stepFor, type TimeWindow, usual } from './axis.ts'

/**
 * The window of the scrubber: it follows a time that leaves it, and now as long as it ends there. Somebody who moved it away
 * keeps it where it is, and nothing moves under a hand that holds the handle.
 */
export function useTimeWindow(
  shown: EpochMs | null,
  now: EpochMs,
  isHeld: boolean,
  /** Since when there is a record; null: not known yet, or there is none. */
  begin: EpochMs | null,
): readonly [TimeWindow, (window: TimeWindow) => void] {
  const [state, setState] = useState(() => {
    const window = showing({ from: now - usual, to: now }, shown, now)
    return { window, of: shown, follows: shown === null, isOwn: false }
  })
  const { window, of, follows, isOwn } = state
  // Of a record that has just begun hours would be empty.
  const length = window.to - window.from
  const wanted = begin === null || isOwn ? length : Math.min(usual, stepFor(now - begin))
  const bucket = (window.to - window.from) / 96
  const isBehind = shown === null && follows && window.to < now - bucket
  if (!isHeld && (of !== shown || isBehind)) {
    const next = isBehind ? { from: now - length, to: now } : showing(window, shown, now)
    if (next !== window || of !== shown) setState({ ...state, window: next, of: shown, follows: shown === null })
  } else if (wanted < length && !isHeld) {
    const next = showing({ from: now - wanted, to: now }, shown, now)
    setState({ ...state, window: next, isOwn: true })
  }
  return [
    window,
    (next) => setState({ window: next, of: shown, follows: shown === null && next.to >= now - bucket, isOwn: true }),
  ]
}
