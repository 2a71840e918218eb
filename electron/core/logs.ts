import type {
  FindInput,
  FoundAnswer,
  FoundLine,
  ImportAnswer,
  ImportInput,
  RecordsAnswer,
  RecordsInput,
  RefusedAnswer,
  RefusedInput,
} from '../../shared/contract/logs.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { Failure } from './failure.ts'
import { readTogether } from './log-histories.ts'
import type { LogStores } from './log-keeping.ts'
import type { FoundRecords, LogReader, StoredRecord } from './log-store.ts'
import type { Observation } from './observation.ts'
import { onlyNow, type Pasts } from './past.ts'
import type { Clock } from './ports.ts'

/** The logs namespace of the contract. */
export interface LogsHandlers {
  refused(input: RefusedInput): Promise<RefusedAnswer>
  find(input: FindInput, signal: AbortSignal): Promise<FoundAnswer>
  records(input: RecordsInput): Promise<RecordsAnswer>
  importFile(input: ImportInput): Promise<ImportAnswer>
}

export interface LogLookUp extends LogsHandlers {
  /** The record of one decision: logs that are kept elsewhere are asked only where it is not held here. */
  decision(environment: string, id: string, signal: AbortSignal): Promise<FoundAnswer>
}

/** Somebody who looks for records alone waits so long for logs that are kept elsewhere. Milliseconds. */
const elsewhereMs = 20_000
/** Records with the id of one decision: its own, and the lines of both Envoys. */
const ofDecision = 10

/** Of an environment that is read the logs that are kept elsewhere; asking is what starts the reading. */
export interface HistoriesOf {
  use(environment: string): Promise<{ readonly observation: Pick<Observation, 'histories'> }>
}

export function createLogsHandlers(
  sessions: HistoriesOf,
  stores: Pick<LogStores, 'of' | 'settle' | 'lost'>,
  clock: Clock,
  pasts: Pick<Pasts, 'asked'> = onlyNow,
): LogLookUp {
  async function opened(environment: string, signal: AbortSignal) {
    const { observation } = await sessions.use(environment)
    const store = await stores.of(environment)
    await stores.settle(environment)
    return { store, everywhere: readTogether(store, observation.histories(), { clock, withinMs: elsewhereMs, signal }) }
  }

  async function answerOf(
    { store, everywhere }: Awaited<ReturnType<typeof opened>>,
    found: FoundRecords,
  ): Promise<FoundAnswer> {
    const records = await Promise.all(found.records.map((stored) => lineOf(stored, everywhere)))
    const { heldSince } = await store.state()
    const elsewhere = everywhere.elsewhere()
    const complete = found.complete && elsewhere.every(({ silent }) => silent === null)
    return { heldSince, records, complete, elsewhere }
  }

  return {
    async find({ environment, by, id, limit }, signal) {
      const reading = await opened(environment, signal)
      return answerOf(reading, await reading.everywhere.find({ by, id }, null, limit))
    },
    async records({ environment, record, minutes, text = null, limit }) {
      await sessions.use(environment)
      const store = await stores.of(environment)
      await stores.settle(environment)
      const to = clock.now()
      const from = to - minutes * 60_000
      const found = await store.records({ record, window: { from, to: to + aheadMs }, text, limit })
      const records = await Promise.all(
        found.records.map((stored) => lineOf(stored, stored.locator.in === 'import' ? columnsReader : store)),
      )
      const { heldSince } = await store.state()
      const intake = (await store.counts())
        .filter((counts) => counts.record === record)
        .map(({ source, accepted, refused, sampleRefused }) => ({ source, accepted, refused, sampleRefused }))
      return { from, to, heldSince, records, complete: found.complete, intake }
    },
    async importFile({ environment, file, record, source }) {
      if (!absolute.test(file)) throw new Failure('invalid', file, 'The path of a file to import has to be absolute.')
      await sessions.use(environment)
      const store = await stores.of(environment)
      const result = await store.importFile(file, record, source, clock.now()).catch((reason: unknown) => {
        const words = reason instanceof Error ? reason.message : String(reason)
        const advice = 'Nothing of it was taken. Name a file of one record a line, packed with gzip or not.'
        throw new Failure('invalid', file, `The file could not be imported: ${words}`, advice)
      })
      const counts = (await store.counts()).find((of) => of.record === record && of.source === source)
      return { ...result, sampleRefused: result.refused === 0 ? null : (counts?.sampleRefused ?? null) }
    },
    async decision(environment, id, signal) {
      const reading = await opened(environment, signal)
      const held = await reading.store.find({ by: 'decision', id }, null, ofDecision)
      const isHeld = held.records.some(({ record }) => record === 'opa-decisions')
      return answerOf(reading, isHeld ? held : await reading.everywhere.find({ by: 'decision', id }, null, ofDecision))
    },
    async refused({ environment, at, limit, minutes, why, callerSpiffeId, calleeSpiffeId }) {
      const past = await pasts.asked(environment, at)
      if (past !== null && past.logs !== 'kept') return past.logs.refused ?? nothingHeld(past.at, minutes)
      // Asking is what starts the reading of an environment.
      const { observation } = await sessions.use(environment)
      const store = await stores.of(environment)
      await stores.settle(environment)
      const notAsked = observation.histories().map(({ id }) => id)
      const to = past?.at ?? clock.now()
      const from = to - minutes * 60_000
      const { requests, complete } = await store.refusedRequests({
        // Writers' clocks may be ahead of ours a little.
        window: { from, to: past === null ? to + aheadMs : to },
        limit,
        ...(why === undefined ? {} : { why }),
        ...(callerSpiffeId === undefined ? {} : { callerSpiffeId }),
        ...(calleeSpiffeId === undefined ? {} : { calleeSpiffeId }),
      })
      const { heldSince } = await store.state()
      return { from, to, heldSince, notAsked, lost: stores.lost(environment), requests, complete }
    },
  }
}

const aheadMs = 60_000

function nothingHeld(to: EpochMs, minutes: number): RefusedAnswer {
  return { from: to - minutes * 60_000, to, heldSince: null, notAsked: [], lost: 0, requests: [], complete: true }
}

/** Whoever asks may be in another folder than whoever reads. */
const absolute = /^(\/|[A-Za-z]:[\\/]|\\\\)/

async function lineOf(stored: StoredRecord, reader: Pick<LogReader, 'raw'>): Promise<FoundLine> {
  const raw = await reader.raw(stored)
  const { record, source, at, receivedAt, requestId, traceId, decisionId } = stored
  const text = raw.outcome === 'found' ? raw.text : null
  return { record, source, at, receivedAt, requestId, traceId, decisionId, text }
}

/** What is kept of a record: an imported file would be read from its beginning for each line that is shown. */
const columnsReader: Pick<LogReader, 'raw'> = {
  async raw({ record: _record, source: _source, receivedAt: _receivedAt, locator: _locator, ...columns }) {
    return { outcome: 'found', text: JSON.stringify(columns), masked: true }
  },
}
