import type { Limitation } from '../domain/evidence/model.ts'
import { artefactSentences } from './evidence-artefacts.ts'
import { verifySentences } from './evidence-findings.ts'
import { resultSentences } from './evidence-results.ts'

type Params = Limitation['params']

/** Codes of limitations, reasons of results, methods of counting and findings of verifiers, each as a sentence. */
export const limitationSentences: Readonly<Record<string, (params: Params) => string>> = {
  ...resultSentences,
  ...artefactSentences,
  ...verifySentences,
}
