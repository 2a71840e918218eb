import { useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { type PlaygroundLook, playgroundEnvironment } from '../../shared/contract/playground.ts'
import type { GraphView } from '../../shared/domain/model/view.ts'
import { useApi } from '../api/api-context.tsx'
import { useViewState } from '../features/graph/view-state.ts'
import { FaultsPanel } from '../features/playground/faults-panel.tsx'
import { faultsButtonId, PlaygroundBanner } from '../features/playground/playground-banner.tsx'
import styles from './playground.module.css'

/** Above every screen of the playground; its faults stand beside the graph. */
export function PlaygroundNotice() {
  const navigate = useNavigate()
  const [{ panel }] = useViewState()
  const show = panel === 'faults' ? {} : { panel: 'faults' as const }
  return (
    <PlaygroundBanner
      isPanelOpen={panel === 'faults'}
      onPanel={() =>
        void navigate({
          to: '/graph',
          search: ({ panel: _before, ...before }) => ({ ...before, env: playgroundEnvironment, ...show }),
        })
      }
      onConnect={() => void navigate({ to: '/environments', search: { env: playgroundEnvironment, add: true } })}
    />
  )
}

/** The graph of the playground, with the list of faults beside it when that is open. */
export function BesideFaults({
  environment,
  children,
}: {
  readonly environment: string
  readonly children: ReactNode
}) {
  const { client } = useApi()
  const [{ panel }, change] = useViewState()
  const look = async (where: PlaygroundLook) => {
    const view = await client.graph.view({ environment, grouping: 'none' })
    const selected = idOf(view, where)
    if (selected !== null) change({ selected, show: 'map' })
  }
  return (
    <div className={styles.beside} data-open={panel === 'faults'}>
      {panel === 'faults' ? (
        <FaultsPanel
          onClose={() => {
            change({ panel: null })
            document.getElementById(faultsButtonId)?.focus()
          }}
          onLook={(where) => void look(where).catch(() => {})} // the frame says when the service is gone
        />
      ) : null}
      {children}
    </div>
  )
}

/** Faults speak of stages; the graph has ids. A hop that is not there now is looked for at its callee. */
function idOf(view: GraphView, where: PlaygroundLook): string | null {
  if ('control' in where) {
    const { control, name } = where
    return view.control.find((part) => part.kind === control && (name === null || part.name === name))?.id ?? null
  }
  const workloads = view.nodes.flatMap((node) => (node.type === 'workload' ? [node.workload] : []))
  const workload = (stage: string) => workloads.find((each) => each.stage.id === stage)?.id ?? null
  if ('stage' in where) return workload(where.stage)
  const [from, to] = [workload(where.from), workload(where.to)]
  return view.edges.find((edge) => edge.from === from && edge.to === to)?.id ?? to
}
