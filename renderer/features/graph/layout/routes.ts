import { channelHeight, columnGap, horizontalChannel, type Point, type Row, verticalChannel } from './grid.ts'
import { centre, type Place, type Plan, pointsOf, type Rail, type Side } from './plan.ts'
import { assignPorts } from './ports.ts'
import { assignTracks } from './tracks.ts'

/** One hop to route, by the ids of its cards. */
export interface RouteRequest {
  readonly id: string
  readonly from: string
  readonly to: string
}

export interface Route {
  readonly id: string
  /** Corners, first on the caller's card, last on the callee's; neighbours share x or y. */
  readonly points: readonly Point[]
}

/** Above this number of hops crossings are no longer counted: the picture is dense anyway, and time matters. */
const carefulUpTo = 160

/**
 * Orthogonal routes for all hops at once. Every route runs in the channels between cards, so that none crosses a card;
 * hops that share a channel run beside each other. Deterministic: depends on ids and places only.
 */
export function routeHops(
  requests: readonly RouteRequest[],
  places: ReadonlyMap<string, Place>,
  rows: readonly Row[],
  columns: number,
): ReadonlyMap<string, Route> {
  const taken = new Set([...places.values()].map((place) => `${place.column}:${place.row}`))
  const world: World = { taken, rows, columns }
  const known = requests.flatMap((request) => {
    const from = places.get(request.from)
    const to = places.get(request.to)
    return from === undefined || to === undefined || from === to ? [] : [{ id: request.id, from, to }]
  })
  known.sort((a, b) => distance(a) - distance(b) || (a.id < b.id ? -1 : 1))
  const careful = known.length <= carefulUpTo
  const laid: Laid[] = []
  const plans = known.map((request) => {
    const plan = cheapest(candidates(request, world), laid, world, careful)
    if (careful) laid.push({ plan, points: sketch(plan, world) })
    return plan
  })
  return finish(plans, world)
}

interface World {
  readonly taken: ReadonlySet<string>
  readonly rows: readonly Row[]
  readonly columns: number
}

interface Pair {
  readonly id: string
  readonly from: Place
  readonly to: Place
}

function distance({ from, to }: Pair): number {
  return Math.abs(from.column - to.column) + 2 * Math.abs(from.row - to.row)
}

function isFree(world: World, column: number, row: number): boolean {
  return !world.taken.has(`${column}:${row}`)
}

/** Cells strictly between two columns of a row are empty. */
function rowFree(world: World, row: number, a: number, b: number): boolean {
  for (let column = Math.min(a, b) + 1; column < Math.max(a, b); column += 1) {
    if (!isFree(world, column, row)) return false
  }
  return true
}

function columnFree(world: World, column: number, a: number, b: number): boolean {
  for (let row = Math.min(a, b) + 1; row < Math.max(a, b); row += 1) {
    if (!isFree(world, column, row)) return false
  }
  return true
}

/** All ways worth considering. The last ones always exist, so the list is never empty. */
function candidates(pair: Pair, world: World): readonly Plan[] {
  const { from, to } = pair
  const found: Plan[] = []
  const add = (exit: Side, entry: Side, ...rails: Rail[]) => found.push({ ...pair, exit, entry, rails })
  const rightwards = to.column > from.column
  const downwards = to.row > from.row
  if (from.row === to.row && rowFree(world, from.row, from.column, to.column)) {
    add(rightwards ? 'right' : 'left', rightwards ? 'left' : 'right')
  }
  if (from.column === to.column && columnFree(world, from.column, from.row, to.row)) {
    add(downwards ? 'bottom' : 'top', downwards ? 'top' : 'bottom')
  }
  if (from.row !== to.row && from.column !== to.column) {
    if (
      isFree(world, to.column, from.row) &&
      rowFree(world, from.row, from.column, to.column) &&
      columnFree(world, to.column, from.row, to.row)
    ) {
      add(rightwards ? 'right' : 'left', downwards ? 'top' : 'bottom')
    }
    if (
      isFree(world, from.column, to.row) &&
      columnFree(world, from.column, from.row, to.row) &&
      rowFree(world, to.row, from.column, to.column)
    ) {
      add(downwards ? 'bottom' : 'top', rightwards ? 'left' : 'right')
    }
  }
  throughOneChannel(pair, world, add)
  throughTwoChannels(pair, world, add)
  throughThreeChannels(pair, world, add)
  return found
}

type Add = (exit: Side, entry: Side, ...rails: Rail[]) => void

function throughOneChannel({ from, to }: Pair, world: World, add: Add): void {
  for (let channel = 0; channel <= world.rows.length; channel += 1) {
    // A channel counts as the half row above its index, so "between" works for both ends.
    const reachable = (place: Place) =>
      channel > place.row
        ? columnFree(world, place.column, place.row, channel)
        : columnFree(world, place.column, channel - 1, place.row)
    if (reachable(from) && reachable(to) && from.column !== to.column) {
      add(channel > from.row ? 'bottom' : 'top', channel > to.row ? 'bottom' : 'top', { axis: 'h', channel })
    }
  }
  for (let channel = 0; channel <= world.columns; channel += 1) {
    const reachable = (place: Place) =>
      channel > place.column
        ? rowFree(world, place.row, place.column, channel)
        : rowFree(world, place.row, channel - 1, place.column)
    if (reachable(from) && reachable(to) && from.row !== to.row) {
      add(channel > from.column ? 'right' : 'left', channel > to.column ? 'right' : 'left', { axis: 'v', channel })
    }
  }
}

/** Out at the side into the neighbouring channel, then into the top or bottom; and the reverse. */
function throughTwoChannels({ from, to }: Pair, _world: World, add: Add): void {
  for (const [exit, v] of sidesOf(from)) {
    for (const [entry, h] of endsOf(to)) add(exit, entry, { axis: 'v', channel: v }, { axis: 'h', channel: h })
  }
  for (const [exit, h] of endsOf(from)) {
    for (const [entry, v] of sidesOf(to)) add(exit, entry, { axis: 'h', channel: h }, { axis: 'v', channel: v })
  }
}

function throughThreeChannels({ from, to }: Pair, world: World, add: Add): void {
  const near = new Set([from.column, from.column + 1, to.column, to.column + 1, 0, world.columns])
  for (const [exit, first] of endsOf(from)) {
    for (const [entry, last] of endsOf(to)) {
      if (first === last) continue
      for (const channel of near) {
        add(exit, entry, { axis: 'h', channel: first }, { axis: 'v', channel }, { axis: 'h', channel: last })
      }
    }
  }
}

function sidesOf(place: Place): readonly [Side, number][] {
  return [
    ['right', place.column + 1],
    ['left', place.column],
  ]
}

function endsOf(place: Place): readonly [Side, number][] {
  return [
    ['bottom', place.row + 1],
    ['top', place.row],
  ]
}

/** A route that was chosen, with its rough corners. */
interface Laid {
  readonly plan: Plan
  readonly points: readonly Point[]
}

function cheapest(plans: readonly Plan[], laid: readonly Laid[], world: World, careful: boolean): Plan {
  let best: Plan | undefined
  let least = Number.POSITIVE_INFINITY
  for (const plan of plans) {
    const points = sketch(plan, world)
    let cost = lengthOf(points) + plan.rails.length * 60 + manners(plan, world)
    if (cost >= least) continue
    if (careful) cost += crossings(points, laid) + sharedRuns({ plan, points }, laid) * 400
    if (cost < least) {
      least = cost
      best = plan
    }
  }
  if (best === undefined) throw new Error('a hop without any way between its ends')
  return best
}

/** Requests enter left and leave right, fan-out leaves at the bottom; the space above the first row is the titles'. */
function manners(plan: Plan, world: World): number {
  let cost = 0
  const straight = plan.rails.length === 0
  if (plan.exit === 'left' && !straight) cost += 120
  if (plan.exit === 'top') cost += 50
  if (plan.entry === 'right' && !straight) cost += 60
  if (plan.entry === 'bottom') cost += 20
  for (const rail of plan.rails) {
    if (rail.axis === 'h' && rail.channel === 0) cost += 160
    if (rail.axis === 'h' && rail.channel === world.rows.length) cost += 80
    if (rail.axis === 'v' && (rail.channel === 0 || rail.channel === world.columns)) cost += 40
  }
  return cost
}

/** The route with ports in the middle of the sides and channels at their centre: good enough to choose. */
export function sketch(plan: Plan, world: Pick<World, 'rows'>): readonly Point[] {
  return pointsOf(plan, centre(plan.from, plan.exit), centre(plan.to, plan.entry), (index) => {
    const rail = plan.rails[index]
    if (rail === undefined) return 0
    return rail.axis === 'h' ? horizontalChannel(world.rows, rail.channel) : verticalChannel(rail.channel)
  })
}

export function lengthOf(points: readonly Point[]): number {
  let sum = 0
  for (let index = 1; index < points.length; index += 1) {
    const a = points[index - 1]
    const b = points[index]
    if (a !== undefined && b !== undefined) sum += Math.abs(a.x - b.x) + Math.abs(a.y - b.y)
  }
  return sum
}

/** What crossing the lines that lie already costs. A short line is all glyph: crossing it hides its state. */
function crossings(points: readonly Point[], laid: readonly Laid[]): number {
  let sum = 0
  for (const { points: other } of laid) {
    for (let i = 1; i < points.length; i += 1) {
      for (let j = 1; j < other.length; j += 1) {
        if (cross(points[i - 1], points[i], other[j - 1], other[j])) sum += isShort(other) ? 420 : 130
      }
    }
  }
  return sum
}

/**
 * Lines that would lie on each other: the first and last parts of routes run along the middle of a row or column, and
 * two of them may face each other there. In channels tracks keep lines apart, at the same side of a card ports do.
 */
function sharedRuns(route: Laid, laid: readonly Laid[]): number {
  let sum = 0
  const own = runs(route)
  for (const other of laid) {
    for (const a of own) {
      for (const b of runs(other)) {
        if (a.axis === b.axis && a.at === b.at && a.port !== b.port && a.low < b.high - 4 && b.low < a.high - 4)
          sum += 1
      }
    }
  }
  return sum
}

function runs({ plan, points }: Laid) {
  const ends = [
    { place: plan.from, side: plan.exit, a: points[0], b: points[1] },
    { place: plan.to, side: plan.entry, a: points.at(-1), b: points.at(-2) },
  ]
  return ends.flatMap(({ place, side, a, b }) => {
    if (a === undefined || b === undefined) return []
    const vertical = side === 'top' || side === 'bottom'
    const [low, high] = vertical ? [a.y, b.y].sort((x, y) => x - y) : [a.x, b.x].sort((x, y) => x - y)
    const port = `${place.column}:${place.row}:${side}`
    return [{ axis: vertical ? 'v' : 'h', at: vertical ? a.x : a.y, low: low ?? 0, high: high ?? 0, port }]
  })
}

function isShort(points: readonly Point[]): boolean {
  return points.length === 2 && lengthOf(points) < 90
}

function cross(a?: Point, b?: Point, c?: Point, d?: Point): boolean {
  if (a === undefined || b === undefined || c === undefined || d === undefined) return false
  const first = a.y === b.y
  const second = c.y === d.y
  if (first === second) return false
  const [h1, h2, v1, v2] = first ? [a, b, c, d] : [c, d, a, b]
  return (
    v1.x > Math.min(h1.x, h2.x) &&
    v1.x < Math.max(h1.x, h2.x) &&
    h1.y > Math.min(v1.y, v2.y) &&
    h1.y < Math.max(v1.y, v2.y)
  )
}

function finish(plans: readonly Plan[], world: World): ReadonlyMap<string, Route> {
  const ports = assignPorts(plans, (plan) => sketch(plan, world))
  const rough = new Map(
    plans.map((plan) => [
      plan.id,
      pointsOf(plan, portOf(ports, plan, 'from'), portOf(ports, plan, 'to'), (index) => {
        const rail = plan.rails[index]
        if (rail === undefined) return 0
        return rail.axis === 'h' ? horizontalChannel(world.rows, rail.channel) : verticalChannel(rail.channel)
      }),
    ]),
  )
  const tracks = assignTracks(plans, rough, {
    middle: (rail) => (rail.axis === 'h' ? horizontalChannel(world.rows, rail.channel) : verticalChannel(rail.channel)),
    room: (rail) => (rail.axis === 'h' ? channelHeight(world.rows, rail.channel) : columnGap),
  })
  return new Map(
    plans.map((plan) => {
      const coordinate = (index: number) => tracks.get(`${plan.id}|${index}`) ?? 0
      const points = pointsOf(plan, portOf(ports, plan, 'from'), portOf(ports, plan, 'to'), coordinate)
      return [plan.id, { id: plan.id, points }]
    }),
  )
}

function portOf(ports: ReadonlyMap<string, Point>, plan: Plan, end: 'from' | 'to'): Point {
  return (
    ports.get(`${plan.id}|${end}`) ??
    centre(end === 'from' ? plan.from : plan.to, end === 'from' ? plan.exit : plan.entry)
  )
}
