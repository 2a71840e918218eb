import type { EventMark, MarkKind } from './drawn.ts'
import styles from './scrubber.module.css'

/** Told apart by shape; the colour repeats it. Drawn on 12 × 12 around the middle. */
const signs: Readonly<Record<Exclude<MarkKind, 'changed'>, string>> = {
  worse: 'M-2.300 -5.500h4.600L5.500 -2.300v4.600L2.300 5.500h-4.600L-5.500 2.300v-4.600zM-2 -2l4 4M2 -2l-4 4',
  better: 'M0 -5.500a5.500 5.500 0 1 0 .01 0M-2.500 0l1.800 1.900L2.600 -1.900',
  bundle: 'M-4 -5.500h5l3 3v8h-8zM-1.800 0h3.600M-1.800 2.600h3.600',
  action: 'M0 -5.800L5.800 0L0 5.800L-5.800 0z',
}

export function MarkSign({
  mark,
  y,
  width,
}: {
  readonly mark: EventMark
  readonly y: number
  /** Of the axis: a number that would be cut at its end stands at the other side. */
  readonly width: number
}) {
  const { kind, entries, x } = mark
  return (
    <g transform={`translate(${x} ${y})`} data-kind={kind} data-testid="timeline-mark" className={styles.mark}>
      {kind === 'changed' ? <circle r={2} /> : <path d={signs[kind]} />}
      {entries.length === 1 || kind === 'changed' ? null : (
        <text x={x > width - 26 ? -8 : 8} y={4} textAnchor={x > width - 26 ? 'end' : 'start'} className={styles.label}>
          {entries.length > 99 ? '99+' : entries.length}
        </text>
      )}
    </g>
  )
}
