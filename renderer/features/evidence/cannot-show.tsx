import { CircleHelp } from 'lucide-react'
import type { EvidencePlan } from '../../../shared/contract/evidence.ts'
import { gapSentence, limitationSentence } from '../../../shared/words/evidence.ts'
import styles from './evidence.module.css'

/** Gaps of the sources and what they never show, before anything is made. */
export function CannotShow({ plan }: { readonly plan: EvidencePlan }) {
  const gaps = [
    ...plan.gaps.map((gap) => ({ of: 'Whole pack', words: gapSentence(gap) })),
    ...plan.artefacts.flatMap(({ title, population }) =>
      population.gaps.map((gap) => ({ of: title, words: gapSentence(gap) })),
    ),
  ]
  const limits = plan.artefacts.flatMap(({ title, limitations }) =>
    limitations.map((one) => ({ of: title, words: limitationSentence(one) })),
  )
  const all = [...gaps, ...limits].filter(
    ({ of, words }, at, list) => list.findIndex((one) => one.of === of && one.words === words) === at,
  )
  return (
    <section className={styles.card} aria-label="What the sources cannot show">
      <header className={styles.cardHead}>
        <h2>What the sources cannot show</h2>
        <span className={styles.meta}>printed in the pack as limitations</span>
      </header>
      {all.length === 0 ? (
        <p className={styles.cardText}>Nothing is known to be missing for this period.</p>
      ) : (
        <ul className={styles.ruled} data-testid="evidence-missing">
          {all.map(({ of, words }) => (
            <li key={`${of} ${words}`}>
              <CircleHelp size={16} aria-hidden="true" />
              <span>
                <b>{of}</b> <span className={styles.muted}>{words}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
