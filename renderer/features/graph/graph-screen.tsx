import { useCallback, useMemo, useRef, useState } from 'react'
import type { GraphView } from '../../../shared/domain/model/view.ts'
import { useNow } from '../../api/clock.tsx'
import { useAttention, useGraphView, useSourceHealth } from '../../api/hooks.ts'
import { Announcer } from './announcer.tsx'
import { Banners } from './banners.tsx'
import { GraphCanvas } from './canvas/graph-canvas.tsx'
import styles from './graph-screen.module.css'
import { Inspector } from './inspector/inspector.tsx'
import { Legend } from './legend.tsx'
import { problemsInOrder, step } from './order.ts'
import { placeWords } from './place-words.ts'
import { RefusedView } from './refused/refused-view.tsx'
import { EmptyGraph, FailedGraph, LoadingGraph } from './screen-states.tsx'
import { StatusBar } from './status-bar.tsx'
import { TableView } from './table/table-view.tsx'
import { type Drawing, useDrawing } from './use-drawing.ts'
import { useGraphKeys } from './use-graph-keys.ts'
import { ViewBar } from './view-bar.tsx'
import { useViewState } from './view-state.ts'

/** The home screen: the live trust graph of one environment. */
export function GraphScreen({
  environment,
  theme,
  singleKeys,
}: {
  readonly environment: string
  /** Only so that what is painted on a canvas is painted again in the other colours. */
  readonly theme: string
  /** False: single keys are switched off (WCAG 2.1.4). */
  readonly singleKeys: boolean
}) {
  const [state, change] = useViewState()
  const [folded, setFolded] = useState(false)
  const query = useGraphView({
    environment,
    filter: state.filter,
    open: state.open,
    // A folded view draws the ends of the selection singly; a view that is not folded would only be asked twice.
    selected: folded && state.selected !== null && state.selected.length <= 900 ? state.selected : null,
  })
  const view = query.data ?? null
  const nowFolded = view !== null && view.simplified.groups > 0
  if (view !== null && nowFolded !== folded) setFolded(nowFolded)
  useAttention(environment, state.selected)
  const health = useSourceHealth(environment)
  const settled = health !== null && health.every((source) => source.pending === 0)
  const drawing = useDrawing(view, state.layers, settled)
  const filterInput = useRef<HTMLInputElement>(null)
  const [fitRequest, setFitRequest] = useState(0)
  const [said, setSaid] = useState('')
  useGraphKeys({
    view,
    drawing,
    state,
    change,
    singleKeys,
    filterInput,
    onFit: () => setFitRequest((value) => value + 1),
  })
  const select = useCallback((selected: string | null) => change({ selected }), [change])
  const open = (group: string) => change({ open: [...state.open.filter((id) => id !== group), group], selected: null })
  const copy = (text: string) => {
    navigator.clipboard.writeText(text).then(
      () => setSaid('Copied as text.'),
      () => setSaid('The clipboard cannot be written here.'),
    )
  }
  const names = drawing?.names ?? noNames
  const problems = useMemo(() => (view === null ? [] : problemsInOrder(view)), [view])
  return (
    <main className={styles.screen} aria-label="Trust graph">
      <ViewBar
        state={state}
        change={change}
        counts={view?.counts ?? null}
        problems={problems.length}
        onNextProblem={() => change({ selected: step(problems, state.selected, 1) ?? state.selected })}
        filterInput={filterInput}
      />
      <div className={styles.split}>
        <div className={styles.left}>
          <Banners view={view} state={state} change={change} health={health} />
          <div className={styles.content} data-last-known={isOnlyLastKnown(view)}>
            {view === null || drawing === null ? (
              query.error === null ? (
                <LoadingGraph health={health} />
              ) : (
                <FailedGraph error={query.error} onRetry={() => void query.refetch()} />
              )
            ) : view.nodes.length === 0 ? (
              <Nothing view={view} settled={settled} health={health} />
            ) : state.show === 'refused' ? (
              <RefusedView
                environment={environment}
                view={view}
                names={names}
                selected={state.selected}
                health={health}
                of={state.refusedOf}
                onAll={() => change({ refusedOf: null })}
                onSelect={select}
                onCopy={copy}
              />
            ) : state.show === 'table' ? (
              <TableView
                view={view}
                layers={state.layers}
                names={names}
                selected={state.selected}
                onSelect={(selected) => change({ selected })}
              />
            ) : (
              <GraphCanvas
                view={view}
                lanes={drawing.lanes}
                edges={drawing.edges}
                links={drawing.links}
                lines={drawing.lines}
                selected={state.selected}
                theme={theme}
                names={names}
                onSelect={select}
                onOpen={open}
                fitRequest={fitRequest}
                settled={settled}
                arrangement={state.open.join('\n')}
              />
            )}
          </div>
          {state.show === 'map' ? <Legend /> : null}
        </div>
        {view === null ? null : (
          <Inspector
            view={view}
            environment={environment}
            selected={state.selected}
            names={names}
            place={placeWords(view, state.selected)}
            onSelect={(selected) => change({ selected })}
            onOpen={open}
            onCopy={copy}
            onRefused={(refusedOf) => change({ show: 'refused', refusedOf })}
          />
        )}
      </div>
      {view === null ? null : <Announcer view={view} names={names} />}
      <StatusBar view={view} filter={state.filter} health={health} said={said} />
    </main>
  )
}

/** Nothing that is shown was read since the start. */
function isOnlyLastKnown(view: GraphView | null): boolean {
  return view !== null && view.lastKnown !== null && view.lastKnown.scopes >= view.lastKnown.of
}

const noNames: Drawing['names'] = new Map()

function Nothing({
  view,
  settled,
  health,
}: {
  readonly view: GraphView
  readonly settled: boolean
  readonly health: ReturnType<typeof useSourceHealth>
}) {
  const now = useNow(10_000)
  return settled ? <EmptyGraph view={view} health={health} now={now} /> : <LoadingGraph health={health} />
}
