/** One measured figure. `ratio`: how it stands to what it is compared with, above 1 is better than it. */
export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** A limit that is promised, or another way to do the same, measured in the same run. */
  readonly comparedWith: { readonly name: string; readonly value: number } | null
  readonly ratio: number | null
}

/** A row for something that must take at most `limit`. */
export function within(name: string, value: number, unit: string, limit: number): BenchRow {
  return { name, value, unit, comparedWith: { name: 'promised at most', value: limit }, ratio: limit / value }
}
