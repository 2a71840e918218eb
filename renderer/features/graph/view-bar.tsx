import { Popover } from '@base-ui/react/popover'
import { Check, CircleHelp, CircleSlash, ListFilter, Table2, Waypoints, X } from 'lucide-react'
import { type ReactNode, type RefObject, useEffect, useEffectEvent, useState } from 'react'
import { type Relation, relations } from '../../../shared/domain/model/hop-state.ts'
import type { GraphCounts } from '../../../shared/domain/model/view.ts'
import { filterHelp } from '../../../shared/words/filter.ts'
import { relationLabel, relationMeaningOf } from '../../../shared/words/states.ts'
import { Button, Chip, Keys } from '../../ui/atoms.tsx'
import bar from '../../ui/bar.module.css'
import { startOfRow } from '../../ui/capitals.ts'
import popover from '../../ui/popover.module.css'
import { quickChips } from './chips.ts'
import styles from './view-bar.module.css'
import type { ChangeViewState, ViewState } from './view-state.ts'

/** Title, layers, filter, quick filters, and the switch between map and table. */
export function ViewBar({
  state,
  change,
  counts,
  problems,
  onNextProblem,
  filterInput,
  chips,
  tools,
}: {
  readonly state: ViewState
  readonly change: ChangeViewState
  readonly counts: GraphCounts | null
  /** Hops and workloads that need a look; they cannot be one filter, so the chip goes from one to the next. */
  readonly problems: number
  readonly onNextProblem: () => void
  readonly filterInput: RefObject<HTMLInputElement | null>
  /** In place of the quick filters; null: these. */
  readonly chips: ReactNode | null
  readonly tools: ReactNode
}) {
  return (
    <div className={`${bar.bar} ${styles.bar}`} role="toolbar" aria-label="View">
      <h1>Trust graph</h1>
      <Layers layers={state.layers} onChange={(layers) => change({ layers })} />
      <Filter value={state.filter} onChange={(filter) => change({ filter })} input={filterInput} />
      {chips}
      {counts === null || chips !== null ? null : (
        <Button small title="Go to the next problem (n)" onClick={onNextProblem} data-testid="needs-attention">
          Needs attention <b>{problems.toLocaleString('en-GB')}</b>
          <Keys keys={['n']} />
        </Button>
      )}
      {counts === null || chips !== null
        ? null
        : quickChips(counts).map((chip) => {
            const on = state.filter === chip.filter
            return (
              <Chip
                key={chip.filter}
                on={on}
                title={chip.filter}
                onClick={() => change({ filter: on ? '' : chip.filter })}
              >
                {on ? <b>{chip.label}</b> : chip.label} {chip.count.toLocaleString('en-GB')}
                {on ? <X size={12} aria-hidden="true" /> : null}
              </Chip>
            )
          })}
      <span className={styles.grow} />
      <span className={styles.tools}>
        {tools}
        <Button
          aria-pressed={state.show === 'refused'}
          title="The latest requests that authorisation refused (r)"
          onClick={() => change({ show: state.show === 'refused' ? 'map' : 'refused' })}
          data-testid="show-refused"
        >
          <CircleSlash size={14} aria-hidden="true" />
          Refused
          <Keys keys={['r']} />
        </Button>
        <Button
          aria-pressed={state.show === 'table'}
          title="The same as a table (4)"
          onClick={() => change({ show: state.show === 'table' ? 'map' : 'table' })}
        >
          {state.show === 'table' ? (
            <Waypoints size={14} aria-hidden="true" />
          ) : (
            <Table2 size={14} aria-hidden="true" />
          )}
          {state.show === 'table' ? 'Map' : 'Table'}
          <Keys keys={['4']} />
        </Button>
      </span>
    </div>
  )
}

function Layers({
  layers,
  onChange,
}: {
  readonly layers: ReadonlySet<Relation>
  readonly onChange: (layers: ReadonlySet<Relation>) => void
}) {
  return (
    <fieldset className={styles.layers} aria-label="Layers">
      {relations.map((relation, index) => {
        const on = layers.has(relation)
        return (
          <button
            key={relation}
            type="button"
            aria-pressed={on}
            title={`${relationMeaningOf(relation)} (${index + 1})`}
            onClick={() => onChange(toggled(layers, relation))}
          >
            <span className={styles.tick}>{on ? <Check size={12} aria-hidden="true" /> : null}</span>
            {startOfRow(relationLabel(relation))}
          </button>
        )
      })}
    </fieldset>
  )
}

export function toggled(layers: ReadonlySet<Relation>, relation: Relation): ReadonlySet<Relation> {
  const next = new Set(layers)
  if (!next.delete(relation)) next.add(relation)
  return next
}

/** Types at once, asks when the typing pauses. */
function Filter({
  value,
  onChange,
  input,
}: {
  readonly value: string
  readonly onChange: (value: string) => void
  readonly input: RefObject<HTMLInputElement | null>
}) {
  const [{ typed, from }, setField] = useState({ typed: value, from: value })
  // A chip, a link or escape changed the filter: the field follows.
  if (from !== value) setField({ typed: value, from: value })
  const setTyped = (text: string) => setField({ typed: text, from: value })
  // The screen is drawn anew with every change of the graph; that must not start the pause again.
  const ask = useEffectEvent(onChange)
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => ask(typed), 250)
    return () => clearTimeout(timer)
  }, [typed, value])
  return (
    <div className={styles.filter}>
      <ListFilter size={14} aria-hidden="true" />
      <input
        ref={input}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onChange(typed)
          if (event.key !== 'Escape') return
          // The first escape empties the field, the next leaves it.
          event.stopPropagation()
          if (typed === '') event.currentTarget.blur()
          else onChange('')
        }}
        placeholder="Filter hops"
        aria-label="Filter workloads and hops"
        spellCheck={false}
        autoComplete="off"
        maxLength={500}
        data-testid="filter-input"
      />
      {typed === '' ? (
        <Keys keys={['/']} />
      ) : (
        <button type="button" className={styles.clear} aria-label="Clear the filter" onClick={() => onChange('')}>
          <X size={12} aria-hidden="true" />
        </button>
      )}
      <Popover.Root>
        <Popover.Trigger className={styles.clear} aria-label="What can be written in the filter">
          <CircleHelp size={13} aria-hidden="true" />
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Positioner sideOffset={8} className={popover.positioner}>
            <Popover.Popup className={popover.popup}>
              <Popover.Title render={<h2 className={styles.helpTitle} />}>Filter words</Popover.Title>
              <dl className={styles.help}>
                {filterHelp.map((line) => (
                  <div key={line.example}>
                    <dt>
                      <button type="button" onClick={() => onChange(line.example)}>
                        <code>{line.example}</code>
                      </button>
                    </dt>
                    <dd>{line.meaning}</dd>
                  </div>
                ))}
              </dl>
            </Popover.Popup>
          </Popover.Positioner>
        </Popover.Portal>
      </Popover.Root>
    </div>
  )
}
