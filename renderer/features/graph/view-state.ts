import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { z } from 'zod'
import { type Relation, relations } from '../../../shared/domain/model/hop-state.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { momentOf, momentText } from '../../api/moment-address.ts'

/** What is being looked at. It lives in the address, so that every view can be linked to. Bad values fall back. */
export const viewStateSchema = z.object({
  env: z.string().max(63).optional().catch(undefined),
  filter: z.string().max(500).optional().catch(undefined),
  /** Id of a workload, hop, group, bundle or control component. */
  selected: z.string().max(2000).optional().catch(undefined),
  /** Layers that are switched off, by their first letters: o, g, i. */
  without: z
    .string()
    .regex(/^[ogi]{0,3}$/)
    .optional()
    .catch(undefined),
  /** Without it the map. */
  view: z.enum(['table', 'refused']).optional().catch(undefined),
  /** Id of the hop whose refused requests the list is limited to. */
  of: z.string().max(2000).optional().catch(undefined),
  /** Groups that are open. */
  open: z.array(z.string().max(400)).max(20).optional().catch(undefined),
  /** What stands beside the graph: the faults of the playground. */
  panel: z.enum(['faults']).optional().catch(undefined),
  /** The time that what is shown is compared with: `now`, or a time. */
  with: z
    .union([z.string().max(40), z.number()])
    .optional()
    .catch(undefined),
})
export type ViewAddress = z.infer<typeof viewStateSchema>

export interface ViewState {
  readonly filter: string
  readonly selected: string | null
  readonly layers: ReadonlySet<Relation>
  readonly show: 'map' | 'table' | 'refused'
  /** Id of the hop whose refused requests alone are listed; null: all. */
  readonly refusedOf: string | null
  readonly open: readonly string[]
  readonly panel: 'faults' | null
  /** Null: nothing is compared. */
  readonly comparedWith: EpochMs | 'now' | null
}

/** The whole state for what the address says. */
export function viewStateOf(address: ViewAddress): ViewState {
  return {
    filter: address.filter ?? '',
    selected: address.selected ?? null,
    layers: new Set(relations.filter((relation) => !(address.without ?? '').includes(relation.charAt(0)))),
    show: address.view ?? 'map',
    refusedOf: address.view === 'refused' ? (address.of ?? null) : null,
    open: address.open ?? [],
    panel: address.panel ?? null,
    comparedWith: address.with === 'now' ? 'now' : momentOf(address.with),
  }
}

/** The address without what is at its default, so that links stay short. */
export function addressOf(state: ViewState, environment: string | undefined): ViewAddress {
  const without = relations.filter((relation) => !state.layers.has(relation)).map((relation) => relation.charAt(0))
  return {
    ...(environment === undefined ? {} : { env: environment }),
    ...(state.filter === '' ? {} : { filter: state.filter }),
    ...(state.selected === null ? {} : { selected: state.selected }),
    ...(without.length === 0 ? {} : { without: without.join('') }),
    ...(state.show === 'map' ? {} : { view: state.show }),
    ...(state.refusedOf === null || state.show !== 'refused' ? {} : { of: state.refusedOf }),
    ...(state.open.length === 0 ? {} : { open: [...state.open] }),
    ...(state.panel === null ? {} : { panel: state.panel }),
    ...(state.comparedWith === null ? {} : { with: withText(state.comparedWith) }),
  }
}

function withText(time: EpochMs | 'now'): string {
  return time === 'now' ? time : momentText(time)
}

export type ChangeViewState = (change: Partial<ViewState>) => void

export function useViewState(): readonly [ViewState, ChangeViewState] {
  const search = useSearch({ strict: false })
  const navigate = useNavigate()
  const state = useMemo(() => viewStateOf(viewStateSchema.parse(search)), [search])
  const change = useCallback<ChangeViewState>(
    (part) => {
      void navigate({
        to: '/graph',
        search: (before: unknown) => {
          const address = viewStateSchema.parse(before)
          return addressOf({ ...viewStateOf(address), ...part }, address.env)
        },
        // Typing in the filter must not fill the history; selecting is a step that "back" returns from.
        replace: part.filter !== undefined,
      })
    },
    [navigate],
  )
  return [state, change]
}
