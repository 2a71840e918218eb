/**
 * The grid every card stands on. One column pitch and one set of rows for the whole map, so that the channels between
 * cards are straight from edge to edge and hops can run in them. Pixels at zoom 1.
 */
export const card = { width: 152, height: 92 } as const
export const compactCard = { width: 152, height: 52 } as const
export const columnPitch = 203
export const columnGap = columnPitch - card.width
export const marginLeft = 30
export const zonePadding = 12
/** Room for a zone's title above its first row. */
export const zoneHead = 32
/** Below the last row of the pipeline: the return path runs there. */
export const pipelineFoot = 40
export const betweenZones = 36
export const betweenRows = 68

/** One row of the grid. */
export interface Row {
  readonly top: number
  readonly height: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Left edge of the cards of a column. */
export function columnLeft(column: number): number {
  return marginLeft + column * columnPitch
}

export function columnCentre(column: number): number {
  return columnLeft(column) + card.width / 2
}

/** Middle of the vertical channel left of a column. */
export function verticalChannel(column: number): number {
  return columnLeft(column) - columnGap / 2
}

/** Middle of the horizontal channel above a row; `index` may be one past the last row. */
export function horizontalChannel(rows: readonly Row[], index: number): number {
  const above = rows[index - 1]
  const below = rows[index]
  if (above === undefined && below === undefined) return 0
  if (above === undefined) return (below?.top ?? 0) - zoneHead / 2
  if (below === undefined) return above.top + above.height + pipelineFoot / 2
  return (above.top + above.height + below.top) / 2
}

/** Height of that channel. */
export function channelHeight(rows: readonly Row[], index: number): number {
  const above = rows[index - 1]
  const below = rows[index]
  if (above === undefined || below === undefined) return zoneHead
  return below.top - above.top - above.height
}

/** True when the two share more than an edge. */
export function overlaps(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}
