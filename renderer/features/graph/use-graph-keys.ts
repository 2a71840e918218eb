import { type RefObject, useEffect } from 'react'
import type { Relation } from '../../../shared/domain/model/hop-state.ts'
import type { GraphView } from '../../../shared/domain/model/view.ts'
import { assertNever } from '../../../shared/lib/assert-never.ts'
import { actionOf, type GraphAction } from './keyboard.ts'
import { edgesInOrder, follow, nodesInOrder, problemsInOrder, step } from './order.ts'
import type { Drawing } from './use-drawing.ts'
import { toggled } from './view-bar.tsx'
import type { ChangeViewState, ViewState } from './view-state.ts'

interface GraphKeys {
  readonly view: GraphView | null
  readonly drawing: Drawing | null
  readonly state: ViewState
  readonly change: ChangeViewState
  readonly singleKeys: boolean
  readonly filterInput: RefObject<HTMLInputElement | null>
  readonly onFit: () => void
}

/** Listens on the window while the graph is shown. */
export function useGraphKeys(keys: GraphKeys): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return
      const action = actionOf(
        {
          key: event.key,
          ctrl: event.ctrlKey,
          meta: event.metaKey,
          alt: event.altKey,
          typing: isTyping(event.target),
          covered: document.querySelector('[role="dialog"], [role="menu"]') !== null,
        },
        keys.singleKeys,
      )
      if (action !== null && perform(action, keys)) event.preventDefault()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  })
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable="true"]') !== null
}

const layerOf: Readonly<Record<'layer-observed' | 'layer-granted' | 'layer-intended', Relation>> = {
  'layer-observed': 'observed',
  'layer-granted': 'granted',
  'layer-intended': 'intended',
}

/** True when something was done, so that the key does nothing else. */
function perform(action: GraphAction, keys: GraphKeys): boolean {
  const { state, change } = keys
  switch (action) {
    case 'filter':
      keys.filterInput.current?.focus()
      return true
    case 'next':
      return select(keys, neighbour(keys, 1))
    case 'previous':
      return select(keys, neighbour(keys, -1))
    case 'next-problem':
      return select(keys, keys.view === null ? null : step(problemsInOrder(keys.view), state.selected, 1))
    case 'forward':
      return select(keys, keys.view === null ? null : follow(keys.view, state.selected, 'forward'))
    case 'back':
      return select(keys, keys.view === null ? null : follow(keys.view, state.selected, 'back'))
    case 'copy':
      return press('[data-copy]')
    case 'provenance':
      return press(':focus[data-fact]') || press('[data-testid="inspector"] [data-fact]')
    case 'clear':
      return clear(keys)
    case 'layer-observed':
    case 'layer-granted':
    case 'layer-intended':
      change({ layers: toggled(state.layers, layerOf[action]) })
      return true
    case 'table':
      change({ show: state.show === 'table' ? 'map' : 'table' })
      return true
    case 'refused':
      change({ show: state.show === 'refused' ? 'map' : 'refused' })
      return true
    case 'fit':
      keys.onFit()
      return true
    default:
      return assertNever(action)
  }
}

/** Hops follow hops, workloads follow workloads; what the filter dims is stepped over. */
function neighbour({ view, drawing, state }: GraphKeys, by: 1 | -1): string | null {
  if (view === null || drawing === null) return null
  const nodes = nodesInOrder(view.nodes, drawing.lanes.places).filter((item) => item.matches)
  const edges = edgesInOrder(view.edges).filter((edge) => edge.matches)
  const onNode = view.nodes.some((item) => item.id === state.selected)
  const ids = (onNode ? nodes : edges).map((item) => item.id)
  return step(ids, state.selected, by)
}

function select({ change }: GraphKeys, id: string | null): boolean {
  if (id === null) return false
  change({ selected: id })
  // The focus goes along, so that the name is read out and Tab goes on from there.
  const name = CSS.escape(id)
  requestAnimationFrame(() => {
    const target = document.querySelector(`[data-testid="node-${name}"], [data-testid="hop-${name}"]`)
    if (target instanceof HTMLElement) target.focus({ preventScroll: true })
  })
  return true
}

function press(selector: string): boolean {
  const target = document.querySelector(selector)
  if (!(target instanceof HTMLElement)) return false
  target.focus()
  target.click()
  return true
}

/** One step back at a time: selection, list of refused requests, open groups, filter. */
function clear({ state, change }: GraphKeys): boolean {
  if (state.selected !== null) change({ selected: null })
  else if (state.show === 'refused') change({ show: 'map' })
  else if (state.open.length > 0) change({ open: state.open.slice(0, -1) })
  else if (state.filter !== '') change({ filter: '' })
  else return false
  return true
}
