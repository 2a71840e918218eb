import type { DraftSummary, PolicySubject } from '../../../../shared/contract/policy.ts'
import type { BundleRevision, RevisionId } from '../../../../shared/domain/model/policy.ts'
import { revisionName } from '../../../../shared/words/policy.ts'

/** Something that can be compared: a revision whose bytes are there, or the draft. */
export interface Comparable {
  readonly key: string
  readonly label: string
  readonly subject: PolicySubject
}

/** The draft first, then revisions, the latest first; what is live is marked. */
export function comparables(
  revisions: readonly BundleRevision[],
  live: RevisionId | null,
  draft: DraftSummary | null,
): readonly Comparable[] {
  const named = Map.groupBy(revisions, ({ revision }) => revision)
  const label = ({ revision, digest }: BundleRevision): string => {
    const isLive = live !== null && live.digest === digest
    // Two publishers may give the same name.
    const which = (named.get(revision)?.length ?? 0) > 1 && digest !== null ? ` ${digest.slice(0, 7)}` : ''
    return `${revisionName({ revision, digest })}${which}${isLive ? ' (live)' : ''}`
  }
  return [
    ...(draft === null
      ? []
      : [{ key: `draft ${draft.id}`, label: `Draft ${draft.revision}`, subject: { draft: draft.id } }]),
    ...revisions
      .filter(({ held }) => held !== 'seen')
      .map((each) => ({
        key: `${each.revision} ${each.digest ?? ''}`,
        label: label(each),
        subject: { revision: each.revision, digest: each.digest },
      })),
  ]
}

/** What is compared when nothing was chosen: live against the draft, else what was before against live. */
export function firstComparison(
  all: readonly Comparable[],
  live: RevisionId | null,
): { readonly from: string | null; readonly to: string | null } {
  const draft = all.find(({ subject }) => 'draft' in subject)
  const revisions = all.filter(({ subject }) => 'revision' in subject)
  const at = Math.max(
    0,
    revisions.findIndex(({ key }) => live !== null && key === `${live.revision} ${live.digest ?? ''}`),
  )
  const current = revisions[at] ?? null
  if (draft !== undefined) return { from: current?.key ?? null, to: draft.key }
  return { from: revisions[at + 1]?.key ?? null, to: current?.key ?? null }
}
