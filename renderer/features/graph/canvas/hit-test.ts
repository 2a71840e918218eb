import type { Point } from '../layout/grid.ts'

export interface Line {
  readonly id: string
  readonly from: Point
  readonly to: Point
}

/** Distance from a point to a segment, in the same units as both. */
export function distanceToSegment(point: Point, from: Point, to: Point): number {
  const dx = to.x - from.x
  const dy = to.y - from.y
  const length = dx * dx + dy * dy
  const share =
    length === 0 ? 0 : Math.min(1, Math.max(0, ((point.x - from.x) * dx + (point.y - from.y) * dy) / length))
  return Math.hypot(point.x - from.x - share * dx, point.y - from.y - share * dy)
}

/** The line nearest to a point, not farther than `reach`; null when none is. Ties go to the earlier line. */
export function lineAt(lines: readonly Line[], point: Point, reach: number): string | null {
  let nearest: string | null = null
  let least = reach
  for (const line of lines) {
    const outside =
      point.x < Math.min(line.from.x, line.to.x) - reach ||
      point.x > Math.max(line.from.x, line.to.x) + reach ||
      point.y < Math.min(line.from.y, line.to.y) - reach ||
      point.y > Math.max(line.from.y, line.to.y) + reach
    if (outside) continue
    const distance = distanceToSegment(point, line.from, line.to)
    if (distance < least || (nearest === null && distance <= least)) {
      least = distance
      nearest = line.id
    }
  }
  return nearest
}
