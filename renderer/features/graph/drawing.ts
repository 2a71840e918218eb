import type { ControlComponent } from '../../../shared/domain/model/graph.ts'
import type { Relation } from '../../../shared/domain/model/hop-state.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { ControlLink, EdgeItem, GraphView } from '../../../shared/domain/model/view.ts'
import { hopLabel, hopPill } from '../../../shared/words/hop-sentences.ts'
import type { Point } from './layout/grid.ts'
import { type LaneMemory, type LaneNode, type Lanes, type LaneZone, layOutLanes } from './layout/lanes.ts'
import { type Mark, type MarkRequest, placeMarks, textWidth } from './layout/marks.ts'
import { type Route, routeHops } from './layout/routes.ts'
import { edgeLook, edgeRank, factsOfEdge, type LineLook } from './looks.ts'

/** Id of the zone that control components stand in; intent may name one of its own. */
export const controlZone = 'control-plane'

/** Who issues identities, who hands them out, who brings policies, who decides. */
const controlOrder: readonly ControlComponent['kind'][] = [
  'spire-server',
  'spire-agent',
  'registration-object',
  'opa-bundle',
  'opa-instance',
  'vault',
]

export interface DrawnEdge {
  readonly edge: EdgeItem
  readonly look: LineLook
  readonly points: readonly Point[]
  readonly mark: Mark | null
}

/** A link to the control plane. */
export interface DrawnLink {
  readonly link: ControlLink
  readonly points: readonly Point[]
  /** Its words stand at the first link of a part only. */
  readonly isFirst: boolean
}

/** Above this many single hops the lines are drawn on a canvas without routes and marks: DOM lines are the cost. */
export const routedUpTo = 300

/** Places of everything in a view. Positions depend on ids, zones and the memory only, never on states or times. */
export function laneLayout(
  view: Pick<GraphView, 'nodes' | 'zones' | 'control'>,
  titleOfControl: string,
  memory: LaneMemory | null,
): Lanes {
  const declared = view.zones.find((zone) => zone.kind === 'control')
  const home = declared?.id ?? controlZone
  const zones: LaneZone[] = view.zones.map((zone) => ({ ...zone }))
  if (declared === undefined) {
    zones.push({ id: home, title: titleOfControl, kind: 'control', order: Number.MAX_SAFE_INTEGER })
  }
  const known = new Set(zones.map((zone) => zone.id))
  const nodes: LaneNode[] = view.nodes.map((item) => {
    const zone = item.type === 'group' ? item.zone : item.workload.zone
    const order = item.type === 'group' ? item.order : item.workload.stage.order
    return { id: item.id, zone: known.has(zone) ? zone : '', order }
  })
  if (nodes.some((node) => node.zone === '')) {
    zones.push({ id: '', title: 'Not assigned', kind: 'unassigned', order: Number.MAX_SAFE_INTEGER - 1 })
  }
  for (const component of view.control) {
    nodes.push({ id: component.id, zone: home, order: controlOrder.indexOf(component.kind), isCompact: true })
  }
  return layOutLanes(zones, nodes, memory)
}

/**
 * Routes of all edges, shown or not: neither a change of state nor switching a layer may bend a line. Depends on the
 * ids of edges and on places only.
 */
export function edgeRoutes(edges: readonly EdgeItem[], lanes: Lanes): ReadonlyMap<string, Route> {
  const requests = edges.map((edge) => ({ id: edge.id, from: edge.from, to: edge.to }))
  return routeHops(requests, lanes.places, lanes.rows, lanes.columns)
}

/** Routed by themselves: a link that comes or goes may not bend the line of a hop. */
export function drawLinks(links: readonly ControlLink[], lanes: Lanes): readonly DrawnLink[] {
  const routes = routeHops(links, lanes.places, lanes.rows, lanes.columns)
  const ends = new Set<string>()
  return links.flatMap((link) => {
    const route = routes.get(link.id)
    if (route === undefined) return []
    const isFirst = !ends.has(link.to)
    ends.add(link.to)
    return [{ link, points: beside(route.points), isFirst }]
  })
}

/** Pixels of the map beside the middle of a card's side, where the line of a hop leaves it. */
const besideHops = 14

/** The first stretch of a link would lie on the hop that leaves the same side of the card. */
function beside(points: readonly Point[]): readonly Point[] {
  const [first, second, ...rest] = points
  if (first === undefined || second === undefined || rest.length === 0) return points
  const isLevel = first.y === second.y
  const moved = ({ x, y }: Point): Point => (isLevel ? { x, y: y + besideHops } : { x: x + besideHops, y })
  return [moved(first), moved(second), ...rest]
}

const noIds: ReadonlySet<string> = new Set()
/** Of the state that it has at the other time nothing is drawn: it would be read as one of this time. */
const ghostLook: LineLook = { line: 'ghost', band: false, glyph: null }

/** The edges that the layers show, with their looks, routes and the places of their words. `ghosts`: ids of those that are not there. */
export function drawEdges(
  edges: readonly EdgeItem[],
  routes: ReadonlyMap<string, Route>,
  lanes: Lanes,
  layers: ReadonlySet<Relation>,
  now: EpochMs,
  ghosts: ReadonlySet<string> = noIds,
): readonly DrawnEdge[] {
  const shown = edges.flatMap((edge) => {
    const look = ghosts.has(edge.id) ? ghostLook : edgeLook(edge, layers)
    return look === null ? [] : [{ edge, look }]
  })
  const marks = placeMarks(
    shown.map(({ edge, look }) => markRequest(edge, look, now)),
    routes,
    [...lanes.places.values()],
    lanes.boxes.map((box) => ({ x: box.x + 8, y: box.y + 4, width: textWidth(box.title) * 1.3, height: 22 })),
    { x: 0, y: 0, width: lanes.width, height: lanes.height },
  )
  return shown.flatMap(({ edge, look }) => {
    const route = routes.get(edge.id)
    return route === undefined ? [] : [{ edge, look, points: route.points, mark: marks.get(edge.id) ?? null }]
  })
}

/** Words of an edge, the wish first. The number of words, not their exact text, decides which one fits. */
export function edgeTexts(edge: EdgeItem, look: LineLook, now: EpochMs): readonly EdgeText[] {
  if (edge.type === 'bundle') return [{ strong: '', rest: edge.hops.toLocaleString('en-GB') }]
  if (look.line === 'ghost') return []
  if (look.line === 'granted') return [{ strong: '', rest: 'unused' }]
  if (look.line === 'none') {
    const seen = edge.hop.relations.includes('observed')
    return seen
      ? [{ strong: '', rest: 'intended' }]
      : [
          { strong: '', rest: 'intended, never seen' },
          { strong: '', rest: 'intended' },
        ]
  }
  const full = hopLabel(edge.hop, now)
  const texts: EdgeText[] = [full]
  if (full.strong !== '' && full.rest !== '') texts.push({ strong: full.strong, rest: '' })
  const first = full.rest.split(' · ')[0] ?? ''
  if (full.strong === '' && first !== full.rest) texts.push({ strong: '', rest: first })
  return texts.filter((text) => text.strong !== '' || text.rest !== '')
}

export interface EdgeText {
  readonly strong: string
  readonly rest: string
}

export function wholeText(text: EdgeText): string {
  if (text.strong === '' || text.rest === '') return text.strong + text.rest
  // A duration follows its state; everything else is set apart.
  return /^\d/.test(text.rest) && !text.rest.includes('/s')
    ? `${text.strong} ${text.rest}`
    : `${text.strong} · ${text.rest}`
}

/** Estimated width of semibold 11 px text: figures and points of shares are narrower than letters. */
function boldWidth(text: string): number {
  const widths = Array.from(text, (sign) => (/[.,]/.test(sign) ? 3.1 : sign === '%' ? 9.8 : 6.2))
  return widths.reduce((sum, width) => sum + width, 0)
}

/** Width of a pill with its sign, by its text; without text only the sign. */
export function pillWidth(text: string): number {
  return text === '' ? 20 : 21 + boldWidth(text)
}

function markRequest(edge: EdgeItem, look: LineLook, now: EpochMs): MarkRequest {
  const pill = edge.type === 'hop' && look.line !== 'ghost' ? hopPill(edge.hop) : null
  return {
    id: edge.id,
    rank: edgeRank(factsOfEdge(edge)),
    texts: edgeTexts(edge, look, now).map(wholeText),
    pillWidths: pill === null ? [] : [pillWidth(pill.text), pillWidth('')],
  }
}
