import type { Point, Rectangle } from './grid.ts'
import type { Slot } from './lanes.ts'

export type Place = Rectangle & Pick<Slot, 'column' | 'row'>
export type Side = 'left' | 'right' | 'top' | 'bottom'

/** A stretch of a channel: horizontal channels lie above rows, vertical ones left of columns. */
export interface Rail {
  readonly axis: 'h' | 'v'
  readonly channel: number
}

/** A route before its exact coordinates are known: which sides it uses and which channels it runs through. */
export interface Plan {
  readonly id: string
  readonly from: Place
  readonly to: Place
  readonly exit: Side
  readonly entry: Side
  readonly rails: readonly Rail[]
}

/** Corners of a plan, given both ports and the coordinate of every rail. */
export function pointsOf(plan: Plan, start: Point, end: Point, coordinate: (rail: number) => number): readonly Point[] {
  const points: Point[] = [start]
  let at = start
  plan.rails.forEach((rail, index) => {
    at = rail.axis === 'h' ? { x: at.x, y: coordinate(index) } : { x: coordinate(index), y: at.y }
    points.push(at)
  })
  const arrivesSideways = plan.entry === 'left' || plan.entry === 'right'
  if (at.x !== end.x && at.y !== end.y) points.push(arrivesSideways ? { x: at.x, y: end.y } : { x: end.x, y: at.y })
  points.push(end)
  return points
}

export function centre(place: Rectangle, side: Side): Point {
  const x = place.x + place.width / 2
  const y = place.y + place.height / 2
  if (side === 'left') return { x: place.x, y }
  if (side === 'right') return { x: place.x + place.width, y }
  return { x, y: side === 'top' ? place.y : place.y + place.height }
}
