import type { DraftSummary } from '../../../shared/contract/policy.ts'
import type { BundleOverview, Evaluation, RevisionId } from '../../../shared/domain/model/policy.ts'
import type { PolicyAddress } from './address.ts'

/** What the panels beside the editor are given. */
export interface PanelProps {
  readonly environment: string
  readonly bundle: BundleOverview
  /** null: what is deployed is looked at. */
  readonly draft: DraftSummary | null
  /** What the store's pointer leads to; null: not known. */
  readonly live: RevisionId | null
}

export interface SimulatePanelProps extends PanelProps {
  readonly address: PolicyAddress
  /** Puts the editor on a row (from 1) of a file. */
  readonly onReveal: (path: string, row: number) => void
  /** An evaluation of the draft whose values the editor writes beside its rows; null takes them away. */
  readonly onValues: (evaluation: Evaluation | null) => void
  /** The input that the editor's "evaluate" uses; undefined: none was given yet. */
  readonly onInput: (input: unknown) => void
}

export interface ReleasePanelProps extends PanelProps {
  /** Opens a draft, or what is deployed with null. */
  readonly onOpenDraft: (draft: string | null) => void
}
