import { useId } from 'react'
import type { IdentityCandidate, IdentityCriterion } from '../../../../shared/domain/diagnosis/no-identity/model.ts'
import { formatAge } from '../../../../shared/words/durations.ts'
import { reasonSentence } from '../../../../shared/words/reasons.ts'
import { basisGlyph, sourceLabel } from '../../../../shared/words/states.ts'
import parts from '../parts.module.css'
import styles from './identity.module.css'

const partLabels: Readonly<Record<IdentityCriterion['part'], string>> = {
  'pod-label': 'Pod label',
  'namespace-label': 'Namespace label',
  namespace: 'Namespace',
  template: 'Template',
  selector: 'Selector',
  parent: 'Agent',
  class: 'Class',
  'spiffe-id': 'SPIFFE ID',
}

const states: Readonly<Record<IdentityCriterion['state'], { readonly glyph: string; readonly words: string }>> = {
  met: { glyph: '✓', words: 'met' },
  missing: { glyph: '✕', words: 'missing' },
  differs: { glyph: '✕', words: 'differs' },
  unknown: { glyph: '?', words: 'not known' },
}

/** One object or entry: what it asks for beside what the workload has. */
export function CandidateView({ candidate, now }: { readonly candidate: IdentityCandidate; readonly now: number }) {
  const heading = useId()
  const { kind, name, spiffeId, fits, isExpected, criteria, notes, fact, stale } = candidate
  return (
    <section className={`${parts.panel} ${styles.candidate}`} aria-labelledby={heading}>
      <header>
        <h4 id={heading}>
          {kind === 'entry' ? 'Registration entry' : kind} <code>{name}</code>
        </h4>
        <span className={styles.fits} data-fits={fits === null ? 'unknown' : fits}>
          {fits === null ? '? cannot be told' : fits ? '✓ is for it' : '✕ is not for it'}
        </span>
      </header>
      <p className={styles.gives}>
        Gives <code>{spiffeId}</code>
        {isExpected === false ? ', which is not what is expected' : ''}
        <span title={fact.locator}>
          {' '}
          · {basisGlyph(fact.basis)} {sourceLabel(fact.source)} {formatAge(now - fact.observedAt)}
          {stale ? ', last known' : ''}
        </span>
      </p>
      {criteria.length === 0 ? null : (
        <table className={`${parts.table} ${parts.cells}`} aria-labelledby={heading}>
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">State</span>
              </th>
              <th scope="col">Of</th>
              <th scope="col">Want</th>
              <th scope="col">Have</th>
            </tr>
          </thead>
          <tbody>
            {criteria.map(({ part, key, want, have, state }) => (
              <tr key={`${part} ${key} ${want}`} data-state={state}>
                <td title={states[state].words}>
                  <span aria-hidden="true">{states[state].glyph}</span>
                  <span className="visually-hidden">{states[state].words}</span>
                </td>
                <th scope="row">{partLabels[part]}</th>
                <td>
                  <code>{want}</code>
                </td>
                <td>{have === null ? state === 'unknown' ? 'not known' : 'nothing' : <code>{have}</code>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {notes.map((note) => (
        <p key={reasonSentence(note)} className={styles.note}>
          {reasonSentence(note)}
        </p>
      ))}
    </section>
  )
}
