import { Check, CircleHelp, X } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Verdict } from '../../../../shared/domain/diagnosis/model.ts'
import { confidenceLabels } from '../../../../shared/words/diagnosis.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { capitalise } from '../../../../shared/words/states.ts'
import styles from './handshake.module.css'
import { shortSentence } from './short.ts'

export type VerdictTone = 'fail' | 'warn' | 'ok' | 'unknown'

/** One sentence, and how sure that is with why: whoever reads no further knows what is the matter. */
export function VerdictCard({
  verdict,
  tone,
  now,
  children,
}: {
  readonly verdict: Verdict<string>
  readonly now: number
  readonly tone: VerdictTone
  /** The small line under the sentence. */
  readonly children?: ReactNode
}) {
  const { cause, reason, confidence, because, wouldRaise } = verdict
  const whole = reasonSentence(reason)
  const text = shortSentence(whole, now)
  const Glyph = tone === 'ok' ? Check : tone === 'unknown' ? CircleHelp : X
  const isSuspected = cause !== 'unknown' && confidence === 'low'
  return (
    <section className={styles.verdict} data-tone={tone} aria-label="Verdict" data-testid="verdict">
      <span className={styles.seal}>
        <Glyph size={22} aria-hidden="true" />
      </span>
      <div>
        <p className={styles.sentence} title={text === whole ? undefined : whole}>
          {isSuspected ? <b>Suspected: </b> : null}
          {text}
        </p>
        {children === undefined ? null : <p className={styles.beside}>{children}</p>}
        {wouldRaise.length === 0 ? null : (
          <p className={styles.beside}>
            Would make it more certain: {[...new Set(wouldRaise.map(reasonSentence))].join(' ')}
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
