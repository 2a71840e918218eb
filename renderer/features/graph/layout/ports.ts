import type { Point } from './grid.ts'
import { centre, type Place, type Plan, type Side } from './plan.ts'

/** Distance between two lines that leave the same side of a card. */
const widestStep = 25
/** Lines keep away from the corners of a card. */
const corner = 14

interface Attachment {
  readonly key: string
  readonly plan: Plan
  readonly end: 'from' | 'to'
  /** -1: turns off to the left or up, 0: runs straight to the other card, 1: to the right or down. */
  readonly turn: -1 | 0 | 1
  /** Coordinate of the other end along this side; orders lines so that they do not cross at the card. */
  readonly towards: number
}

/**
 * Gives each end of each route its own place on the side of the card. Straight routes get the middle on both cards,
 * so that they stay straight; lines that turn off stand beside them, on the side they turn to, the farthest outermost.
 * Keys are `<plan id>|from` and `<plan id>|to`.
 */
export function assignPorts(
  plans: readonly Plan[],
  sketch: (plan: Plan) => readonly Point[],
): ReadonlyMap<string, Point> {
  const sides = new Map<string, { place: Place; side: Side; items: Attachment[] }>()
  for (const plan of plans) {
    const points = sketch(plan)
    for (const end of ['from', 'to'] as const) {
      const place = end === 'from' ? plan.from : plan.to
      const side = end === 'from' ? plan.exit : plan.entry
      const name = `${place.column}:${place.row}:${side}`
      const entry = sides.get(name) ?? { place, side, items: [] }
      entry.items.push(attachment(plan, end, points, side))
      sides.set(name, entry)
    }
  }
  const ports = new Map<string, Point>()
  for (const { place, side, items } of sides.values()) {
    const offsets = spread(items, side === 'left' || side === 'right' ? place.height : place.width)
    for (const [key, offset] of offsets) {
      const middle = centre(place, side)
      ports.set(
        key,
        side === 'left' || side === 'right'
          ? { x: middle.x, y: middle.y + offset }
          : { x: middle.x + offset, y: middle.y },
      )
    }
  }
  return ports
}

function attachment(plan: Plan, end: 'from' | 'to', points: readonly Point[], side: Side): Attachment {
  const own = end === 'from' ? points[0] : points.at(-1)
  const turning = end === 'from' ? points[2] : points.at(-3)
  const other = end === 'from' ? points.at(-1) : points[0]
  const sideways = side === 'left' || side === 'right'
  const along = (point: Point | undefined) => (point === undefined ? 0 : sideways ? point.y : point.x)
  const straight = points.length === 2 || turning === undefined
  const turn = straight ? 0 : along(turning) < along(own) ? -1 : along(turning) > along(own) ? 1 : 0
  return { key: `${plan.id}|${end}`, plan, end, turn, towards: along(other) }
}

function spread(items: readonly Attachment[], length: number): readonly (readonly [string, number])[] {
  const order = (a: Attachment, b: Attachment) => a.towards - b.towards || (a.plan.id < b.plan.id ? -1 : 1)
  const before = items.filter((item) => item.turn === -1).sort(order)
  // Both cards of a straight pair sort by id alone, so that their ends meet.
  const straight = items.filter((item) => item.turn === 0).sort((a, b) => (a.plan.id < b.plan.id ? -1 : 1))
  const after = items.filter((item) => item.turn === 1).sort(order)
  const all = [...before, ...straight, ...after]
  const middle = straight.length > 0 ? before.length + (straight.length - 1) / 2 : (all.length - 1) / 2
  const reach = Math.max(middle, all.length - 1 - middle)
  const step = Math.min(widestStep, reach === 0 ? widestStep : (length / 2 - corner) / reach)
  const straightStep = 20
  return all.map((item, index) => {
    if (item.turn !== 0 || straight.length < 2) return [item.key, (index - middle) * step]
    return [item.key, (index - middle) * straightStep]
  })
}
