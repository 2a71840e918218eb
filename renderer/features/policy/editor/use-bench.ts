import { useSyncExternalStore } from 'react'
import type { Bench } from './bench.ts'
import { type BenchState, emptyBench } from './bench-state.ts'

const nobody = (): (() => void) => () => {}

/** Draws anew with each change of what the editor holds; empty as long as the editor is being loaded. */
export function useBenchState(bench: Bench | null): BenchState {
  return useSyncExternalStore(bench?.subscribe ?? nobody, bench?.get ?? (() => emptyBench))
}
