import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { overlaps, type Point } from './grid.ts'
import { type LaneNode, type LaneZone, layOutLanes } from './lanes.ts'
import { placeMarks } from './marks.ts'
import { arrival, pathOf } from './path.ts'
import { routeHops } from './routes.ts'

const zones: readonly LaneZone[] = [
  { id: 'edge', title: 'Untrusted edge', kind: 'untrusted', order: 0 },
  { id: 'pipeline', title: 'Pipeline', kind: 'pipeline', order: 1 },
  { id: 'data', title: 'Data plane and tools', kind: 'data', order: 2 },
]

const pipeline: readonly LaneNode[] = [
  ['application', 'edge'],
  ['gateway', 'pipeline'],
  ['firewall', 'pipeline'],
  ['sanitiser', 'pipeline'],
  ['orchestrator', 'pipeline'],
  ['model', 'pipeline'],
  ['filter', 'pipeline'],
  ['store', 'data'],
  ['tool', 'data'],
].map(([id, zone], order) => ({ id: id ?? '', zone: zone ?? '', order }))

const hops = [
  ['application', 'gateway'],
  ['gateway', 'firewall'],
  ['firewall', 'sanitiser'],
  ['sanitiser', 'orchestrator'],
  ['orchestrator', 'store'],
  ['orchestrator', 'model'],
  ['model', 'tool'],
  ['model', 'filter'],
  ['filter', 'gateway'],
].map(([from, to]) => ({ id: `${from}>${to}`, from: from ?? '', to: to ?? '' }))

function draw(nodes: readonly LaneNode[], requests: typeof hops) {
  const lanes = layOutLanes(zones, nodes)
  return { lanes, routes: routeHops(requests, lanes.places, lanes.rows, lanes.columns) }
}

function segments(points: readonly Point[]): readonly (readonly [Point, Point])[] {
  return points.slice(1).flatMap((point, index) => {
    const before = points[index]
    return before === undefined ? [] : [[before, point] as const]
  })
}

function crossesCard(points: readonly Point[], lanes: ReturnType<typeof layOutLanes>): string | null {
  for (const [a, b] of segments(points)) {
    const line = {
      x: Math.min(a.x, b.x),
      y: Math.min(a.y, b.y),
      width: Math.abs(a.x - b.x),
      height: Math.abs(a.y - b.y),
    }
    for (const [id, place] of lanes.places) {
      const inner = { x: place.x + 1, y: place.y + 1, width: place.width - 2, height: place.height - 2 }
      if (overlaps({ ...line, width: line.width + 0.1, height: line.height + 0.1 }, inner)) return id
    }
  }
  return null
}

describe('routes', () => {
  it('never cross a card, and every part is horizontal or vertical', () => {
    const anyGraph = fc.integer({ min: 2, max: 24 }).chain((count) =>
      fc.record({
        nodes: fc.array(fc.constantFrom('edge', 'pipeline', 'data'), { minLength: count, maxLength: count }),
        pairs: fc.uniqueArray(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), {
          maxLength: 40,
          selector: ([a, b]) => `${a}>${b}`,
        }),
      }),
    )
    fc.assert(
      fc.property(anyGraph, ({ nodes, pairs }) => {
        const placed = nodes.map((zone, order) => ({ id: `n${order}`, zone, order }))
        const requests = pairs
          .filter(([a, b]) => a !== b)
          .map(([a, b]) => ({ id: `${a}>${b}`, from: `n${a}`, to: `n${b}` }))
        const { lanes, routes } = draw(placed, requests)
        expect(routes.size).toBe(requests.length)
        for (const route of routes.values()) {
          expect(crossesCard(route.points, lanes), route.id).toBe(null)
          for (const [a, b] of segments(route.points))
            expect(Math.min(Math.abs(a.x - b.x), Math.abs(a.y - b.y))).toBe(0)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('go straight between neighbours', () => {
    const { routes } = draw(pipeline, hops)
    for (const id of ['application>gateway', 'gateway>firewall', 'firewall>sanitiser', 'orchestrator>model']) {
      expect(routes.get(id)?.points.length, id).toBe(2)
    }
  })

  it('start on the caller and end on the callee', () => {
    const { routes, lanes } = draw(pipeline, hops)
    const onEdge = (point: Point | undefined, id: string) => {
      const place = lanes.places.get(id)
      if (point === undefined || place === undefined) return false
      const within =
        point.x >= place.x &&
        point.x <= place.x + place.width &&
        point.y >= place.y &&
        point.y <= place.y + place.height
      const inside =
        point.x > place.x && point.x < place.x + place.width && point.y > place.y && point.y < place.y + place.height
      return within && !inside
    }
    for (const hop of hops) {
      const points = routes.get(hop.id)?.points ?? []
      expect(onEdge(points[0], hop.from), hop.id).toBe(true)
      expect(onEdge(points.at(-1), hop.to), hop.id).toBe(true)
    }
  })

  it('keep lines that share a channel apart', () => {
    const { routes } = draw(pipeline, [
      ...hops,
      { id: 'model>store', from: 'model', to: 'store' },
      { id: 'gateway>tool', from: 'gateway', to: 'tool' },
      { id: 'gateway>store', from: 'gateway', to: 'store' },
    ])
    const all = [...routes.values()].flatMap((route) =>
      segments(route.points).map((segment) => ({ id: route.id, segment })),
    )
    for (const one of all) {
      for (const other of all) {
        if (one.id >= other.id) continue
        const [[a, b], [c, d]] = [one.segment, other.segment]
        const shared = (p: Point, q: Point, r: Point, s: Point, axis: 'x' | 'y') =>
          Math.min(Math.max(p[axis], q[axis]), Math.max(r[axis], s[axis])) -
          Math.max(Math.min(p[axis], q[axis]), Math.min(r[axis], s[axis]))
        if (a.y === b.y && c.y === d.y && a.y === c.y)
          expect(shared(a, b, c, d, 'x'), `${one.id} ${other.id}`).toBeLessThanOrEqual(0)
        if (a.x === b.x && c.x === d.x && a.x === c.x)
          expect(shared(a, b, c, d, 'y'), `${one.id} ${other.id}`).toBeLessThanOrEqual(0)
      }
    }
  })

  it('are the same whatever order the hops come in', () => {
    expect(draw(pipeline, [...hops].reverse()).routes).toEqual(draw(pipeline, hops).routes)
  })

  it('become a path with rounded bends and an arrow that points where the last part points', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 100, y: 0 },
      { x: 100, y: 50 },
    ]
    expect(pathOf(points)).toBe('M0 0 L90 0 Q100 0 100 10 L100 50')
    expect(arrival(points)).toBe(90)
  })
})

const bounds = (lanes: ReturnType<typeof layOutLanes>) => ({ x: 0, y: 0, width: lanes.width, height: lanes.height })

describe('marks', () => {
  it('lie on their route, clear of cards and of each other', () => {
    const { lanes, routes } = draw(pipeline, hops)
    const cards = [...lanes.places.values()]
    const requests = hops.map((hop, rank) => ({
      id: hop.id,
      rank,
      texts: ['handshake failing 3 m 24 s', '18/s'],
      pillWidths: rank === 3 ? [46, 26] : [],
    }))
    const marks = [...placeMarks(requests, routes, cards, [], bounds(lanes)).values()]
    expect(marks.length).toBe(hops.length)
    const glyphs = marks.map((mark) => ({ x: mark.x - 10, y: mark.y - 10, width: 20, height: 20 }))
    glyphs.forEach((glyph, index) => {
      for (const card of cards) expect(overlaps(glyph, card), marks[index]?.id).toBe(false)
      for (const other of glyphs.slice(index + 1)) expect(overlaps(glyph, other), marks[index]?.id).toBe(false)
    })
  })

  it('take the shorter text where the longer does not fit', () => {
    const { lanes, routes } = draw(pipeline, hops)
    const marks = placeMarks(
      [{ id: 'gateway>firewall', rank: 0, texts: ['handshake failing 3 m 24 s', '18/s'], pillWidths: [] }],
      routes,
      [...lanes.places.values()],
      [],
      bounds(lanes),
    )
    expect(marks.get('gateway>firewall')?.text?.value).toBe('18/s')
  })
})
