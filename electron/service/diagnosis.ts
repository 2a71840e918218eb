import type { Journal } from '../core/journal.ts'
import { readTogether } from '../core/log-histories.ts'
import type { LogStores } from '../core/log-keeping.ts'
import type { Pasts } from '../core/past.ts'
import type { PolicyTrials } from '../core/policy-trials.ts'
import type { Clock, Log } from '../core/ports.ts'
import type { Sessions } from '../core/sessions.ts'
import { changeFinder } from '../diagnosis/change.ts'
import { evaluator } from '../diagnosis/evaluate.ts'
import { createDiagnosisHandlers, type DiagnosisHandlerParts, type DiagnosisHandlers } from '../diagnosis/handlers.ts'
import type { RecordReading } from '../diagnosis/parts.ts'
import type { ProbeParts } from '../diagnosis/probe.ts'
import { rememberVerdicts } from '../diagnosis/remember-verdicts.ts'
import { pastParts, type RecordsOf } from './past-diagnosis.ts'

/** A verdict is wanted in three seconds: logs that are kept elsewhere have so much of it, all that is asked of one together. Milliseconds. */
const elsewhereMs = 1200
const never = new AbortController().signal

/** What the rest of the service gives to the diagnosis. */
export interface DiagnosisNeighbours {
  readonly clock: Clock
  readonly log: Log
  readonly records: RecordReading
  readonly sessions: Sessions
  readonly logStores: LogStores
  readonly policy: PolicyTrials
  readonly probing: ProbeParts
  readonly pasts: Pick<Pasts, 'asked'>
}

export function diagnosisOf(
  parts: DiagnosisHandlerParts,
  { journal, isKept }: { readonly journal: Journal; readonly isKept: boolean },
  isOwn: (environment: string) => boolean,
): DiagnosisHandlers {
  const { clock, log } = parts
  const isRemembered = (environment: string): boolean => isKept && isOwn(environment)
  return rememberVerdicts(createDiagnosisHandlers(parts), { journal, clock, log, isRemembered })
}

export function diagnosisPartsOf(neighbours: DiagnosisNeighbours): DiagnosisHandlerParts {
  const { clock, log, records, sessions, logStores, policy, probing, pasts } = neighbours

  async function recordsOf(environment: string): Promise<RecordsOf> {
    const { observation } = await sessions.use(environment)
    const store = await logStores.of(environment)
    await logStores.settle(environment)
    return { store, histories: observation.histories() }
  }

  const parts: DiagnosisHandlerParts = {
    clock,
    log,
    records,
    evaluate: evaluator(policy),
    findChange: changeFinder(policy, clock),
    probing,
    async reading(environment, signal = never) {
      const { keeper, observation } = await sessions.use(environment)
      const store = await logStores.of(environment)
      await logStores.settle(environment)
      const histories = observation.histories()
      const everywhere = readTogether(store, histories, { clock, withinMs: elsewhereMs, signal })
      return {
        graph: keeper.fresh().graph,
        facts: [...observation.store.states.values()].flatMap(({ facts }) => facts),
        scopes: [...observation.store.states.values()],
        health: observation.health(),
        store: {
          find: everywhere.find,
          raw: everywhere.raw,
          refusalSums: (query) => store.refusalSums(query),
          state: () => store.state(),
        },
        elsewhere: everywhere.elsewhere,
        histories: histories.map(({ id }) => id),
      }
    },
    async past(environment, at) {
      const past = await pasts.asked(environment, at)
      return past === null ? null : pastParts(parts, past, clock, () => recordsOf(environment))
    },
  }
  return parts
}
