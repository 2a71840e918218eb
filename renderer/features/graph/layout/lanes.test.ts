import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { overlaps } from './grid.ts'
import { type LaneNode, type LaneZone, layOutLanes } from './lanes.ts'

const zones: readonly LaneZone[] = [
  { id: 'edge', title: 'Untrusted edge', kind: 'untrusted', order: 0 },
  { id: 'pipeline', title: 'Pipeline', kind: 'pipeline', order: 1 },
  { id: 'data', title: 'Data plane and tools', kind: 'data', order: 2 },
  { id: 'outside', title: 'External', kind: 'external', order: 3 },
  { id: 'none', title: 'Not assigned', kind: 'unassigned', order: 4 },
  { id: 'control', title: 'Control plane', kind: 'control', order: 5 },
]

const anyNodes = fc
  .uniqueArray(
    fc.record({
      id: fc.stringMatching(/^[a-z]{1,8}$/),
      zone: fc.constantFrom(...zones.map((zone) => zone.id)),
      order: fc.integer({ min: 0, max: 20 }),
      isCompact: fc.boolean(),
    }),
    { selector: (node) => node.id, maxLength: 60 },
  )
  .map((nodes): readonly LaneNode[] => nodes)

function noOverlaps(nodes: readonly LaneNode[], memory = layOutLanes(zones, []).memory): void {
  const { places } = layOutLanes(zones, nodes, memory.slots.size === 0 ? null : memory)
  expect(places.size).toBe(nodes.length)
  const all = [...places.values()]
  all.forEach((a, index) => {
    for (const b of all.slice(index + 1)) expect(overlaps(a, b)).toBe(false)
  })
}

describe('the lane layout', () => {
  it('gives every node a place of its own', () => {
    fc.assert(fc.property(anyNodes, (nodes) => noOverlaps(nodes)))
  })

  it('keeps every node inside a box of its zone, and boxes apart', () => {
    fc.assert(
      fc.property(anyNodes, (nodes) => {
        const { places, boxes } = layOutLanes(zones, nodes)
        for (const [id, place] of places) {
          const zone = nodes.find((node) => node.id === id)?.zone
          const home = boxes.find((box) => box.zone === zone && overlaps(box, place))
          expect(home, id).toBeDefined()
          if (home !== undefined) {
            expect(place.x).toBeGreaterThanOrEqual(home.x)
            expect(place.y + place.height).toBeLessThanOrEqual(home.y + home.height)
          }
        }
        boxes.forEach((a, index) => {
          for (const b of boxes.slice(index + 1)) expect(overlaps(a, b), `${a.zone} and ${b.zone}`).toBe(false)
        })
      }),
    )
  })

  it('gives each card of the control plane its own height', () => {
    fc.assert(
      fc.property(anyNodes, anyNodes, (before, arriving) => {
        const known = new Set(before.map(({ id }) => id))
        const nodes = [...before, ...arriving.filter(({ id }) => !known.has(id))]
        const { places } = layOutLanes(zones, nodes, layOutLanes(zones, before).memory)
        for (const { id, zone, isCompact } of nodes) {
          if (zone !== 'control') continue
          expect(places.get(id)?.height, id).toBe(isCompact === true ? 52 : 92)
        }
      }),
    )
  })

  it('does not depend on the order in which nodes arrive', () => {
    fc.assert(
      fc.property(anyNodes, (nodes) => {
        expect(layOutLanes(zones, [...nodes].reverse()).places).toEqual(layOutLanes(zones, nodes).places)
      }),
    )
  })

  it('never moves a known node when others come or go', () => {
    fc.assert(
      fc.property(anyNodes, anyNodes, (before, arriving) => {
        const first = layOutLanes(zones, before)
        const kept = before.filter((_, index) => index % 3 !== 0)
        const added = arriving.filter((node) => !before.some((known) => known.id === node.id))
        const second = layOutLanes(zones, [...kept, ...added], first.memory)
        if (kept.length === 0) return
        for (const node of kept) expect(second.places.get(node.id)).toEqual(first.places.get(node.id))
        noOverlaps([...kept, ...added], first.memory)
      }),
    )
  })

  it('returns a node that went away to the place it had', () => {
    const nodes: readonly LaneNode[] = ['a', 'b', 'c'].map((id, order) => ({ id, zone: 'pipeline', order }))
    const first = layOutLanes(zones, nodes)
    const without = layOutLanes(
      zones,
      nodes.filter((node) => node.id !== 'b'),
      first.memory,
    )
    expect(layOutLanes(zones, nodes, without.memory).places.get('b')).toEqual(first.places.get('b'))
  })

  it('comes to rest: laying out again with its own memory changes nothing, not even the memory', () => {
    fc.assert(
      fc.property(anyNodes, (nodes) => {
        const first = layOutLanes(zones, nodes)
        const second = layOutLanes(zones, nodes, first.memory)
        expect(second.places).toEqual(first.places)
        expect(second.memory).toBe(first.memory)
      }),
    )
  })

  it('starts again when the zones of most nodes have changed', () => {
    const loose: readonly LaneNode[] = ['a', 'b'].map((id, order) => ({ id, zone: 'none', order }))
    const placed = loose.map((node) => ({ ...node, zone: 'pipeline' }))
    const memory = layOutLanes(zones, loose).memory
    expect(layOutLanes(zones, placed, memory).places).toEqual(layOutLanes(zones, placed).places)
  })

  it('runs the pipeline left to right and comes back in the next row', () => {
    const nodes: readonly LaneNode[] = [1, 2, 3, 4, 5, 6].map((order) => ({ id: `s${order}`, zone: 'pipeline', order }))
    const { places } = layOutLanes(zones, nodes)
    const cell = (id: string) => [places.get(id)?.column, places.get(id)?.row]
    expect(['s1', 's2', 's3', 's4', 's5', 's6'].map(cell)).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 0],
      [3, 1],
      [2, 1],
    ])
  })
})
