import { useId } from 'react'
import type { PolicySubject } from '../../../../shared/contract/policy.ts'
import type { BundleRevision, RevisionId } from '../../../../shared/domain/model/policy.ts'
import { formatMoment } from '../../../../shared/words/durations.ts'
import { revisionName, signatureWords } from '../../../../shared/words/policy.ts'
import styles from './publish-dialog.module.css'
import { rollBackChoices } from './roll-back-choice.ts'

/** Which revision is to be brought back. */
export function RevisionChoice({
  revisions,
  live,
  of,
  onChoose,
}: {
  readonly revisions: readonly BundleRevision[]
  readonly live: RevisionId | null
  readonly of: PolicySubject
  readonly onChoose: (of: PolicySubject) => void
}) {
  const id = useId()
  const choices = rollBackChoices(revisions, live)
  const chosen =
    'revision' in of
      ? choices.findIndex(({ digest, revision }) => digest === of.digest && revision === of.revision)
      : -1
  return (
    <section className={styles.choice}>
      <label htmlFor={id}>Bring back</label>
      <select
        id={id}
        value={chosen}
        data-testid="roll-back-to"
        onChange={(event) => {
          const found = choices[Number(event.target.value)]
          if (found !== undefined) onChoose({ revision: found.revision, digest: found.digest })
        }}
      >
        {choices.map((each, index) => (
          <option key={`${each.revision} ${each.digest ?? ''}`} value={index}>
            {`${revisionName(each)} · ${each.publishedAt === null ? 'published at no known time' : formatMoment(each.publishedAt)} · signature ${signatureWords(each.signature).short}`}
          </option>
        ))}
      </select>
    </section>
  )
}
