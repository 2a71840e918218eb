import type { Edge, EdgeProps } from '@xyflow/react'
import { memo } from 'react'
import type { DrawnEdge } from '../drawing.ts'
import { arrival, pathOf } from '../layout/path.ts'
import styles from './hop.module.css'
import { HopLine } from './hop-line.tsx'

export type HopFlowEdge = Edge<{ readonly drawn: DrawnEdge; readonly selected: boolean }, 'hop'>

/** A routed hop as an edge of React Flow. Its words and its button are drawn after the cards, by HopMark. */
export const HopEdge = memo(function HopEdge({ data }: EdgeProps<HopFlowEdge>) {
  const last = data?.drawn.points.at(-1)
  if (data === undefined || last === undefined) return null
  const path = pathOf(data.drawn.points)
  return (
    <g className={data.drawn.edge.matches ? undefined : styles.dim} aria-hidden="true">
      <HopLine
        path={path}
        look={data.drawn.look}
        end={last}
        angle={arrival(data.drawn.points)}
        selected={data.selected}
      />
      <path className="react-flow__edge-interaction" d={path} fill="none" strokeOpacity={0} strokeWidth={14} />
    </g>
  )
})
