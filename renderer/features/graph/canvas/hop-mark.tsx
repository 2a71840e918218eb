import { memo } from 'react'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import type { EdgeItem } from '../../../../shared/domain/model/view.ts'
import { countOf } from '../../../../shared/words/durations.ts'
import { hopPill, hopSentence } from '../../../../shared/words/hop-sentences.ts'
import { transportLabel } from '../../../../shared/words/states.ts'
import { useNow } from '../../../api/clock.tsx'
import { type DrawnEdge, type EdgeText, edgeTexts, pillWidth, wholeText } from '../drawing.ts'
import styles from './hop.module.css'
import { HopGlyph } from './hop-glyph.tsx'
import { HopPill } from './hop-pill.tsx'

/** Glyph, words and pill of one hop, as the button that selects it. */
export const HopMark = memo(function HopMark({
  drawn,
  from,
  to,
  selected,
  onSelect,
}: {
  readonly drawn: DrawnEdge
  /** Names of its ends. */
  readonly from: string
  readonly to: string
  readonly selected: boolean
  readonly onSelect: (id: string) => void
}) {
  const now = useNow(selected ? 1000 : 10_000)
  const { edge, look, mark } = drawn
  if (mark === null) return null
  const texts = edgeTexts(edge, look, now)
  const text = mark.text === null ? null : (texts[mark.text.variant] ?? texts.at(-1) ?? null)
  const pill = edge.type === 'hop' ? hopPill(edge.hop) : null
  const pillText = pill === null || mark.pill?.variant !== 0 ? '' : pill.text
  const sentence = edgeSentence(edge, { from, to }, now)
  return (
    <button
      type="button"
      className={`${styles.mark} nopan ${edge.matches ? '' : styles.dim}`}
      style={{ left: mark.x, top: mark.y }}
      data-testid={`hop-${edge.id}`}
      data-line={look.line}
      data-transport={edge.type === 'hop' ? edge.hop.transport.state : edge.worst}
      data-authorisation={edge.type === 'hop' ? edge.hop.authorisation.state : edge.worstAuthorisation}
      aria-label={sentence}
      aria-pressed={selected}
      title={sentence}
      onClick={() => onSelect(edge.id)}
    >
      <svg aria-hidden="true">
        {look.glyph === null ? null : <HopGlyph state={look.glyph} />}
        {mark.text === null || text === null ? null : (
          <MarkText
            text={text}
            line={look.line}
            x={mark.text.x - mark.x}
            y={mark.text.y - mark.y}
            anchor={mark.text.anchor}
          />
        )}
        {pill === null || mark.pill === null || edge.type !== 'hop' ? null : (
          <g transform={`translate(${mark.pill.x - mark.x} ${mark.pill.y - mark.y})`}>
            <HopPill state={pill.sign} text={pillText} width={pillWidth(pillText)} />
          </g>
        )}
      </svg>
    </button>
  )
})

function MarkText({
  text,
  line,
  x,
  y,
  anchor,
}: {
  readonly text: EdgeText
  readonly line: string
  readonly x: number
  readonly y: number
  readonly anchor: 'start' | 'middle' | 'end'
}) {
  const whole = wholeText(text)
  return (
    <text className={styles.text} data-line={line} x={x} y={y} textAnchor={anchor}>
      {text.strong === '' ? null : <tspan className={styles.strong}>{text.strong}</tspan>}
      {whole.slice(text.strong.length)}
    </text>
  )
}

/** The accessible name of an edge, hop or bundle. */
export function edgeSentence(
  edge: EdgeItem,
  names: { readonly from: string; readonly to: string },
  now: EpochMs,
): string {
  if (edge.type === 'hop') return hopSentence(edge.hop, names.from, names.to, now)
  return `${names.from} to ${names.to}, ${countOf(edge.hops, 'hop')}, worst: ${transportLabel(edge.worst)}.`
}
