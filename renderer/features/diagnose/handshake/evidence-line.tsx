import type { Evidence } from '../../../../shared/domain/diagnosis/model.ts'
import { evidenceSourceText } from '../../../../shared/words/diagnosis.ts'
import { formatAge } from '../../../../shared/words/durations.ts'
import { basisGlyph, basisWord, sourceLabel } from '../../../../shared/words/states.ts'
import styles from './handshake.module.css'

/** Where something was seen, one line a source. Text of a source is text, whatever it says. */
export function EvidenceLines({ evidence, now }: { readonly evidence: readonly Evidence[]; readonly now: number }) {
  const lines = new Map(evidence.map((each) => [evidenceSourceText(each.from), each]))
  return (
    <ul className={styles.sources}>
      {[...lines].map(([text, { from }]) => (
        <li key={text}>
          {from.kind === 'fact' ? (
            <>
              <span title={basisWord(from.fact.basis)}>{basisGlyph(from.fact.basis)}</span>{' '}
              {sourceLabel(from.fact.source)} <code>{from.fact.instance}</code>: <code>{from.fact.locator}</code>,{' '}
              {formatAge(now - from.fact.observedAt)} ago
            </>
          ) : (
            text
          )}
        </li>
      ))}
    </ul>
  )
}
