import type { DiagnoseRequestInput } from '../../shared/contract/diagnosis.ts'
import type { OpenQuestion, RequestDiagnosis } from '../../shared/domain/diagnosis/model.ts'
import { tell } from '../../shared/domain/diagnosis/reasons.ts'
import { diagnoseRequest } from '../../shared/domain/diagnosis/request/diagnose-request.ts'
import { gatherRequest } from './gather-request.ts'
import type { DiagnosisParts, Reading } from './parts.ts'

/** A verdict is given so soon after it was asked for, whoever is silent meanwhile: what came too late is named. Milliseconds. */
const verdictMs = 2800

export interface RequestParts extends Omit<DiagnosisParts, 'reading'> {
  /** Of a `DiagnosisParts`; the signal ends what is asked of logs that are kept elsewhere. */
  readonly reading: (environment: string, signal: AbortSignal) => Promise<Reading>
}

/** Why a request was refused. Rejects like `gatherRequest`, and with the signal's reason once nobody waits for it. */
export async function requestInTime(
  parts: RequestParts,
  { environment, asked }: DiagnoseRequestInput,
  signal: AbortSignal,
): Promise<RequestDiagnosis> {
  const { clock } = parts
  const began = clock.now()
  const left = (): number => Math.max(0, verdictMs - (clock.now() - began))
  let reading: Reading | null = null
  const found = await gatherRequest(
    {
      ...parts,
      clock: {
        now: () => clock.now(),
        // Evaluating again has what looking for the records has left.
        sleep: (ms, stop) => clock.sleep(Math.min(ms, left()), AbortSignal.any([stop, signal])),
      },
      evaluate: (name, decision, stop, tellLive) =>
        parts.evaluate(name, decision, AbortSignal.any([stop, signal]), tellLive),
      async reading(name) {
        reading = await parts.reading(name, signal)
        return reading
      },
    },
    environment,
    asked,
  )
  const diagnosis = diagnoseRequest(found)
  return { ...diagnosis, open: openOf(diagnosis, reading) }
}

/** Logs that are kept elsewhere and did not tell are named, each with the time that it was asked about. */
function openOf({ open, verdict }: RequestDiagnosis, reading: Reading | null): readonly OpenQuestion[] {
  const silent = (reading?.elsewhere?.() ?? []).flatMap(({ source, from, to, silent: why }) =>
    why === null ? [] : [{ history: source, from, to, why }],
  )
  if (silent.length === 0) return open
  const logs = reading?.health.find(({ source }) => source === 'logs')
  const isOnlyThem = logs === undefined || logs.configured - logs.answering <= silent.length
  return [
    ...silent.map((each) => ({
      reason: tell('history-silent', each),
      couldChangeVerdict: verdict.confidence !== 'high',
    })),
    // That nothing read from logs tells of it would say less, and too much of those that did tell.
    ...open.filter(
      ({ reason: { code, params } }) => !(isOnlyThem && code === 'nothing-tells' && params['source'] === 'logs'),
    ),
  ]
}
