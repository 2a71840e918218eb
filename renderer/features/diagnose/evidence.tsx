import type { Evidence, EvidenceSource } from '../../../shared/domain/diagnosis/model.ts'
import { evidenceSourceText } from '../../../shared/words/diagnosis.ts'
import { recordLabel } from '../../../shared/words/diagnosis-evidence.ts'
import { formatAge } from '../../../shared/words/durations.ts'
import { reasonSentence } from '../../../shared/words/reasons.ts'
import { basisGlyph, basisWord, sourceLabel } from '../../../shared/words/states.ts'
import styles from './request-chain.module.css'

/** "● access log 12 s": how it is known, from where, how long ago. */
export function EvidenceMark({ evidence, now }: { readonly evidence: readonly Evidence[]; readonly now: number }) {
  const [first, ...others] = evidence
  if (first === undefined) return null
  const { glyph, meaning, name, at } = markOf(first.from)
  return (
    <span title={`${meaning}: ${evidenceSourceText(first.from)}. How do we know?`}>
      <span aria-hidden="true">{glyph}</span> {name}
      {others.length === 0 ? '' : ` +${others.length}`}
      {at === null ? '' : ` ${formatAge(now - at)}`}
    </span>
  )
}

/** Every piece with its sentence, its literal text and where to find it again. */
export function EvidenceList({
  id,
  evidence,
  now,
}: {
  readonly id: string
  readonly evidence: readonly Evidence[]
  readonly now: number
}) {
  return (
    <ul id={id} className={styles.evidence} aria-label="How do we know?">
      {evidence.map((each, index) => {
        const { at } = markOf(each.from)
        return (
          <li key={`${evidenceSourceText(each.from)} ${index + 1}`}>
            <span>{reasonSentence(each.reason)}</span>
            {each.literal === null || each.literal === '' ? null : (
              <code className={styles.literal}>{each.literal}</code>
            )}
            <small>
              {evidenceSourceText(each.from)}
              {at === null ? '' : `, ${formatAge(now - at)} ago`}
            </small>
          </li>
        )
      })}
    </ul>
  )
}

function markOf(from: EvidenceSource): {
  readonly glyph: string
  readonly meaning: string
  readonly name: string
  readonly at: number | null
} {
  switch (from.kind) {
    case 'fact': {
      const { basis, source, observedAt } = from.fact
      return { glyph: basisGlyph(basis), meaning: basisWord(basis), name: sourceLabel(source), at: observedAt }
    }
    case 'record':
      return { glyph: basisGlyph('measured'), meaning: 'measured', name: recordLabel(from.record), at: from.at }
    case 'pasted':
      return { glyph: basisGlyph('declared'), meaning: 'nothing proves it', name: 'pasted line', at: null }
    case 'evaluation':
      return { glyph: basisGlyph('derived'), meaning: 'derived', name: 'evaluated again', at: null }
  }
}
