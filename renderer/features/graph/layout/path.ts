import type { Point } from './grid.ts'

const bendRadius = 10

/** SVG path of a route with rounded bends. */
export function pathOf(points: readonly Point[]): string {
  const first = points[0]
  if (first === undefined) return ''
  let path = `M${at(first)}`
  for (let index = 1; index < points.length; index += 1) {
    const before = points[index - 1]
    const here = points[index]
    const after = points[index + 1]
    if (before === undefined || here === undefined) continue
    if (after === undefined) {
      path += ` L${at(here)}`
      continue
    }
    const radius = Math.min(bendRadius, length(before, here) / 2, length(here, after) / 2)
    path += ` L${at(towards(here, before, radius))} Q${at(here)} ${at(towards(here, after, radius))}`
  }
  return path
}

/** Direction in which the last segment points, degrees: 0 right, 90 down. */
export function arrival(points: readonly Point[]): number {
  const last = points.at(-1)
  const before = points.at(-2)
  if (last === undefined || before === undefined) return 0
  if (last.y === before.y) return last.x >= before.x ? 0 : 180
  return last.y >= before.y ? 90 : -90
}

function length(a: Point, b: Point): number {
  return Math.abs(a.x - b.x) + Math.abs(a.y - b.y)
}

function towards(from: Point, to: Point, by: number): Point {
  const total = length(from, to)
  if (total === 0) return from
  return { x: from.x + ((to.x - from.x) * by) / total, y: from.y + ((to.y - from.y) * by) / total }
}

function at({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`
}
