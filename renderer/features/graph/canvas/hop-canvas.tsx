import { useStore } from '@xyflow/react'
import { useEffect, useRef } from 'react'
import type { Relation } from '../../../../shared/domain/model/hop-state.ts'
import type { EdgeItem } from '../../../../shared/domain/model/view.ts'
import type { Rectangle } from '../layout/grid.ts'
import type { Place } from '../layout/plan.ts'
import { factsOfEdge, type LineStyle, lineLook } from '../looks.ts'
import styles from './graph-canvas.module.css'
import type { Line } from './hit-test.ts'

export interface CanvasLine extends Line {
  readonly style: LineStyle
  readonly matches: boolean
}

/** Straight lines for hops that are too many to route: from card to card, by the nearer sides. */
export function canvasLines(
  edges: readonly EdgeItem[],
  places: ReadonlyMap<string, Place>,
  layers: ReadonlySet<Relation>,
): readonly CanvasLine[] {
  return edges.flatMap((edge) => {
    const from = places.get(edge.from)
    const to = places.get(edge.to)
    const look = lineLook(factsOfEdge(edge), layers)
    if (from === undefined || to === undefined || look === null) return []
    const rightwards = to.x >= from.x
    return [
      {
        id: edge.id,
        style: look.line,
        matches: edge.matches,
        from: { x: rightwards ? from.x + from.width : from.x, y: from.y + from.height / 2 },
        to: { x: rightwards ? to.x : to.x + to.width, y: to.y + to.height / 2 },
      },
    ]
  })
}

/** Lines with an end in the window: what only passes through says nothing here, and costs the most. */
export function linesInView(lines: readonly CanvasLine[], view: Rectangle): readonly CanvasLine[] {
  const inside = ({ x, y }: { readonly x: number; readonly y: number }) =>
    x >= view.x && x <= view.x + view.width && y >= view.y && y <= view.y + view.height
  return lines.filter((line) => inside(line.from) || inside(line.to))
}

/** Quiet lines first, so that what is wrong lies on top. */
const paintOrder: readonly LineStyle[] = [
  'none',
  'ghost',
  'granted',
  'configured',
  'verified',
  'unknown',
  'one-sided',
  'plaintext',
  'failing',
]

const dashes: Readonly<Record<LineStyle, readonly number[]>> = {
  verified: [],
  'one-sided': [6, 2],
  plaintext: [10, 5],
  failing: [14, 4, 2, 4],
  configured: [],
  unknown: [1, 5],
  granted: [1.5, 4],
  none: [],
  ghost: [4, 4],
}

const colours: Readonly<Record<LineStyle, string>> = {
  verified: '--ok-line',
  'one-sided': '--warn-line',
  plaintext: '--warn',
  failing: '--fail',
  configured: '--fg-faint',
  unknown: '--unknown-line',
  granted: '--fg-faint',
  none: '--accent-line',
  ghost: '--accent-line',
}

/** One canvas under the cards for all hops in view. Drawn again when the view, the lines or the theme change. */
export function HopCanvas({
  lines,
  selected,
  theme,
}: {
  readonly lines: readonly CanvasLine[]
  readonly selected: string | null
  readonly theme: string
}) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [x, y, zoom] = useStore((state) => state.transform)
  const width = useStore((state) => state.width)
  const height = useStore((state) => state.height)
  useEffect(() => {
    const element = canvas.current
    const context = element?.getContext('2d') ?? null
    if (element === null || context === null) return
    const frame = requestAnimationFrame(() => {
      const density = window.devicePixelRatio
      element.width = Math.round(width * density)
      element.height = Math.round(height * density)
      context.setTransform(density * zoom, 0, 0, density * zoom, density * x, density * y)
      const view = { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom }
      paint(context, linesInView(lines, view), selected, getComputedStyle(element))
    })
    return () => cancelAnimationFrame(frame)
  }, [lines, selected, theme, x, y, zoom, width, height])

  return <canvas ref={canvas} className={styles.lines} aria-hidden="true" />
}

/** One path a style: many short strokes are what costs, not long paths. */
function paint(
  context: CanvasRenderingContext2D,
  lines: readonly CanvasLine[],
  selected: string | null,
  colour: CSSStyleDeclaration,
): void {
  for (const style of paintOrder) {
    for (const matches of [false, true]) {
      const group = lines.filter((line) => line.style === style && line.matches === matches)
      if (group.length === 0) continue
      context.beginPath()
      for (const line of group) trace(context, line)
      context.globalAlpha = matches ? 0.9 : 0.25
      context.strokeStyle = colour.getPropertyValue(colours[style])
      context.lineWidth = style === 'none' ? 6 : 1.5
      context.setLineDash([...dashes[style]])
      context.stroke()
    }
  }
  const chosen = lines.find((line) => line.id === selected)
  if (chosen === undefined) return
  context.beginPath()
  trace(context, chosen)
  context.globalAlpha = 0.4
  context.strokeStyle = colour.getPropertyValue('--accent')
  context.lineWidth = 9
  context.setLineDash([])
  context.stroke()
}

function trace(context: CanvasRenderingContext2D, line: Line): void {
  context.moveTo(line.from.x, line.from.y)
  context.lineTo(line.to.x, line.to.y)
}
