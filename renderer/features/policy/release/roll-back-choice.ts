import type { BundleRevision, RevisionId } from '../../../../shared/domain/model/policy.ts'

/** Of which the bytes are there, so that they can be published again, and which are not what is live; the latest first. */
export function rollBackChoices(
  revisions: readonly BundleRevision[],
  live: RevisionId | null,
): readonly BundleRevision[] {
  return revisions.filter(
    ({ held, digest, revision }) =>
      held !== 'seen' &&
      (live === null || (live.digest === null ? revision !== live.revision : digest !== live.digest)),
  )
}

/**
 * What somebody most likely wants back: the latest revision before what is live whose signature is not known to be bad. The list
 * has the latest first.
 */
export function rollBackChoice(revisions: readonly BundleRevision[], live: RevisionId | null): BundleRevision | null {
  const at = revisions.findIndex(
    ({ revision, digest }) =>
      live !== null && (live.digest === null ? revision === live.revision : digest === live.digest),
  )
  const earlier = rollBackChoices(at < 0 ? revisions : revisions.slice(at + 1), live)
  return earlier.find(({ signature }) => signature.state !== 'invalid') ?? earlier[0] ?? null
}
