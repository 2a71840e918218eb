import { CircleCheck, CircleHelp, CircleX, TriangleAlert } from 'lucide-react'
import type { VerifyResult } from '../../../shared/domain/evidence/model.ts'
import { completenessWords, integrityWords } from '../../../shared/words/evidence.ts'
import styles from './evidence.module.css'

/** Integrity and completeness: two statements, side by side, neither of which stands for the other. */
export function Verdicts({
  result,
  gaps,
  insufficient,
}: {
  readonly result: VerifyResult | null
  readonly gaps: number
  readonly insufficient: number
}) {
  const integrity = result?.integrity ?? null
  const completeness = result?.completeness ?? null
  return (
    <div className={styles.verdicts} data-testid="evidence-verdicts">
      <div data-tone={integrity === null ? 'unknown' : integrity === 'intact' ? 'ok' : 'fail'}>
        <h3>
          {integrity === null ? (
            <CircleHelp size={14} aria-hidden="true" />
          ) : integrity === 'intact' ? (
            <CircleCheck size={14} aria-hidden="true" />
          ) : (
            <CircleX size={14} aria-hidden="true" />
          )}
          Integrity: {result === null ? 'not checked' : integrityWords(result)}
        </h3>
        <p>
          {integrity === null
            ? 'It was not verified since this window was opened.'
            : integrity === 'intact'
              ? 'Signed by the given key, and unchanged since.'
              : 'Do not rely on it: see the steps.'}
        </p>
      </div>
      <div data-tone={completeness === 'complete' ? 'ok' : completeness === 'gaps' ? 'warn' : 'unknown'}>
        <h3>
          {completeness === 'complete' ? (
            <CircleCheck size={14} aria-hidden="true" />
          ) : completeness === 'gaps' ? (
            <TriangleAlert size={14} aria-hidden="true" />
          ) : (
            <CircleHelp size={14} aria-hidden="true" />
          )}
          Completeness: {result === null ? declaredWords(gaps) : completenessWords(result)}
        </h3>
        <p>
          {completeness === 'complete'
            ? 'Every artefact covers the whole period.'
            : insufficient === 0
              ? 'What is lacking stands below.'
              : `${insufficient === 1 ? 'One artefact does' : `${insufficient} artefacts do`} not show enough of the period.`}
        </p>
      </div>
    </div>
  )
}

function declaredWords(gaps: number): string {
  return gaps === 0 ? 'no gap declared' : gaps === 1 ? '1 gap declared' : `${gaps} gaps declared`
}
