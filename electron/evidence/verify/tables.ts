/** CSV of RFC 4180 with a row of names, as it comes; rows are objects by the names of their columns. */
export type Row = ReadonlyMap<string, string>

export interface TableReader {
  add(text: string): void
  /** After everything was added. */
  end(): void
  /** A quote that is not where one may be, a row with another number of cells, or no names at all. */
  readonly malformed: boolean
  /** Of the first row; null: it has not come. */
  readonly names: readonly string[] | null
}

export function createTableReader(take: (row: Row) => void): TableReader {
  let names: string[] | null = null
  let malformed = false
  let cells: string[] = []
  let cell = ''
  /** before: a cell begins; plain: in one without quotes; quoted: in one with; closed: behind the quote that may end one. */
  let state: 'before' | 'plain' | 'quoted' | 'closed' = 'before'
  let isEmptyRow = true
  const endRow = (): void => {
    cells.push(cell)
    if (names === null) {
      names = cells
      if (new Set(names).size !== names.length) malformed = true
    } else if (cells.length !== names.length) malformed = true
    else {
      const values = cells
      take(new Map(names.map((name, at) => [name, values[at] ?? ''])))
    }
    cells = []
    cell = ''
    state = 'before'
    isEmptyRow = true
  }
  return {
    get malformed() {
      return malformed
    },
    get names() {
      return names
    },
    add(text) {
      for (const sign of text) {
        if (malformed) return
        if (state === 'quoted') {
          if (sign === '"') state = 'closed'
          else cell += sign
          continue
        }
        if (sign === '\n') {
          if (cell.endsWith('\r') && state === 'plain') cell = cell.slice(0, -1)
          endRow()
          continue
        }
        isEmptyRow = false
        if (state === 'closed' && sign === '\r') continue
        if (sign === ',') {
          cells.push(cell)
          cell = ''
          state = 'before'
        } else if (sign === '"') {
          if (state === 'plain') malformed = true
          else if (state === 'closed') cell += sign
          state = 'quoted'
        } else if (state === 'closed') malformed = true
        else {
          cell += sign
          state = 'plain'
        }
      }
    },
    end() {
      if (state === 'quoted') malformed = true
      else if (!isEmptyRow || state === 'closed') endRow()
      if (names === null) malformed = true
    },
  }
}
