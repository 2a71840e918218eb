import type { Edge, EdgeProps } from '@xyflow/react'
import { memo } from 'react'
import { controlLinkText } from '../../../../shared/words/control-links.ts'
import type { DrawnLink } from '../drawing.ts'
import { pathOf } from '../layout/path.ts'
import { workloadTone } from '../looks.ts'
import styles from './link.module.css'

export type LinkFlowEdge = Edge<{ readonly drawn: DrawnLink }, 'link'>

/** Above the zone of the control plane, whose title its words would cover. Map pixels. */
const wordsAbove = 42

/**
 * What a part of the control plane serves, drawn only while the part fails or an end is selected. Nothing can be done with it: the
 * card at its end says why, so that it is not told to those who cannot see it a second time.
 */
export const LinkEdge = memo(function LinkEdge({ data }: EdgeProps<LinkFlowEdge>) {
  const [start] = data?.drawn.points ?? []
  const end = data?.drawn.points.at(-1)
  if (data === undefined || start === undefined || end === undefined) return null
  const { link, points, isFirst } = data.drawn
  const text = isFirst ? controlLinkText(link) : ''
  return (
    <g className={styles.link} data-tone={workloadTone(link.state)} data-testid={link.id} aria-hidden="true">
      <path d={pathOf(points)} />
      <circle cx={start.x} cy={start.y} r={2.5} />
      <circle cx={end.x} cy={end.y} r={2.5} />
      {text === '' ? null : (
        <text x={end.x + 8} y={end.y - wordsAbove}>
          {text}
        </text>
      )}
    </g>
  )
})
