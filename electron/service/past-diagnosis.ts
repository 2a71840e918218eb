import { readTogether } from '../core/log-histories.ts'
import type { LogHistory, LogReader, LogStore } from '../core/log-store.ts'
import { historyUntil, noRecords, recordsUntil } from '../core/log-until.ts'
import type { Past } from '../core/past.ts'
import { pastHealth } from '../core/past-view.ts'
import type { Clock } from '../core/ports.ts'
import type { DiagnosisHandlerParts } from '../diagnosis/handlers.ts'

/** Where the log records of an environment are. */
export interface RecordsOf {
  readonly store: LogReader & Pick<LogStore, 'refusalSums' | 'state'>
  /** Kept elsewhere. */
  readonly histories: readonly LogHistory[]
}

/** Milliseconds, as of the diagnosis of now. */
const elsewhereMs = 1200

/** What a diagnosis of the past is made of: the facts of then, and the records that had been written. No server is asked anything. */
export function pastParts(
  present: DiagnosisHandlerParts,
  past: Past,
  clock: Clock,
  recordsOf: () => Promise<RecordsOf>,
): DiagnosisHandlerParts {
  const { at } = past
  const { past: _noPastOfThePast, ...parts } = present
  return {
    ...parts,
    clock: { now: () => at, sleep: (ms, signal) => clock.sleep(ms, signal) },
    async evaluate(environment, decisionId, signal, tellLive) {
      if (past.logs !== 'kept') return { evaluation: null, whyNot: 'no-input', masked: [], live: null }
      const evaluated = await parts.evaluate(environment, decisionId, signal, () => tellLive(null))
      if (evaluated.evaluation === null) return { ...evaluated, live: null }
      // What the policy store leads to now says nothing of then.
      return { ...evaluated, live: null, evaluation: { ...evaluated.evaluation, newest: null } }
    },
    async reading(_environment, signal = new AbortController().signal) {
      const records: RecordsOf = past.logs === 'kept' ? await recordsOf() : { store: noRecords, histories: [] }
      const histories = records.histories.map((history) => historyUntil(history, at))
      const store = recordsUntil(records.store, at)
      const everywhere = readTogether(store, histories, { clock, withinMs: elsewhereMs, signal })
      const scopes = [...past.states.values()]
      return {
        graph: past.graph,
        facts: scopes.flatMap(({ facts }) => facts),
        scopes,
        health: pastHealth(past),
        store: { ...store, find: everywhere.find, raw: everywhere.raw },
        elsewhere: everywhere.elsewhere,
        histories: histories.map(({ id }) => id),
      }
    },
  }
}
