import { memo } from 'react'
import type { ChangeSign } from '../changes.ts'
import type { DrawnEdge } from '../drawing.ts'
import type { Point } from '../layout/grid.ts'
import type { Lanes } from '../layout/lanes.ts'
import styles from './change-signs.module.css'

const texts: Readonly<Record<ChangeSign, string>> = { changed: 'Δ', new: '+', gone: '−' }
const pillHeight = 21
const words: Readonly<Record<ChangeSign, string>> = { changed: 'changed', new: 'new', gone: 'gone' }

/** Signs at what differs from the time that is compared with: at the corner of a card, beside the glyph of a hop. */
export const ChangeSigns = memo(function ChangeSigns({
  signs,
  lanes,
  edges,
}: {
  readonly signs: ReadonlyMap<string, ChangeSign>
  readonly lanes: Lanes
  readonly edges: readonly DrawnEdge[]
}) {
  const drawn = new Map(edges.map((edge) => [edge.edge.id, edge]))
  return [...signs].map(([id, sign]) => {
    const place = lanes.places.get(id)
    const edge = drawn.get(id)
    const at = place !== undefined ? { x: place.x + place.width - 14, y: place.y - 8 } : edge && besideMark(edge)
    if (at === undefined || at === null) return null
    return (
      <span
        key={id}
        className={styles.sign}
        style={{ left: at.x, top: at.y }}
        title={words[sign]}
        data-testid={`sign-${id}`}
        data-sign={sign}
        aria-hidden="true"
      >
        {texts[sign]}
      </span>
    )
  })
})

/** Below the glyph of a level line, beside that of an upright one: where its words are not. */
function besideMark({ mark, points }: DrawnEdge): Point | null {
  const at = mark ?? points[Math.floor(points.length / 2)]
  if (at === undefined) return null
  const isLevel = points.some((point, index) => {
    const next = points[index + 1]
    return next !== undefined && point.y === next.y && Math.abs(point.y - at.y) < 1 && isBetween(at.x, point.x, next.x)
  })
  // The pill of its authorisation stands there already.
  const pill = mark?.pill ?? null
  const top = pill !== null && Math.abs(pill.x - at.x) < 40 && pill.y > at.y ? pill.y + pillHeight : at.y + 14
  if (isLevel) return { x: at.x - 10, y: top }
  const text = mark?.text ?? null
  const isTextLeft = text !== null && text.x < at.x && Math.abs(text.y - at.y) < 12
  return { x: isTextLeft ? at.x + 16 : at.x - 36, y: at.y - 9 }
}

function isBetween(value: number, one: number, other: number): boolean {
  return value >= Math.min(one, other) - 1 && value <= Math.max(one, other) + 1
}
