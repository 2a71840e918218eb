import type { RequestDiagnosis } from '../../../shared/domain/diagnosis/model.ts'
import { confidenceLabels } from '../../../shared/words/diagnosis.ts'
import { formatMoment } from '../../../shared/words/durations.ts'
import { reasonSentence } from '../../../shared/words/reasons.ts'
import { capitalise } from '../../../shared/words/states.ts'
import { toneOfCause } from './looks.ts'
import styles from './request.module.css'
import { ToneGlyph } from './tone-glyph.tsx'

/** One sentence and how sure that is: the reader can stop here. */
export function RequestVerdict({ diagnosis }: { readonly diagnosis: RequestDiagnosis }) {
  const { verdict, subject } = diagnosis
  const { cause, reason, confidence, because, wouldRaise } = verdict
  const tone = toneOfCause(cause)
  const { lead, rest } = leadOf(reasonSentence(reason))
  const raising = [...new Set(wouldRaise.map(reasonSentence))]
  const { method, path, status, at } = subject
  return (
    <section
      className={styles.verdict}
      data-tone={tone}
      data-cause={cause}
      aria-label="Verdict"
      data-testid="request-verdict"
    >
      <span className={styles.seal} data-tone={tone}>
        <ToneGlyph tone={tone} size={22} />
      </span>
      <div className={styles.told}>
        <p className={styles.sentence}>
          {cause !== 'unknown' && confidence === 'low' ? <b>Suspected. </b> : null}
          <b>{lead}</b>
          {rest}
        </p>
        <p className={styles.about}>
          {method === null && path === null ? null : (
            <code className={styles.cut} title={`${method ?? '?'} ${path ?? '?'}`}>
              {method ?? '?'} {path ?? '?'}
            </code>
          )}
          {status === null ? null : <span>{status}</span>}
          {at === null ? null : <span>{formatMoment(at)}</span>}
          <Id name="request" id={subject.requestId} />
          <Id name="decision" id={subject.decisionId} />
          <Id name="trace" id={subject.traceId} />
        </p>
        {raising.length === 0 ? null : (
          <p className={styles.about} data-testid="would-raise">
            <span>What would make it more certain: {raising.join(' ')}</span>
          </p>
        )}
      </div>
      {/* Of what is not known there is no degree. */}
      <div className={styles.confidence}>
        <b data-testid="request-confidence">
          {cause === 'unknown' ? 'Unknown' : `${capitalise(confidenceLabels[confidence])}`}
        </b>
        <span>{reasonSentence(because)}</span>
      </div>
    </section>
  )
}

function Id({ name, id }: { readonly name: string; readonly id: string | null }) {
  return id === null ? null : (
    <span className={styles.id}>
      {name}{' '}
      <code className={styles.cut} title={id}>
        {id}
      </code>
    </span>
  )
}

/** "Policy denied it." is the verdict, what follows is why; a sentence that has no such beginning stays whole. */
export function leadOf(sentence: string): { readonly lead: string; readonly rest: string } {
  const found = /^[^.:“”]{1,60}[.:](?= )/.exec(sentence)?.[0] ?? ''
  return { lead: found, rest: sentence.slice(found.length) }
}
