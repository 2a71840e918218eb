import { describe, expect, it } from 'vitest'
import { relations } from '../../../shared/domain/model/hop-state.ts'
import { largeFixture } from '../../dev/fixture-large.ts'
import { labFixture, troubledFixture } from '../../dev/fixture-view.ts'
import { linesInView } from './canvas/hop-canvas.tsx'
import { drawEdges, drawLinks, edgeRoutes, laneLayout } from './drawing.ts'
import { overlaps } from './layout/grid.ts'
import { tableRows } from './table/table-rows.ts'

const moment = { now: 1_800_000_000_000 }
const all = new Set(relations)

function draw(view: ReturnType<typeof labFixture>['view'], layers: ReadonlySet<(typeof relations)[number]> = all) {
  const lanes = laneLayout(view, 'Control plane', null)
  const routes = edgeRoutes(view.edges, lanes)
  return { lanes, drawn: drawEdges(view.edges, routes, lanes, layers, moment.now) }
}

const grown = (place: { x: number; y: number; width: number; height: number }) => ({
  x: place.x - 1,
  y: place.y - 1,
  width: place.width + 2,
  height: place.height + 2,
})

describe('drawing a view', () => {
  it('draws every hop of the lab, with its glyph clear of every card', () => {
    const { view } = labFixture(moment)
    const { lanes, drawn } = draw(view)
    expect(drawn.map((edge) => edge.edge.id).sort()).toEqual(view.edges.map((edge) => edge.id).sort())
    for (const { edge, mark } of drawn) {
      expect(mark, edge.id).not.toBe(null)
      if (mark === null) continue
      const glyph = { x: mark.x - 10, y: mark.y - 10, width: 20, height: 20 }
      for (const place of lanes.places.values()) expect(overlaps(glyph, place), edge.id).toBe(false)
    }
  })

  it('places the same ids at the same spots whatever their states are', () => {
    const healthy = labFixture(moment).view
    const ids = new Set(healthy.nodes.map((node) => node.id))
    const sick = troubledFixture(moment).view
    const same = { ...sick, nodes: sick.nodes.filter((node) => ids.has(node.id)) }
    expect(laneLayout(same, 'Control plane', null).places).toEqual(laneLayout(healthy, 'Control plane', null).places)
  })

  it('keeps the routes of the others when a layer is switched off', () => {
    const { view } = troubledFixture(moment)
    const before = new Map(draw(view).drawn.map((edge) => [edge.edge.id, edge.points]))
    const after = draw(view, new Set(['observed'])).drawn
    expect(after.length).toBeLessThan(before.size)
    for (const edge of after) expect(edge.points, edge.edge.id).toEqual(before.get(edge.edge.id))
  })

  it('lets no link to the control plane begin on the line of a hop', () => {
    const { view } = troubledFixture(moment)
    const { lanes, drawn } = draw(view)
    const links = drawLinks(view.controlLinks.shown, lanes)
    expect(links.length).toBeGreaterThan(0)
    const ends = drawn.flatMap(({ points }) => [points[0], points.at(-1)])
    for (const { link, points } of links) {
      expect(ends, link.id).not.toContainEqual(points[0])
      const place = lanes.places.get(link.from)
      const [start] = points
      const isOnCard =
        place !== undefined && start !== undefined && overlaps({ ...start, width: 1, height: 1 }, grown(place))
      expect(isOnCard, link.id).toBe(true)
    }
  })

  it('puts nodes of a zone that nobody declared into a zone of its own instead of losing them', () => {
    const { view } = labFixture(moment)
    const { places } = laneLayout({ ...view, zones: [] }, 'Control plane', null)
    expect(places.size).toBe(view.nodes.length + view.control.length)
  })

  it('gives every group of a large view a place', () => {
    const { view } = largeFixture(moment, [])
    const { lanes, drawn } = draw(view)
    expect(lanes.places.size).toBe(view.nodes.length + view.control.length)
    expect(drawn.length).toBe(view.edges.length)
  })
})

describe('lines of the canvas', () => {
  it('are drawn only with an end in the window', () => {
    const line = (id: string, x1: number, x2: number) => ({
      id,
      style: 'verified' as const,
      matches: true,
      from: { x: x1, y: 50 },
      to: { x: x2, y: 50 },
    })
    const window = { x: 0, y: 0, width: 100, height: 100 }
    const lines = [line('inside', 10, 20), line('leaving', 50, 500), line('passing', -100, 500), line('away', 300, 400)]
    expect(linesInView(lines, window).map((each) => each.id)).toEqual(['inside', 'leaving'])
  })
})

describe('the table', () => {
  const names = new Map(
    troubledFixture(moment).view.nodes.flatMap((node) =>
      node.type === 'workload' ? [[node.id, node.workload.name] as const] : [],
    ),
  )

  it('has everything that the map has, problems first', () => {
    const { view } = troubledFixture(moment)
    const rows = tableRows(view, all, names, moment.now)
    expect(rows.length).toBe(view.nodes.length + view.edges.length + view.control.length)
    expect(rows[0]?.subject).toBe('model-server → tool-runtime')
    expect(rows[0]?.state).toMatch(/^handshake failing/)
  })

  it('leaves out the hops of layers that are off', () => {
    const { view } = troubledFixture(moment)
    const subjects = tableRows(view, new Set(['observed']), names, moment.now).map((row) => row.subject)
    expect(subjects).not.toContain('vector-store → model-registry')
    expect(subjects).toContain('batch-eval → model-server')
  })

  it('puts what the filter excludes last', () => {
    const { view } = troubledFixture(moment)
    const edges = view.edges.map((edge, index) => ({ ...edge, matches: index === 0 }))
    const nodes = view.nodes.map((node) => ({ ...node, matches: false }))
    const rows = tableRows({ ...view, edges, nodes, control: [] }, all, names, moment.now)
    expect(rows[0]?.id).toBe(edges[0]?.id)
  })
})
