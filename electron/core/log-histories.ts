import type { SearchedElsewhere } from '../../shared/contract/logs.ts'
import type { FoundRecords, LogHistory, LogReader, RawRecord, StoredRecord } from './log-store.ts'
import { createPatience, type PatienceLimits } from './patience.ts'

export interface JoinedReader extends LogReader {
  /** Of every history that was asked until now. */
  elsewhere(): readonly SearchedElsewhere[]
}

/**
 * One's own records and those kept elsewhere as one, without duplicates. Made for one question: a history that does not answer,
 * or not within the time that it is given for all of the question, is not asked again, and what is held is found all the same.
 * Rejects with the signal's reason once whoever asks has stopped.
 */
export function readTogether(own: LogReader, histories: readonly LogHistory[], limits: PatienceLimits): JoinedReader {
  const asked = new Map<string, SearchedElsewhere>()
  const patience = new Map(histories.map(({ id }) => [id, createPatience(limits)]))

  /** Rejects with a person's words. */
  function within<Value>({ id }: LogHistory, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const own = patience.get(id)
    return own === undefined ? Promise.reject(new Error(`${id} is no longer read`)) : own.wait(work)
  }

  async function ask(history: LogHistory, ...query: Parameters<LogReader['find']>): Promise<FoundRecords> {
    const before = asked.get(history.id)
    if (before !== undefined && before.silent !== null) return nothingTold
    const { from, to } = history.searched(query[1])
    const searched = {
      source: history.id,
      from: Math.min(from, before?.from ?? from),
      to: Math.max(to, before?.to ?? to),
    }
    try {
      const found = await within(history, (signal) => history.find(...query, signal))
      // Of several questions at once one may have failed meanwhile: then it stays silent.
      asked.set(history.id, { ...searched, silent: asked.get(history.id)?.silent ?? null })
      return found
    } catch (reason) {
      if (limits.signal.aborted) throw limits.signal.reason
      asked.set(history.id, { ...searched, silent: wordsOf(reason) })
      return nothingTold
    }
  }

  /** A text that does not come is missing, and so is what only it would have told: then the history is silent too. */
  async function text(history: LogHistory, record: StoredRecord): Promise<RawRecord> {
    try {
      return await within(history, (signal) => history.raw(record, signal))
    } catch (reason) {
      if (limits.signal.aborted) throw limits.signal.reason
      const before = asked.get(history.id)
      const { from, to } = before ?? { from: record.at, to: record.at }
      asked.set(history.id, { source: history.id, from, to, silent: before?.silent ?? wordsOf(reason) })
      return { outcome: 'gone', why: wordsOf(reason) }
    }
  }

  return {
    async find(id, window, limit) {
      const [held, ...others] = await Promise.all([
        own.find(id, window, limit),
        ...histories.map((history) => ask(history, id, window, limit)),
      ])
      const known = new Set(held.records.map(contentOf))
      const records = [...held.records]
      for (const { records: found } of others) {
        const fresh = found.filter((record) => !known.has(contentOf(record)))
        for (const record of fresh) known.add(contentOf(record))
        records.push(...fresh)
      }
      const sorted = records.toSorted((one, other) => one.at - other.at)
      const isComplete = [held, ...others].every(({ complete }) => complete)
      return { records: sorted.slice(0, limit), complete: isComplete && sorted.length <= limit }
    },
    async raw(record) {
      const { locator } = record
      if (locator.in !== 'history') return own.raw(record)
      const history = histories.find(({ id }) => id === locator.history)
      return history === undefined
        ? { outcome: 'gone', why: `${locator.history} is no longer read` }
        : text(history, record)
    },
    elsewhere: () => [...asked.values()],
  }
}

/** That somebody is silent is told by `elsewhere`; that there is more than was asked for is another thing. */
const nothingTold: FoundRecords = { records: [], complete: true }

function wordsOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason)
}

/** All that a record says by itself, whoever kept it: the same line is parsed alike wherever it was found. */
function contentOf(record: StoredRecord): string {
  const { source: _source, receivedAt: _receivedAt, locator: _locator, ...content } = record
  return JSON.stringify(Object.entries(content).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}
