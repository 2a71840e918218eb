import { Handle, type Node, type NodeProps, Position, ReactFlow } from '@xyflow/react'
import { memo } from 'react'
import { createRoot } from 'react-dom/client'
import '@xyflow/react/dist/style.css'

/**
 * What one would build without Everyhop: the whole graph given to React Flow, drawn whole or culled by it.
 * The same number of workloads and hops, cards of the same size with a ring and three slots.
 */
const query = new URLSearchParams(location.search)
const workloads = Number(query.get('workloads') ?? 5000)
const hops = Number(query.get('hops') ?? 25_000)
const culled = query.get('mode') === 'culled'

type CardNode = Node<{ name: string }, 'card'>

const Card = memo(function Card({ data }: NodeProps<CardNode>) {
  return (
    <div
      style={{
        width: 152,
        height: 92,
        border: '1px solid #456',
        borderRadius: 6,
        padding: 10,
        boxSizing: 'border-box',
      }}
    >
      <Handle type="target" position={Position.Left} />
      <svg width="28" height="28" role="img" aria-label="ring">
        <circle cx="14" cy="14" r="11" fill="none" stroke="#3c8c6a" strokeWidth="3" strokeDasharray="50 20" />
      </svg>
      <strong>{data.name}</strong>
      <div>SVID 41 m 39 s</div>
      <div>
        <span>r42</span> <span>3</span> <span>–</span>
      </div>
      <Handle type="source" position={Position.Right} />
    </div>
  )
})

const columns = Math.ceil(Math.sqrt(workloads))
const nodes: CardNode[] = Array.from({ length: workloads }, (_, index) => ({
  id: `w${index}`,
  type: 'card',
  position: { x: (index % columns) * 220, y: Math.floor(index / columns) * 130 },
  data: { name: `workload-${index}` },
  width: 152,
  height: 92,
  measured: { width: 152, height: 92 },
}))
const edges = Array.from({ length: hops }, (_, index) => ({
  id: `e${index}`,
  source: `w${index % workloads}`,
  target: `w${(index * 7919 + 13) % workloads}`,
}))

createRoot(document.getElementById('root') as HTMLElement).render(
  <ReactFlow
    nodes={nodes}
    edges={edges}
    nodeTypes={{ card: Card }}
    onlyRenderVisibleElements={culled}
    minZoom={0.02}
    defaultViewport={{ x: 0, y: 0, zoom: 1 }}
  />,
)
