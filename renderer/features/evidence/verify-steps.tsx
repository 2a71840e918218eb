import { Check, Minus, X } from 'lucide-react'
import type { VerifyStep } from '../../../shared/domain/evidence/model.ts'
import { limitationSentence } from '../../../shared/words/evidence.ts'
import { verifyStepWords } from '../../../shared/words/evidence-verify.ts'
import styles from './evidence.module.css'

/** In the order in which they are made: the signature before anything is believed. */
export function VerifySteps({ steps }: { readonly steps: readonly VerifyStep[] }) {
  return (
    <ol className={styles.verifySteps} data-testid="evidence-steps">
      {steps.map(({ step, outcome, finding }, at) => (
        // A step that fails stands once for each thing that is wrong.
        <li key={`${step} ${at}`} data-outcome={outcome} data-step={step}>
          {outcome === 'passed' ? (
            <Check size={14} aria-label="passed" />
          ) : outcome === 'failed' ? (
            <X size={14} aria-label="failed" />
          ) : (
            <Minus size={14} aria-label="not checked" />
          )}
          <span>{verifyStepWords[step]}</span>
          <span className={styles.meta}>{limitationSentence(finding)}</span>
        </li>
      ))}
    </ol>
  )
}
