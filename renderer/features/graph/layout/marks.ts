import { overlaps, type Point, type Rectangle } from './grid.ts'
import type { Route } from './routes.ts'

/** What is written at a hop. `texts` go from the wish to the shortest that still helps; a short gap takes a shorter one. */
export interface MarkRequest {
  readonly id: string
  /** Lower is placed first and so gets the better place. */
  readonly rank: number
  readonly texts: readonly string[]
  /** Widths of the pill, the wish first, then the shortest form; empty without one. */
  readonly pillWidths: readonly number[]
}

export interface Mark {
  readonly id: string
  /** Centre of the glyph. */
  readonly x: number
  readonly y: number
  readonly text: {
    readonly value: string
    /** Which of the requested texts it is. */
    readonly variant: number
    readonly x: number
    readonly y: number
    readonly anchor: 'start' | 'middle' | 'end'
  } | null
  readonly pill: { readonly x: number; readonly y: number; readonly variant: number } | null
}

export const glyphRadius = 10
export const pillHeight = 18
const textHeight = 14

/** Widths are estimated, not measured, so that the placement is the same everywhere; 11 px text in a system font. */
export function textWidth(text: string): number {
  // In steps, so that a rate that gains a digit does not move the words of other hops.
  return Math.ceil((text.length * 5.7 + 2) / 6) * 6
}

/** Above this number every mark takes the middle of its longest run: what would avoid what could not be seen anyway. */
const carefulUpTo = 200

/**
 * Places the glyph, words and pill of every hop on its route: in the middle of a free run, away from cards, titles,
 * other lines and what was placed before.
 */
export function placeMarks(
  requests: readonly MarkRequest[],
  routes: ReadonlyMap<string, Route>,
  cards: readonly Rectangle[],
  titles: readonly Rectangle[],
  bounds: Rectangle,
): ReadonlyMap<string, Mark> {
  const marks = new Map<string, Mark>()
  const taken: Rectangle[] = []
  const sorted = [...requests].sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1))
  const careful = requests.length <= carefulUpTo
  for (const request of sorted) {
    const route = routes.get(request.id)
    if (route === undefined) continue
    const lines = careful ? segmentsNear(route, routes) : []
    const best = bestMark(request, careful ? spots(route.points) : spots(route.points).slice(0, 1), {
      cards: careful ? cards : [],
      titles: careful ? titles : [],
      taken: careful ? taken : [],
      lines,
      bounds,
    })
    if (best === null) continue
    marks.set(request.id, best.mark)
    taken.push(...best.boxes)
  }
  return marks
}

interface Surroundings {
  readonly cards: readonly Rectangle[]
  readonly titles: readonly Rectangle[]
  /** What is outside of this may not be in the window. */
  readonly bounds: Rectangle
  readonly taken: readonly Rectangle[]
  /** Segments of other hops, one pixel thick. */
  readonly lines: readonly Rectangle[]
}

interface Candidate {
  readonly mark: Mark
  readonly boxes: readonly Rectangle[]
  readonly cost: number
}

function bestMark(request: MarkRequest, places: readonly Spot[], around: Surroundings): Candidate | null {
  let best: Candidate | null = null
  for (const spot of places) {
    const glyph = box(spot.x - glyphRadius, spot.y - glyphRadius, glyphRadius * 2, glyphRadius * 2)
    const base = spot.cost + cost(glyph, around, 40)
    if (best !== null && base >= best.cost) continue
    for (const candidate of dressings(request, spot, glyph, around, base)) {
      if (best === null || candidate.cost < best.cost) best = candidate
    }
  }
  return best
}

interface Spot extends Point {
  readonly horizontal: boolean
  readonly cost: number
}

/** Points along the route, best first: the middle of the longest segments, clear of both ends. */
function spots(points: readonly Point[]): readonly Spot[] {
  const found: Spot[] = []
  for (let index = 1; index < points.length; index += 1) {
    const a = points[index - 1]
    const b = points[index]
    if (a === undefined || b === undefined) continue
    const length = Math.abs(a.x - b.x) + Math.abs(a.y - b.y)
    const margin = 20
    if (length < 2 * margin) continue
    // Between two neighbours there is only the middle.
    for (const share of length < 90 ? [0.5] : [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9]) {
      const at = margin + (length - 2 * margin) * share
      const x = a.x + ((b.x - a.x) * at) / length
      const y = a.y + ((b.y - a.y) * at) / length
      found.push({ x, y, horizontal: a.y === b.y, cost: Math.abs(share - 0.5) * 30 - Math.min(length, 240) / 12 })
    }
  }
  const first = points[0]
  const last = points.at(-1)
  if (found.length === 0 && first !== undefined && last !== undefined) {
    found.push({ x: (first.x + last.x) / 2, y: (first.y + last.y) / 2, horizontal: first.y === last.y, cost: 0 })
  }
  return found.sort((a, b) => a.cost - b.cost)
}

function dressings(
  request: MarkRequest,
  spot: Spot,
  glyph: Rectangle,
  around: Surroundings,
  base: number,
): readonly Candidate[] {
  const found: Candidate[] = []
  const withPills = (text: Mark['text'], textBox: Rectangle | null, sum: number) => {
    const boxes = textBox === null ? [glyph] : [glyph, textBox]
    if (request.pillWidths.length === 0) {
      found.push({ mark: { id: request.id, x: spot.x, y: spot.y, text, pill: null }, boxes, cost: sum })
      return
    }
    request.pillWidths.forEach((width, variant) => {
      for (const [place, extra] of pillPlaces(width, spot, glyph)) {
        const total = sum + extra + variant * 60 + cost(place, { ...around, taken: [...around.taken, ...boxes] }, 8)
        const pill = { x: place.x, y: place.y, variant }
        found.push({
          mark: { id: request.id, x: spot.x, y: spot.y, text, pill },
          boxes: [...boxes, place],
          cost: total,
        })
      }
    })
  }
  request.texts.forEach((value, index) => {
    const width = textWidth(value)
    for (const [text, place, extra] of textPlaces(value, index, width, spot)) {
      withPills(text, place, base + extra + index * 18 + cost(place, around, 30))
    }
  })
  withPills(null, null, base + (request.texts.length === 0 ? 0 : request.texts.length * 18 + 30))
  return found
}

function textPlaces(
  value: string,
  variant: number,
  width: number,
  spot: Spot,
): readonly (readonly [Mark['text'], Rectangle, number])[] {
  const { x, y } = spot
  const gap = glyphRadius + 7
  const above = box(x - width / 2, y - gap - textHeight + 2, width, textHeight)
  const below = box(x - width / 2, y + gap - 2, width, textHeight)
  const right = box(x + gap, y - textHeight / 2, width, textHeight)
  const left = box(x - gap - width, y - textHeight / 2, width, textHeight)
  const rightAbove = box(x + gap, y - textHeight - 2, width, textHeight)
  return spot.horizontal
    ? [
        [{ value, variant, x, y: above.y + 11, anchor: 'middle' }, above, 0],
        [{ value, variant, x: rightAbove.x, y: rightAbove.y + 11, anchor: 'start' }, rightAbove, 2],
        [{ value, variant, x, y: below.y + 11, anchor: 'middle' }, below, 6],
      ]
    : [
        [{ value, variant, x: right.x, y: y + 4, anchor: 'start' }, right, 0],
        [{ value, variant, x: x - gap, y: y + 4, anchor: 'end' }, left, 4],
      ]
}

function pillPlaces(width: number, spot: Spot, glyph: Rectangle): readonly (readonly [Rectangle, number])[] {
  const { x, y } = spot
  const below = box(x - width / 2, glyph.y + glyph.height + 6, width, pillHeight)
  const right = box(x + glyphRadius + 6, y - pillHeight / 2, width, pillHeight)
  const above = box(x - width / 2, glyph.y - 6 - pillHeight, width, pillHeight)
  const left = box(x - glyphRadius - 6 - width, y - pillHeight / 2, width, pillHeight)
  return spot.horizontal
    ? [
        [below, 0],
        [right, 4],
        [above, 8],
        [left, 10],
      ]
    : [
        [below, 0],
        [right, 2],
        [left, 6],
        [above, 8],
      ]
}

function cost(place: Rectangle, around: Surroundings, perLine: number): number {
  const { bounds } = around
  const outside =
    place.x < bounds.x ||
    place.y < bounds.y ||
    place.x + place.width > bounds.x + bounds.width ||
    place.y + place.height > bounds.y + bounds.height
  let sum = outside ? 500 : 0
  for (const card of around.cards) if (overlaps(place, grow(card, 2))) sum += 600
  for (const other of around.taken) if (overlaps(place, grow(other, 2))) sum += 300
  for (const title of around.titles) if (overlaps(place, title)) sum += 120
  for (const line of around.lines) if (overlaps(place, line)) sum += perLine
  return sum
}

function segmentsNear(route: Route, routes: ReadonlyMap<string, Route>): readonly Rectangle[] {
  const found: Rectangle[] = []
  for (const other of routes.values()) {
    if (other.id === route.id) continue
    for (let index = 1; index < other.points.length; index += 1) {
      const a = other.points[index - 1]
      const b = other.points[index]
      if (a === undefined || b === undefined) continue
      found.push(box(Math.min(a.x, b.x) - 1, Math.min(a.y, b.y) - 1, Math.abs(a.x - b.x) + 2, Math.abs(a.y - b.y) + 2))
    }
  }
  return found
}

function box(x: number, y: number, width: number, height: number): Rectangle {
  return { x, y, width, height }
}

function grow({ x, y, width, height }: Rectangle, by: number): Rectangle {
  return { x: x - by, y: y - by, width: width + 2 * by, height: height + 2 * by }
}
