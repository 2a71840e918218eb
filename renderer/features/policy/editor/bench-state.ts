import type { DraftFile } from '../../../../shared/contract/policy.ts'
import type { FileCoverage, PolicyProblem, PolicyTestResult } from '../../../../shared/domain/model/policy.ts'
import type { LanguageState } from './language-link.ts'

export interface TestsState {
  readonly results: readonly PolicyTestResult[]
  readonly coverage: readonly FileCoverage[]
  /** Why there are none; null: they ran. */
  readonly problem: string | null
  /** The draft has changed since they ran. */
  readonly isOld: boolean
}

/** An edited file that somebody else wrote meanwhile. `theirs: null`: it was removed. */
export interface EditConflict {
  readonly path: string
  readonly mine: string
  readonly theirs: DraftFile | null
}

/** Everything that the editor shows of a draft or of what is deployed, except for the texts, which Monaco has. */
export interface BenchState {
  /** Null: nothing is open. */
  readonly active: string | null
  readonly tabs: readonly string[]
  /** Files that cannot be opened, with the reason as a sentence. */
  readonly refused: Readonly<Record<string, string>>
  readonly unsaved: readonly string[]
  /** Why the last write failed; null: it did not. */
  readonly saveFailure: string | null
  readonly savedAt: number | null
  readonly conflict: EditConflict | null
  /** Of the text as it is typed, by path. */
  readonly typed: Readonly<Record<string, readonly PolicyProblem[]>>
  /** Of the whole draft as it was last written; null: not checked yet. */
  readonly checked: readonly PolicyProblem[] | null
  readonly checkFailure: string | null
  readonly regal: readonly PolicyProblem[]
  readonly language: LanguageState
  readonly tests: TestsState | null
  readonly testing: boolean
  /** What just happened and is over, such as a file that was changed outside. */
  readonly said: string | null
  /** Grows when the editor is to show another text. */
  readonly shown: number
}

export const emptyBench: BenchState = {
  active: null,
  tabs: [],
  refused: {},
  unsaved: [],
  saveFailure: null,
  savedAt: null,
  conflict: null,
  typed: {},
  checked: null,
  checkFailure: null,
  regal: [],
  language: { state: 'off' },
  tests: null,
  testing: false,
  said: null,
  shown: 0,
}

/** What is wrong, worst first: each thing once, although two programs may say it. */
export function problemsOf(state: BenchState): readonly PolicyProblem[] {
  const open = new Set(Object.keys(state.typed))
  const checked = (state.checked ?? []).filter(
    // What is open is checked as it is typed, and that is newer.
    ({ path, code }) => !(path !== null && open.has(path) && code === 'rego_parse_error'),
  )
  const failed: PolicyProblem[] = (state.tests?.results ?? [])
    .filter(({ outcome }) => outcome === 'failed' || outcome === 'error')
    .map(({ name, path, row, outcome }) => ({
      by: 'test',
      severity: 'error',
      code: outcome,
      message: `Test ${name} ${outcome === 'failed' ? 'fails' : 'ends with an error'}`,
      path,
      row,
      column: 1,
    }))
  return [...Object.values(state.typed).flat(), ...checked, ...failed, ...state.regal].toSorted(
    (one, other) =>
      rank(one) - rank(other) ||
      byText(one.path ?? '', other.path ?? '') ||
      (one.row ?? 0) - (other.row ?? 0) ||
      (one.column ?? 0) - (other.column ?? 0),
  )
}

function byText(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1
}

function rank({ severity }: PolicyProblem): number {
  return severity === 'error' ? 0 : 1
}

/** The problem after the place of the cursor, around the end; null: there is none. */
export function nextProblem(
  problems: readonly PolicyProblem[],
  before: PolicyProblem | null,
  back: boolean,
): PolicyProblem | null {
  const placed = problems.filter(({ path, row }) => path !== null && row !== null)
  if (placed.length === 0) return null
  const at = before === null ? -1 : placed.findIndex((each) => isSameProblem(each, before))
  const step = back ? -1 : 1
  return placed[at < 0 ? (back ? placed.length - 1 : 0) : (at + step + placed.length) % placed.length] ?? null
}

export function isSameProblem(one: PolicyProblem, other: PolicyProblem): boolean {
  return (
    one.path === other.path && one.row === other.row && one.column === other.column && one.message === other.message
  )
}
