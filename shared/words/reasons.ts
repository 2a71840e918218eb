import type { Reason } from '../domain/model/graph.ts'
import { changeReasons } from './diagnosis-change.ts'
import { forecastReasons } from './diagnosis-forecast.ts'
import { handshakeDiagnosisReasons } from './diagnosis-handshake.ts'
import { identityDiagnosisReasons } from './diagnosis-identity.ts'
import { requestDiagnosisReasons } from './diagnosis-request.ts'
import type { Params } from './param-text.ts'
import { policyReasons } from './policy.ts'
import { authorisationReasons } from './reasons-authorisation.ts'
import { claimReasons } from './reasons-claims.ts'
import { controlReasons } from './reasons-control.ts'
import { transportReasons } from './reasons-transport.ts'
import { valueReasons } from './reasons-values.ts'
import { workloadReasons } from './reasons-workloads.ts'
import { vaultReasons } from './vault-reasons.ts'

type Sentences = Readonly<Record<string, (params: Params) => string>>

const families: readonly Sentences[] = [
  transportReasons,
  authorisationReasons,
  claimReasons,
  workloadReasons,
  controlReasons,
  valueReasons,
  vaultReasons,
  policyReasons,
  requestDiagnosisReasons,
  handshakeDiagnosisReasons,
  forecastReasons,
  identityDiagnosisReasons,
  changeReasons,
]

const sentences: Sentences = Object.fromEntries(families.flatMap((family) => Object.entries(family)))

/** Codes that have words, twice where two families have one: tests refuse that, and compare them with the codes of the domain. */
export const reasonCodesWithWords: readonly string[] = families.flatMap((family) => Object.keys(family))

/** One or two whole sentences. A code of a newer service is shown as itself, never as nothing. */
export function reasonSentence(reason: Reason): string {
  const sentence = Object.hasOwn(sentences, reason.code) ? sentences[reason.code] : undefined
  return sentence === undefined ? `No words are known for the reason “${reason.code}”.` : sentence(reason.params)
}
