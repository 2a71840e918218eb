import type { FaultId } from '../../faults/fault.ts'
import type { Reason } from '../model/graph.ts'
import type { Evidence, OpenQuestion } from './model.ts'

/**
 * One entry of the diagnosis: a file, a test, a page in docs/diagnosis, and the fault that provokes it. `examine` looks at a case
 * (of a request, a handshake or a missing identity) and says what speaks for its cause; it never throws, and says nothing without evidence.
 */
export interface DiagnosisRule<Case, Cause extends string> {
  /** Never changes. File, page and test have this name. */
  readonly id: string
  readonly cause: Cause
  /** Faults of the catalogue whose verdict it is; empty where none provokes it: docs/diagnosis/README.md says what holds it then. */
  readonly faults: readonly FaultId[]
  examine(of: Case): Finding | null
}

export type Finding =
  | {
      readonly kind: 'found'
      readonly reason: Reason
      readonly evidence: readonly [Evidence, ...Evidence[]]
      /** Facts that speak against it lower it to suspected. */
      readonly against: readonly Evidence[]
      readonly open: readonly OpenQuestion[]
    }
  | { readonly kind: 'ruled-out'; readonly reason: Reason; readonly evidence: Evidence }
