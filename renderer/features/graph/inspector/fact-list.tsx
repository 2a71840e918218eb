import type { Fact } from '../../../../shared/domain/model/fact.ts'
import type { Judgement } from '../../../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../../../shared/domain/model/time.ts'
import { countOf, formatAge, formatClock } from '../../../../shared/words/durations.ts'
import { missingSentence } from '../../../../shared/words/gaps.ts'
import { basisGlyph, basisMeaning, basisWord, sourceLabel } from '../../../../shared/words/states.ts'
import styles from './inspector.module.css'

/** What a verdict rests on: exactly the facts the rule used, and what would have to be readable for a better answer. */
export function RestsOn({
  judgement,
  facts,
  now,
}: {
  readonly judgement: Judgement<string>
  readonly facts: readonly Fact[]
  readonly now: EpochMs
}) {
  return (
    <details className={styles.rests}>
      <summary data-fact="rests-on" title="How do we know? (p)">
        How do we know? {basisGlyph(judgement.basis)} {basisWord(judgement.basis)} from{' '}
        {countOf(judgement.restsOn.length, 'fact')}
        {judgement.missing.length === 0 ? '' : `, ${judgement.missing.length} missing`}
      </summary>
      <FactList ids={judgement.restsOn} facts={facts} now={now} />
      {judgement.missing.map((missing) => (
        <p key={`${missing.source}/${missing.instance}/${missing.what}`} className={styles.missing}>
          {missingSentence(missing, now)}
        </p>
      ))}
    </details>
  )
}

export function FactList({
  ids,
  facts,
  now,
}: {
  readonly ids: readonly string[]
  readonly facts: readonly Fact[]
  readonly now: EpochMs
}) {
  const byId = new Map(facts.map((fact) => [fact.id, fact]))
  return (
    <ul className={styles.facts}>
      {ids.map((id) => {
        const fact = byId.get(id)
        return (
          <li key={id}>
            {fact === undefined ? (
              <code>{id}</code>
            ) : (
              <>
                <div className={styles.between}>
                  <b>
                    {sourceLabel(fact.from.source)} “{fact.from.instance}”
                  </b>
                  <span title={basisMeaning(fact.from.basis)}>
                    {basisGlyph(fact.from.basis)} {formatClock(fact.from.observedAt, now)}, age{' '}
                    {formatAge(now - fact.from.observedAt)}
                  </span>
                </div>
                <code title={fact.id}>{fact.from.locator}</code>
              </>
            )}
          </li>
        )
      })}
    </ul>
  )
}
