import { useMemo, useState } from 'react'
import type { Relation } from '../../../shared/domain/model/hop-state.ts'
import type { EdgeItem, GraphView } from '../../../shared/domain/model/view.ts'
import { useStable } from '../../api/use-stable.ts'
import { type CanvasLine, canvasLines } from './canvas/hop-canvas.tsx'
import { type Ghosts, noGhosts, withGhosts } from './changes.ts'
import { type DrawnEdge, type DrawnLink, drawEdges, drawLinks, edgeRoutes, laneLayout, routedUpTo } from './drawing.ts'
import type { LaneMemory, Lanes } from './layout/lanes.ts'

export interface Drawing {
  readonly lanes: Lanes
  readonly edges: readonly DrawnEdge[]
  readonly links: readonly DrawnLink[]
  readonly lines: readonly CanvasLine[]
  readonly names: ReadonlyMap<string, string>
}

/**
 * Everything the map needs, computed only when it can have changed: places when nodes come or go, routes when hops
 * come or go, words when states change. Places are remembered once all sources were asked, so that a refresh moves nothing.
 */
export function useDrawing(
  shown: GraphView | null,
  layers: ReadonlySet<Relation>,
  settled: boolean,
  ghosts: Ghosts = noGhosts,
): Drawing | null {
  const view = useMemo(() => (shown === null ? null : withGhosts(shown, ghosts)), [shown, ghosts])
  const ghostEdges = useMemo(() => new Set(ghosts.edges.map(({ id }) => id)), [ghosts])
  const [memory, remember] = useState<LaneMemory | null>(null)
  const placed = useStable(view, [view === null ? '' : keyOfPlaces(view)])
  const laid = useMemo(() => (placed === null ? null : laneLayout(placed, 'Control plane', memory)), [placed, memory])
  // Remembering does not move anything, so it must not route anything again either.
  const lanes = useStable(laid, [placed, laid?.memory])
  if (settled && lanes !== null && lanes.memory !== memory) remember(lanes.memory)

  const { routed, onCanvas } = useMemo(() => splitEdges(view?.edges ?? []), [view?.edges])
  const connected = useStable(routed, [routed.map((edge) => edge.id).join('\n')])
  const routes = useMemo(() => (lanes === null ? null : edgeRoutes(connected, lanes)), [lanes, connected])
  const edges = useMemo(
    () =>
      lanes === null || routes === null ? [] : drawEdges(routed, routes, lanes, layers, view?.asOf ?? 0, ghostEdges),
    [routed, routes, lanes, layers, view?.asOf, ghostEdges],
  )
  const linked = useStable(view?.controlLinks.shown, [
    view?.controlLinks.shown.map(({ id, state }) => `${id} ${state}`).join('\n'),
  ])
  const links = useMemo(() => (lanes === null ? [] : drawLinks(linked ?? [], lanes)), [lanes, linked])
  const lines = useMemo(
    () =>
      lanes === null
        ? []
        : canvasLines(
            onCanvas.filter(({ id }) => !ghostEdges.has(id)),
            lanes.places,
            layers,
          ),
    [onCanvas, lanes, layers, ghostEdges],
  )
  const names = useMemo(() => namesOf(view), [view])
  return lanes === null ? null : { lanes, edges, links, lines, names }
}

/** Few hops are routed one by one; many go to the canvas, and only bundles are routed. */
export function splitEdges(edges: readonly EdgeItem[]): {
  readonly routed: readonly EdgeItem[]
  readonly onCanvas: readonly EdgeItem[]
} {
  const hops = edges.filter((edge) => edge.type === 'hop')
  if (hops.length <= routedUpTo) return { routed: edges, onCanvas: [] }
  return { routed: edges.filter((edge) => edge.type === 'bundle'), onCanvas: hops }
}

function keyOfPlaces(view: GraphView): string {
  const zones = view.zones.map((zone) => `${zone.id}|${zone.kind}|${zone.order}|${zone.title}`)
  const nodes = view.nodes.map((item) =>
    item.type === 'group'
      ? `${item.id}|${item.zone}|${item.order}`
      : `${item.id}|${item.workload.zone}|${item.workload.stage.order}`,
  )
  return [...zones, '', ...nodes, '', ...view.control.map((component) => component.id)].join('\n')
}

function namesOf(view: GraphView | null): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const item of view?.nodes ?? []) names.set(item.id, item.type === 'group' ? item.name : item.workload.name)
  return names
}
