import { type ReactNode, useCallback, useMemo, useRef, useState } from 'react'
import type { GraphView } from '../../../shared/domain/model/view.ts'
import { useNow } from '../../api/clock.tsx'
import { useAttention, useGraphView, useSourceHealth } from '../../api/hooks.ts'
import { useMoment } from '../../api/moment.tsx'
import { Announcer } from './announcer.tsx'
import { Banners } from './banners.tsx'
import { GraphCanvas } from './canvas/graph-canvas.tsx'
import { type DrawnChanges, dimmed, noGhosts } from './changes.ts'
import styles from './graph-screen.module.css'
import { Inspector } from './inspector/inspector.tsx'
import { Legend } from './legend.tsx'
import { problemsInOrder, step } from './order.ts'
import { GapPlate, NoPastPlate } from './past-plates.tsx'
import { placeWords } from './place-words.ts'
import { RefusedView } from './refused/refused-view.tsx'
import { EmptyGraph, FailedGraph, LoadingGraph } from './screen-states.tsx'
import { StatusBar } from './status-bar.tsx'
import { TableView } from './table/table-view.tsx'
import { type Drawing, useDrawing } from './use-drawing.ts'
import { useGraphKeys } from './use-graph-keys.ts'
import { ViewBar } from './view-bar.tsx'
import { useViewState } from './view-state.ts'

/** What stands beside the graph for looking at other times. */
export interface TimeParts {
  /** In the view bar, in place of the quick filters; null: these. */
  readonly chips: ReactNode | null
  /** At the right of the view bar. */
  readonly tools: ReactNode
  /** Below the graph. */
  readonly below: ReactNode
  /** In place of the inspector as long as nothing that is drawn is selected; null: nothing is compared. */
  readonly panel: ReactNode | null
  readonly changes: DrawnChanges | null
  /** What was just done in time, for who does not see it. */
  readonly said: string
}

/** The home screen: the trust graph of one environment, live or as it was. */
export function GraphScreen({
  environment,
  theme,
  singleKeys,
  time = null,
}: {
  readonly environment: string
  /** Only so that what is painted on a canvas is painted again in the other colours. */
  readonly theme: string
  /** False: single keys are switched off (WCAG 2.1.4). */
  readonly singleKeys: boolean
  /** Null: it is only of now, as a preview is. */
  readonly time?: TimeParts | null
}) {
  const [state, change] = useViewState()
  const { shown } = useMoment()
  const isPast = shown !== null
  const [folded, setFolded] = useState(false)
  const query = useGraphView({
    environment,
    filter: state.filter,
    open: state.open,
    // A folded view draws the ends of the selection singly; a view that is not folded would only be asked twice.
    selected: folded && state.selected !== null && state.selected.length <= 900 ? state.selected : null,
  })
  const whole = query.data ?? null
  const changes = time?.changes ?? null
  const view = useMemo(() => (whole === null ? null : dimmed(whole, changes?.only ?? null)), [whole, changes])
  const nowFolded = view !== null && view.simplified.groups > 0
  if (view !== null && nowFolded !== folded) setFolded(nowFolded)
  useAttention(environment, state.selected)
  const health = useSourceHealth(environment)
  // Of the past everything is known at once.
  const settled = isPast || (health !== null && health.every((source) => source.pending === 0))
  const drawing = useDrawing(view, state.layers, settled, changes?.ghosts ?? noGhosts)
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
  const gap = isPast ? (view?.past?.gap ?? null) : null
  const isCompared = time !== null && time.panel !== null && !isDrawn(whole, state.selected)
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
        chips={time?.chips ?? null}
        tools={time?.tools ?? null}
      />
      <div className={styles.split}>
        <div className={styles.left} data-timeline={(time?.below ?? null) !== null}>
          <Banners view={view} state={state} change={change} health={health} />
          <div className={styles.content} data-last-known={isOnlyLastKnown(view)} data-past={isPast}>
            {view === null || drawing === null ? (
              query.error === null ? (
                <LoadingGraph health={isPast ? null : health} />
              ) : isPast ? (
                <NoPastPlate error={query.error} />
              ) : (
                <FailedGraph error={query.error} onRetry={() => void query.refetch()} />
              )
            ) : gap !== null && state.show !== 'refused' ? (
              <GapPlate gap={gap} />
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
                // Somebody who opens the timeline still wants to see the whole map above it.
                arrangement={[...state.open, time?.below === null ? '' : 'timeline'].join('\n')}
                changes={changes}
              />
            )}
          </div>
          {state.show === 'map' ? (
            <div className={styles.legend}>
              <Legend />
            </div>
          ) : null}
          {time?.below ?? null}
        </div>
        {view === null ? null : isCompared ? (
          time.panel
        ) : (
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
      {view === null || isPast ? null : <Announcer view={view} names={names} />}
      <StatusBar view={view} filter={state.filter} health={health} said={said === '' ? (time?.said ?? '') : said} />
    </main>
  )
}

/** What only the other time has cannot be looked into. */
function isDrawn(view: GraphView | null, id: string | null): boolean {
  if (view === null || id === null) return false
  return [...view.nodes, ...view.edges, ...view.control].some((item) => item.id === id)
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
