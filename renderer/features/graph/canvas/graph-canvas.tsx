import '@xyflow/react/dist/base.css'
import {
  Handle,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
  ViewportPortal,
} from '@xyflow/react'
import { Maximize, Minus, Plus } from 'lucide-react'
import { type CSSProperties, type MouseEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { ControlComponent } from '../../../../shared/domain/model/graph.ts'
import type { GraphView, NodeItem } from '../../../../shared/domain/model/view.ts'
import { controlLinksNote } from '../../../../shared/words/control-links.ts'
import { Button } from '../../../ui/atoms.tsx'
import type { DrawnChanges } from '../changes.ts'
import type { DrawnEdge, DrawnLink } from '../drawing.ts'
import type { ZoneBox as Box, Lanes } from '../layout/lanes.ts'
import { edgesInOrder, nodesInOrder } from '../order.ts'
import { ChangeSigns } from './change-signs.tsx'
import { ControlCard } from './control-card.tsx'
import { type FlowNode, flowEdges, flowLinks, flowNodes, type GhostNode } from './flow-elements.ts'
import { GhostCard } from './ghost-card.tsx'
import styles from './graph-canvas.module.css'
import { GroupCard } from './group-card.tsx'
import { lineAt } from './hit-test.ts'
import { type CanvasLine, HopCanvas } from './hop-canvas.tsx'
import { HopEdge } from './hop-edge.tsx'
import { edgeSentence, HopMark } from './hop-mark.tsx'
import { LinkEdge } from './link-edge.tsx'
import { useFitting } from './use-fitting.ts'
import { WorkloadCard } from './workload-card.tsx'
import { ZoneBox, ZoneTitle } from './zone-box.tsx'

export interface GraphCanvasProps {
  readonly view: GraphView
  readonly lanes: Lanes
  readonly edges: readonly DrawnEdge[]
  readonly links: readonly DrawnLink[]
  /** Hops that are too many to route; drawn on one canvas. */
  readonly lines: readonly CanvasLine[]
  readonly selected: string | null
  readonly theme: string
  readonly names: ReadonlyMap<string, string>
  readonly onSelect: (id: string | null) => void
  readonly onOpen: (group: string) => void
  /** Grows when the whole map should be fitted into the window. */
  readonly fitRequest: number
  /** All sources were asked: what is known by now has its place, and keeps it. */
  readonly settled: boolean
  /** Changes when someone opens or closes a group, which rearranges the map because they asked for it. */
  readonly arrangement: string
  /** What differs from another time; null: nothing is compared. */
  readonly changes: DrawnChanges | null
}

const nodeTypes = {
  zone: ({ data }: NodeProps<Node<{ box: Box }>>) => <ZoneBox box={data.box} />,
  title: ({ data }: NodeProps<Node<{ box: Box; note: string }>>) => <ZoneTitle box={data.box} note={data.note} />,
  workload: ({ data }: NodeProps<FlowNode<Extract<NodeItem, { type: 'workload' }>>>) => (
    <>
      <Ends />
      <WorkloadCard
        workload={data.item.workload}
        matches={data.item.matches}
        selected={data.selected}
        onSelect={data.onSelect}
      />
    </>
  ),
  group: ({ data }: NodeProps<FlowNode<Extract<NodeItem, { type: 'group' }>>>) => (
    <>
      <Ends />
      <GroupCard group={data.item} selected={data.selected} onSelect={data.onSelect} onOpen={data.onOpen} />
    </>
  ),
  control: ({ data }: NodeProps<FlowNode<ControlComponent>>) => (
    <>
      <Ends />
      <ControlCard component={data.item} selected={data.selected} onSelect={data.onSelect} />
    </>
  ),
  ghost: ({ data }: NodeProps<GhostNode>) => (
    <>
      <Ends />
      <GhostCard id={data.id} name={data.name} isYetToCome={data.isYetToCome} isCompact={data.isCompact} />
    </>
  ),
}

/** React Flow draws an edge only between handles that it finds in the page, whatever the node says about its handles. */
function Ends() {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} className={styles.end} />
      <Handle type="source" position={Position.Right} isConnectable={false} className={styles.end} />
    </>
  )
}

const edgeTypes = { hop: HopEdge, link: LinkEdge }

/** WCAG 2.2, 2.5.8: what is pointed at is at least this large on the screen, whatever the zoom. CSS pixels. */
const smallestTarget = 24

/** The map: cards and zones as React Flow nodes, hops as its edges, and their words after the cards in the tab order. */
export function GraphCanvas(props: GraphCanvasProps) {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  )
}

function Flow(props: GraphCanvasProps) {
  const { view, lanes, edges, links, lines, selected, theme, names, onSelect, onOpen, changes } = props
  const zoom = useStore((state) => state.transform[2])
  const detail = zoom < 0.35 ? 'small' : zoom < 0.6 ? 'folded' : 'full'
  const { screenToFlowPosition } = useReactFlow()
  const items = useMemo(() => nodesInOrder(view.nodes, lanes.places), [view.nodes, lanes.places])
  const [cache] = useState(() => new Map<string, Node>())
  const nodes = useMemo(
    () =>
      flowNodes(
        {
          items,
          control: view.control,
          lanes,
          selected,
          onSelect,
          onOpen,
          notes: zoneNotes(view),
          ...(changes === null ? {} : { ghosts: changes.ghosts }),
        },
        cache,
      ),
    [items, view, lanes, selected, onSelect, onOpen, cache, changes],
  )
  const drawn = useMemo(() => [...flowLinks(links), ...flowEdges(edges, selected)], [links, edges, selected])
  const { moved, fit } = useFitting(props)
  useReveal(lanes, edges, selected)
  const marks = useMemo(() => {
    const byId = new Map(edges.map((edge) => [edge.edge.id, edge]))
    const there = edges.flatMap(({ edge, look }) => (look.line === 'ghost' ? [] : [edge]))
    return edgesInOrder(there).flatMap((edge) => byId.get(edge.id) ?? [])
  }, [edges])
  // Seen from far away only what differs keeps its mark, at a size that can be hit; the table has the rest.
  const near =
    detail === 'small' ? marks.filter((mark) => mark.look.line !== 'verified' || mark.edge.id === selected) : marks
  const select = useCallback((id: string) => onSelect(id), [onSelect])
  const pick = (event: MouseEvent) => {
    const point = screenToFlowPosition({ x: event.clientX, y: event.clientY })
    onSelect(lineAt(lines, point, 7 / zoom))
  }
  return (
    <div
      className={styles.canvas}
      data-detail={detail}
      style={{ '--mark': `${Math.max(smallestTarget, smallestTarget / zoom)}px` } as CSSProperties}
      role="group"
      aria-label="Trust graph"
    >
      <svg className={styles.hatch} aria-hidden="true">
        <defs>
          <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <path d="M0 0V6" />
          </pattern>
        </defs>
      </svg>
      {lines.length === 0 ? null : <HopCanvas lines={lines} selected={selected} theme={theme} />}
      <ReactFlow
        nodes={nodes}
        edges={drawn}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        onEdgeClick={(_, edge) => onSelect(edge.type === 'link' ? edge.target : edge.id)}
        onPaneClick={pick}
        onMoveStart={(event) => {
          // Null: the program moved the view, not a hand.
          if (event !== null) moved()
        }}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        onlyRenderVisibleElements={nodes.length > 200}
        zoomOnDoubleClick={false}
        disableKeyboardA11y
        // Its link would lie on cards, too small to hit beside them, and lead nowhere in the desktop window: the help names it.
        proOptions={{ hideAttribution: true }}
        minZoom={0.04}
        maxZoom={2}
      >
        <ViewportPortal>
          {near.map((edge) => (
            <HopMark
              key={edge.edge.id}
              drawn={edge}
              from={names.get(edge.edge.from) ?? edge.edge.from}
              to={names.get(edge.edge.to) ?? edge.edge.to}
              selected={edge.edge.id === selected}
              onSelect={select}
            />
          ))}
          {changes === null ? null : <ChangeSigns signs={changes.signs} lanes={lanes} edges={edges} />}
        </ViewportPortal>
      </ReactFlow>
      {lines.length === 0 ? null : <HopList view={view} names={names} lines={lines} onSelect={select} />}
      <ZoomButtons zoom={zoom} onFit={fit} />
    </div>
  )
}

/** The hops of the canvas for those who cannot see or point at it; in order of severity, the first five hundred. */
function HopList({
  view,
  names,
  lines,
  onSelect,
}: Pick<GraphCanvasProps, 'view' | 'names' | 'lines'> & { readonly onSelect: (id: string) => void }) {
  const shown = new Set(lines.map((line) => line.id))
  const hops = edgesInOrder(view.edges.filter((edge) => shown.has(edge.id))).slice(0, 500)
  return (
    <ul className="visually-hidden" aria-label="Hops by severity; the table (key 4) has all of them">
      {hops.map((edge) => (
        <li key={edge.id}>
          <button type="button" data-testid={`hop-${edge.id}`} onClick={() => onSelect(edge.id)}>
            {edgeSentence(edge, endNames(names, edge), view.asOf)}
          </button>
        </li>
      ))}
    </ul>
  )
}

function ZoomButtons({ zoom, onFit }: { readonly zoom: number; readonly onFit: () => void }) {
  const { zoomIn, zoomOut, zoomTo } = useReactFlow()
  return (
    <div className={styles.zoom}>
      <Button small iconOnly aria-label="Zoom out" onClick={() => void zoomOut()}>
        <Minus size={12} aria-hidden="true" />
      </Button>
      <Button small className={styles.percent} aria-label="Zoom to 100 %" onClick={() => void zoomTo(1)}>
        {Math.round(zoom * 100)}%
      </Button>
      <Button small iconOnly aria-label="Zoom in" onClick={() => void zoomIn()}>
        <Plus size={12} aria-hidden="true" />
      </Button>
      <Button small iconOnly aria-label="Fit to the window" title="Fit (0)" onClick={onFit}>
        <Maximize size={12} aria-hidden="true" />
      </Button>
    </div>
  )
}

/** Brings what was selected by key, search or link into the window; what is in view stays where it is. */
function useReveal(lanes: Lanes, edges: readonly DrawnEdge[], selected: string | null): void {
  const { setCenter, getViewport } = useReactFlow()
  const width = useStore((state) => state.width)
  const height = useStore((state) => state.height)
  const revealed = useRef<string | null>(null)
  useEffect(() => {
    // Only a new selection moves the map, never a refresh.
    if (width === 0 || revealed.current === selected) return
    revealed.current = selected
    if (selected === null) return
    const place = lanes.places.get(selected)
    const mark = edges.find((edge) => edge.edge.id === selected)?.mark
    const at = place === undefined ? mark : { x: place.x + place.width / 2, y: place.y + place.height / 2 }
    if (at === undefined || at === null) return
    const { x, y, zoom } = getViewport()
    const [left, top] = [at.x * zoom + x, at.y * zoom + y]
    const inside = left > 40 && top > 40 && left < width - 40 && top < height - 40
    if (!inside) void setCenter(at.x, at.y, { zoom })
  }, [selected, lanes, edges, width, height, setCenter, getViewport])
}

/** What stands beside the titles of zones, by their kinds. */
function zoneNotes(view: GraphView): Readonly<Partial<Record<Box['kind'], string>>> {
  return {
    pipeline: view.trustDomains.length === 1 ? `trust domain ${view.trustDomains[0]}` : '',
    control: controlLinksNote(view.controlLinks),
  }
}

function endNames(names: ReadonlyMap<string, string>, edge: { readonly from: string; readonly to: string }) {
  return { from: names.get(edge.from) ?? edge.from, to: names.get(edge.to) ?? edge.to }
}
