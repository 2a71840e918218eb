import type { FindInput, FoundAnswer, RefusedAnswer, RefusedInput } from '../../shared/contract/logs.ts'
import { readTogether } from './log-histories.ts'
import type { LogStores } from './log-keeping.ts'
import type { Clock } from './ports.ts'
import type { Sessions } from './sessions.ts'

/** The logs namespace of the contract. */
export interface LogsHandlers {
  refused(input: RefusedInput): Promise<RefusedAnswer>
  find(input: FindInput): Promise<FoundAnswer>
}

export function createLogsHandlers(sessions: Sessions, stores: LogStores, clock: Clock): LogsHandlers {
  return {
    async refused({ environment, limit, minutes, why, callerSpiffeId, calleeSpiffeId }) {
      // Asking is what starts the reading of an environment.
      await sessions.use(environment)
      const store = await stores.of(environment)
      await stores.settle(environment)
      const to = clock.now()
      const from = to - minutes * 60_000
      const { requests, complete } = await store.refusedRequests({
        // Writers' clocks may be ahead of ours a little.
        window: { from, to: to + aheadMs },
        limit,
        ...(why === undefined ? {} : { why }),
        ...(callerSpiffeId === undefined ? {} : { callerSpiffeId }),
        ...(calleeSpiffeId === undefined ? {} : { calleeSpiffeId }),
      })
      const { heldSince } = await store.state()
      return { from, to, heldSince, lost: stores.lost(environment), requests, complete }
    },
    async find({ environment, by, id, limit }) {
      const { observation } = await sessions.use(environment)
      const store = await stores.of(environment)
      await stores.settle(environment)
      const everywhere = readTogether(store, observation.histories())
      const found = await everywhere.find({ by, id }, null, limit)
      const records = await Promise.all(
        found.records.map(async (stored) => {
          const raw = await everywhere.raw(stored)
          const { record, source, at, receivedAt, requestId, traceId, decisionId } = stored
          const text = raw.outcome === 'found' ? raw.text : null
          return { record, source, at, receivedAt, requestId, traceId, decisionId, text }
        }),
      )
      const { heldSince } = await store.state()
      return { heldSince, records, complete: found.complete, elsewhere: everywhere.elsewhere() }
    },
  }
}

const aheadMs = 60_000
