import type { Reason } from '../../model/graph.ts'

/** Every reason of a smallest change; `shared/words/diagnosis-change.ts` has one sentence a code. */
export interface ChangeReasonParams {
  // what is changed
  'change-data-as-before': { at: string; after: string; revision: string; file: string }
  'change-data-added': { at: string; after: string; file: string }
  'change-data-member-added': { at: string; after: string; file: string }
  'change-data-replaced': { at: string; before: string; after: string; file: string }
  'change-input-added': { at: string; after: string }
  'change-input-replaced': { at: string; before: string; after: string }
  'change-expression-removed': { file: string; row: number }
  'change-rule-removed': { file: string; row: number }
  // why there is none
  'change-not-denied': Record<never, never>
  'change-live-allows': { revision: string }
  'change-allowed-again': { revision: string }
  'change-none-found': { tried: number }
  'change-mask-decides': { fields: string }
  'change-out-of-time': { tried: number }
  'change-no-input': { decisionId: string }
  'change-no-policy': { revision: string | null }
  'change-no-opa': Record<never, never>
  'change-no-expression': { revision: string }
  'change-not-evaluated': { revision: string | null }
}

export function tellOfChange<Code extends keyof ChangeReasonParams>(
  code: Code,
  params: ChangeReasonParams[Code],
): Reason {
  return { code, params: { ...params } }
}
