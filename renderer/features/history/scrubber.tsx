import { Minus, Play, Plus } from 'lucide-react'
import { type KeyboardEvent, type PointerEvent, useEffect, useEffectEvent, useState } from 'react'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { formatDuration } from '../../../shared/words/durations.ts'
import { formatPast } from '../../../shared/words/moments.ts'
import { useLiveNow } from '../../api/clock.tsx'
import { failureSentence } from '../../api/environments.ts'
import { seenAt, useHistoryRange, usePacedMoment, useTimeline } from '../../api/history.ts'
import { useMoment } from '../../api/moment.tsx'
import { Button } from '../../ui/atoms.tsx'
import { panned, resized, stepOf, type TimeWindow, timeAt } from './axis.ts'
import { type EventMark, markNear, marksOf } from './drawn.ts'
import { EventCard } from './event-card.tsx'
import styles from './scrubber.module.css'
import { TimelinePicture } from './timeline-picture.tsx'
import { useTimeWindow } from './use-time-window.ts'

/** What is asked of before it has come to rest would be asked for nothing. Milliseconds. */
const restMs = 150
/** Marks this near to the pointer are meant. Pixels. */
const reach = 7
/** Bars of a window; an arrow key goes from one to the next. */
const buckets = 96

/** Time under the graph: what was refused and what changed, and a handle that moves through it. */
export function Scrubber({ environment }: { readonly environment: string }) {
  const { at, go } = useMoment()
  const now = useLiveNow(1000)
  const paced = usePacedMoment()
  const { shown } = paced
  /** Null: no hand holds the handle. `endsNow`: where the axis ends it was live when it was taken. */
  const [held, setHeld] = useState<{ readonly endsNow: boolean } | null>(null)
  const isHeld = held !== null
  const { data: range } = useHistoryRange(environment)
  const [window, setWindow] = useTimeWindow(shown, now, isHeld, range?.from ?? null)
  const asked = useRested(aligned(window))
  const { timeline, error } = useTimeline(environment, asked)
  const [track, setTrack] = useState<HTMLDivElement | null>(null)
  const width = useWidth(track)
  const [pointed, setPointed] = useState<EventMark | null>(null)
  const marks = timeline === null ? [] : marksOf(timeline.events, window, width)
  const length = window.to - window.from
  /** Only of what there can be an answer. */
  const want = (wish: EpochMs) => paced.want(Math.max(range?.from ?? 0, Math.min(Math.round(wish), now - 1000)))

  const xIn = (event: { readonly clientX: number }) => event.clientX - (track?.getBoundingClientRect().left ?? 0)
  const move = (event: PointerEvent) => {
    const mark = markNear(marks, xIn(event), reach)
    want(mark === null ? timeAt(xIn(event), window, width) : latest(mark))
  }
  const release = (event: PointerEvent) => {
    setHeld(null)
    // Let go at the right end, it is live again.
    if (held?.endsNow === true && xIn(event) >= width - 2) go(null)
  }
  useWheel(track, (event) => {
    const about = timeAt(xIn(event), window, width)
    setWindow(
      event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)
        ? panned(window, ((event.deltaX || event.deltaY) / Math.max(1, width)) * length, now)
        : resized(window, length * Math.exp(event.deltaY * 0.002), about, now),
    )
  })
  const resize = (direction: 'wider' | 'narrower') =>
    setWindow(resized(window, stepOf(length, direction), shown ?? window.to, now))
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const from = shown ?? now
    const far = event.shiftKey ? 10 : 1
    const moves: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => want(from - (length / buckets) * far),
      ArrowRight: () => want(from + (length / buckets) * far),
      PageDown: () => want(from - length / 6),
      PageUp: () => want(from + length / 6),
      Home: () => want(window.from),
      End: () => go(null),
      '+': () => resize('narrower'),
      '-': () => resize('wider'),
    }
    const deed = moves[event.key]
    if (deed === undefined) return
    event.preventDefault()
    const isLater = event.key === 'ArrowRight' || event.key === 'PageUp'
    // Nothing is after now.
    if (isLater && (shown === null || from + (length / buckets) * far >= now)) go(null)
    else deed()
  }
  return (
    <section className={styles.scrubber} aria-label="Timeline" data-testid="scrubber">
      <div className={styles.names} aria-hidden="true">
        <span>Denials</span>
        <span>Events</span>
      </div>
      <div
        ref={setTrack}
        className={styles.track}
        role="slider"
        tabIndex={0}
        aria-label="Time"
        aria-orientation="horizontal"
        aria-valuemin={window.from}
        aria-valuemax={window.to}
        aria-valuenow={Math.min(window.to, Math.max(window.from, shown ?? now))}
        aria-valuetext={shown === null ? 'now' : `${formatPast(shown, now)}, ${formatDuration(now - shown)} ago`}
        data-testid="time-slider"
        data-held={isHeld}
        onKeyDown={press}
        onPointerDown={(event) => {
          if (event.button !== 0) return
          event.currentTarget.setPointerCapture(event.pointerId)
          setHeld({ endsNow: window.to >= now - Math.max(2000, length / buckets) })
          move(event)
        }}
        onPointerMove={(event) => {
          if (isHeld) move(event)
          else setPointed(markNear(marks, xIn(event), reach))
        }}
        onPointerUp={(event) => {
          if (isHeld) release(event)
        }}
        onPointerCancel={() => setHeld(null)}
        onPointerLeave={() => setPointed(null)}
      >
        <TimelinePicture
          timeline={timeline}
          range={range ?? null}
          marks={marks}
          window={window}
          width={width}
          shown={shown}
          now={now}
        />
        {pointed === null ? null : <EventCard mark={pointed} now={now} width={width} />}
        {error === null ? null : (
          <p className={styles.failed} role="alert">
            {failureSentence(error)}
          </p>
        )}
      </div>
      <div className={styles.buttons}>
        <Button
          onClick={() => go(null)}
          disabled={at === null}
          className={styles.live}
          title="Back to live (l)"
          data-testid="scrubber-live"
        >
          <Play size={12} aria-hidden="true" /> Live
        </Button>
        <div className={styles.zoom}>
          <Button small iconOnly aria-label="Show a shorter time" onClick={() => resize('narrower')}>
            <Plus size={12} aria-hidden="true" />
          </Button>
          <span className={styles.width}>{widthWords(length)}</span>
          <Button small iconOnly aria-label="Show a longer time" onClick={() => resize('wider')}>
            <Minus size={12} aria-hidden="true" />
          </Button>
        </div>
      </div>
    </section>
  )
}

function latest({ entries }: EventMark): EpochMs {
  return seenAt(entries.at(-1) ?? entries[0])
}

/** "15 m", "6 h", "1 d", "30 d". */
function widthWords(ms: number): string {
  const hours = ms / 3_600_000
  if (hours < 1) return `${Math.round(hours * 60)} m`
  return hours < 24 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} d`
}

/** To whole bars, so that the passing of time asks no new question each second. */
function aligned({ from, to }: TimeWindow): TimeWindow {
  const bucket = Math.max(1000, Math.round((to - from) / buckets))
  return { from: Math.floor(from / bucket) * bucket, to: Math.ceil(to / bucket) * bucket }
}

/** The window once it has been the same for a moment. */
function useRested(window: TimeWindow): TimeWindow {
  const [rested, setRested] = useState(window)
  const { from, to } = window
  useEffect(() => {
    const timer = setTimeout(() => setRested({ from, to }), restMs)
    return () => clearTimeout(timer)
  }, [from, to])
  return rested
}

function useWidth(element: HTMLElement | null): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    if (element === null) return
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [element])
  return width
}

/** React listens to wheels without being able to keep the page from scrolling. */
function useWheel(element: HTMLElement | null, turned: (event: WheelEvent) => void): void {
  const turn = useEffectEvent((event: WheelEvent) => {
    event.preventDefault()
    turned(event)
  })
  useEffect(() => {
    if (element === null) return
    const listen = (event: WheelEvent) => turn(event)
    element.addEventListener('wheel', listen, { passive: false })
    return () => element.removeEventListener('wheel', listen)
  }, [element])
}
