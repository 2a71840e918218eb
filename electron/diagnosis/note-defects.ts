import type { OpenQuestion } from '../../shared/domain/diagnosis/model.ts'
import type { Log } from '../core/ports.ts'

/** A rule that failed is a fault of ours: whoever asked is told by the diagnosis itself, and whoever runs Everyhop by its log. */
export function noteDefects<Diagnosis extends { readonly open: readonly OpenQuestion[] }>(
  log: Pick<Log, 'error'>,
  diagnosis: Diagnosis,
): Diagnosis {
  for (const { reason } of diagnosis.open) {
    if (reason.code === 'rule-failed-itself') log.error('a rule of the diagnosis failed', reason.params)
  }
  return diagnosis
}
