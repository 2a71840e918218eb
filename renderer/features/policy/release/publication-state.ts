import type { PublishProgress } from '../../../../shared/contract/policy.ts'
import type { Convergence, RevisionId } from '../../../../shared/domain/model/policy.ts'

type Step = Extract<PublishProgress, { step: 'built' | 'signed' | 'uploaded' | 'pointed' | 'verified' }>
type Failed = Extract<PublishProgress, { step: 'failed' }>

/** How far a publication has come. */
export interface PublicationState {
  /** idle: nothing was sent. running: the store is written. converging: OPAs take it. */
  readonly phase: 'idle' | 'running' | 'converging' | 'converged' | 'stuck' | 'lost' | 'failed'
  readonly steps: readonly Step[]
  readonly convergence: Convergence | null
  /** What the pointer leads to instead, when another publisher came between. */
  readonly lostTo: RevisionId | null
  /** `pointer` null: it was refused before anything was sent. */
  readonly failure: { readonly message: string; readonly pointer: Failed['pointer'] | null } | null
}

export const idle: PublicationState = { phase: 'idle', steps: [], convergence: null, lostTo: null, failure: null }
export const begun: PublicationState = { ...idle, phase: 'running' }

/** The state after one more word of the service. */
export function advance(state: PublicationState, progress: PublishProgress): PublicationState {
  switch (progress.step) {
    case 'convergence': {
      const { convergence } = progress
      return { ...state, convergence, phase: convergence.state }
    }
    case 'lost-update':
      return { ...state, phase: 'lost', lostTo: progress.found }
    case 'failed': {
      const { message, pointer } = progress
      return { ...state, phase: state.phase === 'lost' ? 'lost' : 'failed', failure: { message, pointer } }
    }
    default:
      return { ...state, steps: [...state.steps, progress] }
  }
}

/**
 * The stream ended with an error instead of a word of the service. Before the first step nothing was sent; later nobody knows
 * what the service did, but what was verified stays so.
 */
export function broken(state: PublicationState, message: string): PublicationState {
  const did = (step: Step['step']) => state.steps.some((each) => each.step === step)
  const pointer = did('pointed') ? 'moved' : state.steps.length === 0 ? null : 'unknown'
  return { ...state, phase: 'failed', failure: { message, pointer } }
}

/** The stream ended as if all were said. */
export function ended(state: PublicationState): PublicationState {
  if (state.phase === 'running' || state.phase === 'converging') return broken(state, 'The connection was lost.')
  return state
}

/** The dialog may be left: nothing is being written any more. */
export function mayLeave({ phase }: PublicationState): boolean {
  return phase !== 'running'
}
