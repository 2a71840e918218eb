import {
  betweenRows,
  betweenZones,
  card,
  columnLeft,
  compactCard,
  pipelineFoot,
  type Rectangle,
  type Row,
  zoneHead,
  zonePadding,
} from './grid.ts'

/** What the layout needs to know of a drawn node. `order` is the stage's place; the id breaks ties. */
export interface LaneNode {
  readonly id: string
  readonly zone: string
  readonly order: number
  /** A component of the control plane, whose card is low. In its zone stand cards of workloads too. */
  readonly isCompact?: boolean
}

export interface LaneZone {
  readonly id: string
  readonly title: string
  readonly kind: 'untrusted' | 'pipeline' | 'data' | 'external' | 'control' | 'unassigned'
  readonly order: number
}

/** A cell of the grid, and the zone that the node had when it was given the cell. */
export interface Slot {
  readonly zone: string
  readonly column: number
  readonly row: number
}

/** A rectangle of cells that belongs to a zone. A zone that overflows gets another one below everything. */
export interface ZoneBlock {
  readonly zone: string
  readonly part: number
  readonly column: number
  readonly row: number
  readonly columns: number
  readonly rows: number
  /** The lowest edge below the last row of cells. */
  readonly foot: number
}

/** What was placed so far. Given back to the next layout: a known node never moves. */
export interface LaneMemory {
  readonly slots: ReadonlyMap<string, Slot>
  readonly blocks: readonly ZoneBlock[]
  readonly rows: readonly Row[]
  readonly columns: number
  /** Space that the last row's zone needs below it. */
  readonly foot: number
}

export interface ZoneBox extends Rectangle {
  readonly zone: string
  readonly part: number
  readonly title: string
  readonly kind: LaneZone['kind']
}

export interface Lanes {
  readonly places: ReadonlyMap<string, Rectangle & Slot>
  readonly boxes: readonly ZoneBox[]
  readonly rows: readonly Row[]
  readonly columns: number
  readonly width: number
  readonly height: number
  readonly memory: LaneMemory
}

const leastColumns = 5
const top = 44

/**
 * Places nodes in lanes: untrusted zones left of the pipeline, data and external zones below, the control plane last.
 * Pipelines run left to right and come back in the next row, as the requests do. Same input, same output; with a
 * memory, every node that it knows keeps its place and new ones take free cells.
 */
export function layOutLanes(
  zones: readonly LaneZone[],
  nodes: readonly LaneNode[],
  memory: LaneMemory | null = null,
): Lanes {
  const known = usable(memory, nodes)
  const sorted = [...nodes].sort(byOrder)
  const placed = known === null ? placeAfresh(zones, sorted) : known
  const filled = placeNew(placed, zones, sorted)
  return draw(zones, sorted, filled)
}

function byOrder(a: LaneNode, b: LaneNode): number {
  return a.order - b.order || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** A memory that most nodes have outgrown (intent.yaml arrived and renamed the zones) says nothing about this graph. */
function usable(memory: LaneMemory | null, nodes: readonly LaneNode[]): LaneMemory | null {
  if (memory === null || nodes.length === 0) return memory
  const remembered = nodes.filter((node) => memory.slots.has(node.id))
  const moved = remembered.filter((node) => memory.slots.get(node.id)?.zone !== node.zone)
  if (remembered.length === 0 || moved.length * 2 > remembered.length) return null
  return memory
}

interface Draft {
  slots: Map<string, Slot>
  blocks: ZoneBlock[]
  rows: Row[]
  columns: number
  foot: number
}

function placeAfresh(zones: readonly LaneZone[], nodes: readonly LaneNode[]): LaneMemory {
  const members = groupByZone(nodes)
  const used = [...zones]
    .sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1))
    .filter((zone) => (members.get(zone.id)?.length ?? 0) > 0)
  const of = (...kinds: readonly LaneZone['kind'][]) => used.filter((zone) => kinds.includes(zone.kind))
  const count = (zone: LaneZone) => members.get(zone.id)?.length ?? 0
  const draft: Draft = { slots: new Map(), blocks: [], rows: [], columns: leastColumns, foot: 0 }

  const pipelines = of('pipeline')
  const untrusted = of('untrusted')
  const widest = Math.max(0, ...pipelines.map(count))
  const pipelineColumns = pipelines.length === 0 ? 0 : widest <= 12 ? 4 : Math.ceil(Math.sqrt(widest * 1.5))
  const pipelineRows = pipelines.reduce((sum, zone) => sum + Math.ceil(count(zone) / pipelineColumns), 0)
  const edge = stack(untrusted, count, Math.max(pipelineRows, 1))
  draft.columns = Math.max(leastColumns, edge.columns + pipelineColumns)
  const bandRows = Math.max(pipelineRows, edge.rows)
  addRows(draft, bandRows, card.height, pipelineFoot)

  for (const block of edge.blocks) addBlock(draft, { ...block, foot: pipelineFoot })
  let row = 0
  pipelines.forEach((zone, index) => {
    const rows = index === pipelines.length - 1 ? bandRows - row : Math.ceil(count(zone) / pipelineColumns)
    const columns = draft.columns - edge.columns
    addBlock(draft, { zone: zone.id, part: 0, column: edge.columns, row, columns, rows, foot: pipelineFoot })
    row += rows
  })
  shelves(draft, [...of('data'), ...of('external'), ...of('unassigned')], count)
  for (const zone of of('control')) {
    const [low, high] = byHeight(members.get(zone.id) ?? [])
    const lowRows = Math.ceil(low.length / draft.columns)
    const rows = lowRows + Math.ceil(high.length / draft.columns)
    const first = draft.rows.length
    addRows(draft, lowRows, compactCard.height, zonePadding, 20)
    addRows(draft, rows - lowRows, card.height, zonePadding, 20, lowRows > 0)
    addBlock(draft, {
      zone: zone.id,
      part: 0,
      column: 0,
      row: first,
      columns: draft.columns,
      rows,
      foot: zonePadding,
    })
  }
  for (const zone of used) fillFirst(draft, zone, members.get(zone.id) ?? [], pipelineColumns)
  return draft
}

function groupByZone(nodes: readonly LaneNode[]): ReadonlyMap<string, readonly LaneNode[]> {
  const groups = new Map<string, LaneNode[]>()
  for (const node of nodes) {
    const group = groups.get(node.zone)
    if (group === undefined) groups.set(node.zone, [node])
    else group.push(node)
  }
  return groups
}

/** Zones at the edge stand above each other and grow sideways only when they would be taller than the pipeline. */
function stack(zones: readonly LaneZone[], count: (zone: LaneZone) => number, rowsWanted: number) {
  const each = Math.max(1, Math.floor(rowsWanted / Math.max(1, zones.length)))
  const blocks: Omit<ZoneBlock, 'foot'>[] = []
  let row = 0
  let columns = 0
  zones.forEach((zone, index) => {
    const last = index === zones.length - 1
    const rows = last ? Math.max(each, rowsWanted - row) : each
    const width = Math.ceil(count(zone) / rows)
    blocks.push({ zone: zone.id, part: 0, column: 0, row, columns: width, rows })
    columns = Math.max(columns, width)
    row += rows
  })
  return { blocks: blocks.map((block) => ({ ...block, columns })), columns, rows: row }
}

/** Zones side by side until the width is used up; what is left over goes to the first of a shelf as free cells. */
function shelves(draft: Draft, zones: readonly LaneZone[], count: (zone: LaneZone) => number): void {
  let shelf: { zone: LaneZone; columns: number; rows: number }[] = []
  const close = () => {
    const first = shelf[0]
    if (first === undefined) return
    const rows = Math.max(...shelf.map((item) => item.rows))
    const spare = draft.columns - shelf.reduce((sum, item) => sum + item.columns, 0)
    const top = draft.rows.length
    addRows(draft, rows, card.height, zonePadding)
    let column = 0
    shelf.forEach((item, index) => {
      const columns = item.columns + (index === 0 ? spare : 0)
      addBlock(draft, { zone: item.zone.id, part: 0, column, row: top, columns, rows, foot: zonePadding })
      column += columns
    })
    shelf = []
  }
  for (const zone of zones) {
    const columns = Math.min(count(zone), draft.columns)
    if (shelf.reduce((sum, item) => sum + item.columns, 0) + columns > draft.columns) close()
    shelf.push({ zone, columns, rows: Math.ceil(count(zone) / columns) })
  }
  close()
}

/** `continues`: they belong to the zone of the rows before. */
function addRows(
  draft: Draft,
  count: number,
  height: number,
  foot: number,
  gap = betweenRows,
  continues = false,
): void {
  for (let index = 0; index < count; index += 1) {
    const last = draft.rows.at(-1)
    const start =
      last === undefined
        ? top
        : index > 0 || continues
          ? last.top + last.height + gap
          : last.top + last.height + draft.foot + (height < card.height ? 26 : betweenZones) + zoneHead
    draft.rows.push({ top: start, height })
  }
  draft.foot = foot
}

function addBlock(draft: Draft, block: ZoneBlock): void {
  draft.blocks.push(block)
}

/** Cells in the order in which they are filled. */
function cellsOf(block: ZoneBlock, kind: LaneZone['kind'], count: number): readonly { column: number; row: number }[] {
  const cells: { column: number; row: number }[] = []
  // A short row of data stands at the right: there the pipeline ends, and the hops stay short.
  const indent = kind === 'data' && count < block.columns ? block.columns - count : 0
  for (let row = 0; row < block.rows; row += 1) {
    const backwards = kind === 'pipeline' && row % 2 === 1
    for (let index = 0; index < block.columns; index += 1) {
      const column = kind === 'data' ? (index + indent) % block.columns : backwards ? block.columns - 1 - index : index
      cells.push({ column: block.column + column, row: block.row + row })
    }
  }
  return cells
}

function fillFirst(draft: Draft, zone: LaneZone, nodes: readonly LaneNode[], pipelineColumns: number): void {
  const block = draft.blocks.find((candidate) => candidate.zone === zone.id)
  if (block === undefined) return
  const narrow = zone.kind === 'pipeline' ? { ...block, columns: Math.min(block.columns, pipelineColumns) } : block
  const cells = cellsOf(narrow, zone.kind, nodes.length)
  for (const alike of zone.kind === 'control' ? byHeight(nodes) : [nodes]) {
    const fitting = zone.kind === 'control' ? cells.filter((cell) => fits(draft, cell, alike[0])) : cells
    alike.forEach((node, index) => {
      const cell = fitting[index]
      if (cell !== undefined) draft.slots.set(node.id, { zone: zone.id, ...cell })
    })
  }
}

/** Low cards, then those as high as everywhere. */
function byHeight(nodes: readonly LaneNode[]): readonly [readonly LaneNode[], readonly LaneNode[]] {
  return [nodes.filter(({ isCompact }) => isCompact === true), nodes.filter(({ isCompact }) => isCompact !== true)]
}

/** Rows of the control plane are as high as what stands in them. */
function fits(draft: Draft, cell: { readonly row: number }, node: LaneNode | undefined): boolean {
  return draft.rows[cell.row]?.height === (node?.isCompact === true ? compactCard.height : card.height)
}

/** Nodes without a cell take free cells of their zone; when there is none, the zone continues below everything. */
function placeNew(memory: LaneMemory, zones: readonly LaneZone[], nodes: readonly LaneNode[]): LaneMemory {
  const homeless = nodes.filter((node) => memory.slots.get(node.id)?.zone !== node.zone)
  if (homeless.length === 0) return memory
  const draft: Draft = {
    slots: new Map(memory.slots),
    blocks: [...memory.blocks],
    rows: [...memory.rows],
    columns: memory.columns,
    foot: memory.foot,
  }
  const taken = new Set([...memory.slots.values()].map((slot) => `${slot.column}:${slot.row}`))
  const alike = [...groupByZone(homeless)].flatMap(([zoneId, members]) =>
    byHeight(members).map((nodes) => [zoneId, nodes] as const),
  )
  for (const [zoneId, members] of alike) {
    const kind = zones.find((zone) => zone.id === zoneId)?.kind ?? 'unassigned'
    if (members.length === 0) continue
    const free = draft.blocks
      .filter((block) => block.zone === zoneId)
      .flatMap((block) => cellsOf(block, kind, Number.POSITIVE_INFINITY))
      .filter(
        (cell) => !taken.has(`${cell.column}:${cell.row}`) && (kind !== 'control' || fits(draft, cell, members[0])),
      )
    const rest = members.length - free.length
    if (rest > 0) free.push(...extend(draft, zoneId, kind, rest, members[0]?.isCompact === true))
    members.forEach((node, index) => {
      const cell = free[index]
      if (cell === undefined) return
      taken.add(`${cell.column}:${cell.row}`)
      draft.slots.set(node.id, { zone: zoneId, ...cell })
    })
  }
  return draft
}

function extend(draft: Draft, zone: string, kind: LaneZone['kind'], count: number, isCompact: boolean) {
  const columns = Math.max(draft.columns, Math.ceil(Math.sqrt(count * 0.8)))
  const rows = Math.ceil(count / columns)
  const first = draft.rows.length
  const height = kind === 'control' && isCompact ? compactCard.height : card.height
  addRows(draft, rows, height, zonePadding, kind === 'control' ? 20 : betweenRows)
  draft.columns = Math.max(draft.columns, columns)
  const part = draft.blocks.filter((block) => block.zone === zone).length
  const block: ZoneBlock = { zone, part, column: 0, row: first, columns, rows, foot: zonePadding }
  addBlock(draft, block)
  return cellsOf(block, kind === 'pipeline' ? 'unassigned' : kind, Number.POSITIVE_INFINITY)
}

function draw(zones: readonly LaneZone[], nodes: readonly LaneNode[], memory: LaneMemory): Lanes {
  const byId = new Map(zones.map((zone) => [zone.id, zone]))
  const places = new Map<string, Rectangle & Slot>()
  for (const node of nodes) {
    const slot = memory.slots.get(node.id)
    const row = slot === undefined ? undefined : memory.rows[slot.row]
    if (slot === undefined || row === undefined) continue
    places.set(node.id, { ...slot, x: columnLeft(slot.column), y: row.top, width: card.width, height: row.height })
  }
  const boxes = memory.blocks.flatMap((block) => {
    const first = memory.rows[block.row]
    const last = memory.rows[block.row + block.rows - 1]
    const zone = byId.get(block.zone)
    if (first === undefined || last === undefined || zone === undefined) return []
    const x = columnLeft(block.column) - zonePadding
    const y = first.top - zoneHead
    const width = columnLeft(block.column + block.columns - 1) + card.width + zonePadding - x
    const height = last.top + last.height + block.foot - y
    return [{ zone: zone.id, part: block.part, title: zone.title, kind: zone.kind, x, y, width, height }]
  })
  return {
    places,
    boxes,
    rows: memory.rows,
    columns: memory.columns,
    // Right of the last column lies one more channel.
    width: Math.max(0, ...boxes.map((box) => box.x + box.width)) + 26,
    height: Math.max(0, ...boxes.map((box) => box.y + box.height)) + 10,
    memory,
  }
}
