import type { HistoryRange, Timeline } from '../../../shared/contract/history.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { type TimeWindow, ticksOf, xOf } from './axis.ts'
import { barsOf, type EventMark, gapsIn, unrecordedIn } from './drawn.ts'
import { MarkSign } from './mark-sign.tsx'
import styles from './scrubber.module.css'

const height = 64
const base = 27
const tallest = 18
const marksY = 37
const axisY = 46
/** Bars as tall as this stand out: something happened there. */
const loud = 0.6

/** Denials, events, gaps and the axis. What it shows is told by the slider around it. */
export function TimelinePicture({
  timeline,
  range,
  marks,
  window,
  width,
  shown,
  now,
}: {
  readonly timeline: Timeline | null
  readonly range: HistoryRange | null
  readonly marks: readonly EventMark[]
  readonly window: TimeWindow
  readonly width: number
  readonly shown: EpochMs | null
  readonly now: EpochMs
}) {
  if (width === 0) return null
  const { bars, unheld } = timeline === null ? { bars: [], unheld: [] } : barsOf(timeline, window, width, tallest)
  const ticks = ticksOf(window, Math.max(3, Math.floor(width / 90)))
  const handle = Math.min(width, Math.max(0, xOf(shown ?? now, window, width)))
  const isInside = shown === null || (shown >= window.from && shown <= window.to)
  return (
    <svg width={width} height={height} className={styles.picture} aria-hidden="true">
      <defs>
        <pattern id="unwatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0V6" className={styles.hatchLine} />
        </pattern>
      </defs>
      {unrecordedIn(range, window, width, now).map(({ x, width: wide, words }) => (
        <g key={words}>
          <rect x={x} y={4} width={wide} height={axisY - 4} className={styles.unrecorded} />
          {wide < words.length * 7.5 ? null : (
            // In the row of events, of which there are none here: logs may tell of denials all the same.
            <text x={x + wide - 8} y={marksY + 4} textAnchor="end" className={styles.label}>
              {words}
            </text>
          )}
        </g>
      ))}
      {unheld.map(({ x, width: wide }) => (
        <path key={x} d={`M${x} ${base - 1}h${wide}`} className={styles.unheld} />
      ))}
      {bars.map((bar) => (
        <rect
          key={bar.x}
          x={bar.x}
          y={base - bar.height}
          width={bar.width}
          height={bar.height}
          className={styles.bar}
          data-loud={bar.height > loud * tallest}
        />
      ))}
      <path d={`M0 ${base + 0.5}H${width}`} className={styles.base} />
      {gapsIn(timeline?.gaps ?? [], window, width, now).map(({ x, width: wide, gap }) => (
        <g key={gap.from} data-testid="timeline-gap">
          <rect x={x} y={4} width={wide} height={axisY - 4} className={styles.gapGround} />
          <rect x={x} y={4} width={wide} height={axisY - 4} fill="url(#unwatched)" className={styles.gap} />
        </g>
      ))}
      {marks.map((mark) => (
        <MarkSign key={`${mark.x} ${mark.kind}`} mark={mark} y={marksY} width={width} />
      ))}
      {ticks.map(({ at, label }) => {
        const x = xOf(at, window, width)
        // A label that would be cut at an end is left out; its line stays.
        const fits = x > 18 && x < width - 18
        return (
          <g key={at}>
            <path d={`M${x} ${axisY}v4`} className={styles.tick} />
            {fits ? (
              <text x={x} y={60} textAnchor="middle" className={styles.label}>
                {label}
              </text>
            ) : null}
          </g>
        )
      })}
      {isInside ? (
        <g data-testid="time-handle">
          <path d={`M${handle} 6V${axisY + 4}`} className={styles.handleLine} data-live={shown === null} />
          {shown === null ? null : <path d={`M${handle - 6} 2h12v8l-6 6-6-6z`} className={styles.handle} />}
        </g>
      ) : null}
    </svg>
  )
}
