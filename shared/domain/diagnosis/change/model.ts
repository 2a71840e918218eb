import type { Reason } from '../../model/graph.ts'
import type { RevisionId } from '../../model/policy.ts'

/**
 * The least that would let a refused request pass, found by evaluating: what is offered was tried with an OPA of our own on the
 * recorded input. Codes and parameters only; `shared/words/diagnosis-change.ts` has the English.
 */
export interface SmallestChange {
  readonly decisionId: string
  readonly bundle: string | null
  /** The policy that is changed: the live revision where it is to be had, else the one that decided. null: none is. */
  readonly basedOn: RevisionId | null
  readonly isRevisionThatDecided: boolean
  /** The smallest first: data, then input, then a rule, which loosens. Empty: `none` says why. */
  readonly changes: readonly ProposedChange[]
  /** Why nothing is offered; null: something is. */
  readonly none: Reason | null
  /** JSON pointers of what the recorded input lacks: where they decide, nothing can be proven. */
  readonly masked: readonly string[]
  readonly evaluations: number
  /** False: evaluations or time ran out before everything was tried. */
  readonly isComplete: boolean
}

export interface ProposedChange {
  readonly id: string
  /** data: the policy's data. input: what the request brings, which its caller would have to change. rule: an expression is taken out. */
  readonly kind: 'data' | 'input' | 'rule'
  readonly reason: Reason
  /** Lets pass other requests too, without a look at what the expression was for. */
  readonly loosens: boolean
  /** Evaluated with the change, the request is allowed. False: so it ought to be, and the evaluation did not come to an end. */
  readonly proven: boolean
  /** Path in the bundle; null: of `input`, which is no file. */
  readonly file: string | null
  /** `data.pipeline.clearance[…]` or `input.attributes.…`: what is changed; null: lines of a rule. */
  readonly at: string | null
  /** The value there before and after as JSON, cut to 200 characters; null: there is none. */
  readonly before: string | null
  readonly after: string | null
  /** Lines of the file around the change, as they would be in the draft; of `input` the member alone. */
  readonly difference: readonly ChangedLine[]
  /** What `policy.startDraft` takes beside the environment, to open it in the workbench; null: of `input`, or too large. */
  readonly draft: DraftOfChange | null
}

export interface ChangedLine {
  readonly kind: 'same' | 'removed' | 'added'
  /** From 1: of the old file for same and removed, of the new for added. */
  readonly row: number
  readonly text: string
}

export interface DraftOfChange {
  readonly bundle: string
  readonly from: { readonly revision: string; readonly digest: string | null }
  /** Whole files that differ from those of the revision. */
  readonly changes: readonly { readonly path: string; readonly text: string }[]
}
