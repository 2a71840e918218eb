import { createColumnHelper, tableFeatures, useTable } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef } from 'react'
import type { Relation } from '../../../../shared/domain/model/hop-state.ts'
import type { GraphView } from '../../../../shared/domain/model/view.ts'
import { useNow } from '../../../api/clock.tsx'
import { StateGlyph } from '../inspector/state-glyph.tsx'
import { type TableRow, tableRows } from './table-rows.ts'
import styles from './table-view.module.css'

const features = tableFeatures({})
const helper = createColumnHelper<typeof features, TableRow>()
const columns = helper.columns([
  helper.accessor('what', { header: 'What' }),
  helper.accessor('subject', { header: 'Workload or hop' }),
  helper.accessor('state', { header: 'State' }),
  helper.accessor('authorisation', { header: 'Authorisation' }),
  helper.accessor('relations', { header: 'Relations' }),
  helper.accessor('detail', { header: 'SVID or rate' }),
  helper.accessor('leases', { header: 'Leases' }),
  helper.accessor('zone', { header: 'Zone' }),
])
const rowHeight = 28

/** The same data as the map, as a table: problems first, then the rest. Rows are drawn as they come into view. */
export function TableView({
  view,
  layers,
  names,
  selected,
  onSelect,
}: {
  readonly view: GraphView
  readonly layers: ReadonlySet<Relation>
  readonly names: ReadonlyMap<string, string>
  readonly selected: string | null
  readonly onSelect: (id: string) => void
}) {
  const now = useNow(10_000)
  const data = useMemo(() => tableRows(view, layers, names, now), [view, layers, names, now])
  const table = useTable({ features, columns, data })
  const { rows } = table.getRowModel()
  const scroller = useRef<HTMLDivElement>(null)
  // oxlint-disable-next-line react/incompatible-library -- the compiler is not used; rows must be virtual at this size
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  })
  const index = data.findIndex((row) => row.id === selected)
  useEffect(() => {
    if (index >= 0) virtual.scrollToIndex(index)
  }, [index, virtual])
  const header = table.getHeaderGroups()[0]
  return (
    <div
      className={styles.table}
      role="table"
      aria-label="Trust graph as a table"
      aria-rowcount={rows.length + 1}
      data-testid="table-view"
    >
      <div role="rowgroup">
        <div className={styles.head} role="row" aria-rowindex={1}>
          {header?.headers.map((cell) => (
            <span key={cell.id} role="columnheader">
              <table.FlexRender header={cell} />
            </span>
          ))}
        </div>
      </div>
      <div className={styles.body} ref={scroller} role="rowgroup" tabIndex={0}>
        <div role="presentation" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index]
            if (row === undefined) return null
            const { original } = row
            return (
              <div
                key={original.id}
                className={styles.row}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={original.id === selected}
                data-tone={original.tone}
                data-dim={!original.matches}
                style={{ transform: `translateY(${item.start}px)` }}
                onClick={() => onSelect(original.id)}
              >
                {row.getAllCells().map((cell) => (
                  <span key={cell.id} role="cell" data-column={cell.column.id}>
                    {cell.column.id === 'subject' ? (
                      <button type="button" onClick={() => onSelect(original.id)}>
                        {original.subject}
                      </button>
                    ) : (
                      <>
                        {cell.column.id === 'state' && original.glyph !== null ? (
                          <StateGlyph state={original.glyph} size={14} />
                        ) : null}
                        <table.FlexRender cell={cell} />
                      </>
                    )}
                  </span>
                ))}
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}
