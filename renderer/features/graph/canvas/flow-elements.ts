import { type Node, Position } from '@xyflow/react'
import type { ControlComponent } from '../../../../shared/domain/model/graph.ts'
import type { NodeItem } from '../../../../shared/domain/model/view.ts'
import { type Ghosts, noGhosts } from '../changes.ts'
import { controlCardName } from '../control-name.ts'
import type { DrawnEdge, DrawnLink } from '../drawing.ts'
import type { Lanes, ZoneBox } from '../layout/lanes.ts'
import type { HopFlowEdge } from './hop-edge.tsx'
import type { LinkFlowEdge } from './link-edge.tsx'

export type FlowNode<Item> = Node<{
  item: Item
  selected: boolean
  onSelect: (id: string) => void
  onOpen: (id: string) => void
}>

interface FlowInput {
  readonly items: readonly NodeItem[]
  readonly control: readonly ControlComponent[]
  readonly lanes: Lanes
  readonly selected: string | null
  readonly onSelect: (id: string) => void
  readonly onOpen: (id: string) => void
  /** Words after the title of a zone's first part, by the kind of the zone. */
  readonly notes: Readonly<Partial<Record<ZoneBox['kind'], string>>>
  readonly ghosts?: Ghosts
}

export type GhostNode = Node<{ id: string; name: string; isYetToCome: boolean; isCompact: boolean }>

/**
 * Nodes for React Flow. Sizes, measured sizes and handles are all given: without them culling and fitting wait for a
 * measurement that never comes. The cache keeps the identity of nodes that did not change, so they are not drawn again.
 */
export function flowNodes(input: FlowInput, cache: Map<string, Node>): Node[] {
  const { lanes, selected, onSelect, onOpen } = input
  const zones = lanes.boxes.map((box) => {
    return remember(cache, `zone/${box.zone}/${box.part}`, box, {
      type: 'zone',
      zIndex: -1,
      data: { box },
    })
  })
  const titles = lanes.boxes.map((box) => {
    const note = box.part === 0 ? (input.notes[box.kind] ?? '') : ''
    const place = { x: box.x + 8, y: box.y + 7, width: box.width - 16, height: 16 }
    return remember(cache, `title/${box.zone}/${box.part}`, place, { type: 'title', zIndex: 1, data: { box, note } })
  })
  const cards = [...input.items, ...input.control].flatMap((item) => {
    const place = lanes.places.get(item.id)
    if (place === undefined) return []
    const type = 'type' in item ? item.type : 'control'
    const data = { item, selected: item.id === selected, onSelect, onOpen }
    return [remember(cache, item.id, place, { type, zIndex: 1, data })]
  })
  return [...zones, ...titles, ...cards, ...ghostNodes(input.ghosts ?? noGhosts, lanes, cache)]
}

function ghostNodes({ nodes, control, isYetToCome }: Ghosts, lanes: Lanes, cache: Map<string, Node>): Node[] {
  const named = [
    ...nodes.map((item) => ({
      id: item.id,
      name: item.type === 'group' ? item.name : item.workload.name,
      isCompact: false,
    })),
    ...control.map((part) => ({ id: part.id, name: controlCardName(part), isCompact: true })),
  ]
  return named.flatMap((ghost) => {
    const place = lanes.places.get(ghost.id)
    if (place === undefined) return []
    return [remember(cache, ghost.id, place, { type: 'ghost', zIndex: 1, data: { ...ghost, isYetToCome } })]
  })
}

function remember(
  cache: Map<string, Node>,
  id: string,
  place: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  rest: { readonly type: string; readonly zIndex: number; readonly data: Record<string, unknown> },
): Node {
  const before = cache.get(id)
  const same =
    before !== undefined &&
    before.type === rest.type &&
    before.position.x === place.x &&
    before.position.y === place.y &&
    before.width === place.width &&
    before.height === place.height &&
    Object.entries(rest.data).every(([key, value]) => before.data[key] === value)
  if (same) return before
  const { width, height } = place
  const node: Node = {
    ...rest,
    id,
    position: { x: place.x, y: place.y },
    width,
    height,
    measured: { width, height },
    handles: [
      { type: 'source', position: Position.Right, x: width, y: height / 2, width: 1, height: 1 },
      { type: 'target', position: Position.Left, x: 0, y: height / 2, width: 1, height: 1 },
    ],
    draggable: false,
    selectable: false,
    focusable: false,
    // React Flow makes a node that it cannot select or drag deaf; cards have buttons of their own.
    style: { pointerEvents: rest.zIndex > 0 && rest.type !== 'title' ? 'all' : 'none' },
  }
  cache.set(id, node)
  return node
}

export function flowEdges(edges: readonly DrawnEdge[], selected: string | null): HopFlowEdge[] {
  return edges.map((drawn) => ({
    id: drawn.edge.id,
    source: drawn.edge.from,
    target: drawn.edge.to,
    type: 'hop',
    data: { drawn, selected: drawn.edge.id === selected },
    selectable: false,
    focusable: false,
    // A failing line lies over quiet ones, the selected over all; all stay below the cards.
    zIndex: 0,
  }))
}

export function flowLinks(links: readonly DrawnLink[]): LinkFlowEdge[] {
  return links.map((drawn) => ({
    id: drawn.link.id,
    source: drawn.link.from,
    target: drawn.link.to,
    type: 'link',
    data: { drawn },
    selectable: false,
    focusable: false,
    zIndex: 0,
  }))
}
