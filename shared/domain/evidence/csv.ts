/** CSV of RFC 4180 for people: cells that a spreadsheet would run as a formula are made harmless. NDJSON has the values as they are. */
export interface CsvRow {
  /** With its line break. */
  readonly text: string
  /** Cells that got a `'` before them. */
  readonly prefixed: number
}

/** What begins a formula in one spreadsheet or another, in full width too where one writes Japanese, and what those skip before they look. */
const runs = /^[=+\-@＝＋－＠\t\r\n\0]/
const needsQuotes = /[",\r\n]|^\s|\s$/

export function csvRow(cells: readonly (string | number | null)[]): CsvRow {
  let prefixed = 0
  const parts = cells.map((cell) => {
    if (cell === null) return ''
    // A number that we counted is no formula, also when it is negative.
    if (typeof cell === 'number') return String(cell)
    const isFormula = runs.test(cell)
    if (isFormula) prefixed += 1
    const text = (isFormula ? `'${cell}` : cell).replaceAll('\0', '\uFFFD')
    return needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  })
  return { text: `${parts.join(',')}\n`, prefixed }
}
