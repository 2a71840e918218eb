import type { ReactNode } from 'react'
import type { Verdict } from '../../../shared/domain/diagnosis/model.ts'
import { confidenceLabels } from '../../../shared/words/diagnosis.ts'
import { reasonSentence } from '../../../shared/words/reasons.ts'
import { capitalise } from '../../../shared/words/states.ts'
import type { VerdictTone } from './looks.ts'
import { shortSentence } from './short.ts'
import { ToneGlyph } from './tone-glyph.tsx'
import styles from './verdict-card.module.css'

/** One sentence, and how sure that is with why: whoever reads no further knows what is the matter. */
export function VerdictCard({
  verdict,
  tone,
  now,
  children,
}: {
  readonly verdict: Verdict<string>
  readonly tone: VerdictTone
  /** Shortens times and ids in the sentence, which must be all ours then; null: it may quote others and stays whole. */
  readonly now: number | null
  /** The small line under the sentence. */
  readonly children?: ReactNode
}) {
  const { cause, reason, confidence, because, wouldRaise } = verdict
  const whole = reasonSentence(reason)
  const text = now === null ? whole : shortSentence(whole, now)
  const { lead, rest } = leadOf(text)
  const raising = [...new Set(wouldRaise.map(reasonSentence))]
  return (
    <section className={styles.verdict} data-tone={tone} data-cause={cause} aria-label="Verdict" data-testid="verdict">
      <span className={styles.seal} data-tone={tone}>
        <ToneGlyph tone={tone} size={22} />
      </span>
      <div className={styles.told}>
        <p className={styles.sentence} title={text === whole ? undefined : whole}>
          {cause !== 'unknown' && confidence === 'low' ? <b>Suspected. </b> : null}
          <b>{lead}</b>
          {rest}
        </p>
        {children === undefined ? null : <div className={styles.beside}>{children}</div>}
        {raising.length === 0 ? null : (
          <p className={styles.beside} data-testid="would-raise">
            <span>What would make it more certain: {raising.join(' ')}</span>
          </p>
        )}
      </div>
      {/* Of what is not known there is no degree. */}
      <div className={styles.confidence}>
        <b data-testid="confidence">{cause === 'unknown' ? 'Unknown' : capitalise(confidenceLabels[confidence])}</b>
        <span>{reasonSentence(because)}</span>
      </div>
    </section>
  )
}

/** "Policy denied it." is the verdict, what follows is why; a sentence that has no such beginning stays whole. */
export function leadOf(sentence: string): { readonly lead: string; readonly rest: string } {
  const found = /^[^.:“”]{1,60}[.:](?= )/.exec(sentence)?.[0] ?? ''
  return { lead: found, rest: sentence.slice(found.length) }
}
