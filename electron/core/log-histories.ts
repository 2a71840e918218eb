import type { SearchedElsewhere } from '../../shared/contract/logs.ts'
import type { FoundRecords, LogHistory, LogReader, StoredRecord } from './log-store.ts'

export interface JoinedReader extends LogReader {
  /** Of every history that was asked until now. */
  elsewhere(): readonly SearchedElsewhere[]
}

/**
 * One's own records and those kept elsewhere as one, without duplicates. Made for one question: a history that does not answer
 * is not asked again, and what is held is found all the same.
 */
export function readTogether(own: LogReader, histories: readonly LogHistory[]): JoinedReader {
  const asked = new Map<string, SearchedElsewhere>()

  async function ask(history: LogHistory, ...query: Parameters<LogReader['find']>): Promise<FoundRecords> {
    const before = asked.get(history.id)
    if (before !== undefined && before.silent !== null) return { records: [], complete: false }
    const { from, to } = history.searched(query[1])
    const searched = {
      source: history.id,
      from: Math.min(from, before?.from ?? from),
      to: Math.max(to, before?.to ?? to),
    }
    try {
      const found = await history.find(...query)
      // Of several questions at once one may have failed meanwhile: then it stays silent.
      asked.set(history.id, { ...searched, silent: asked.get(history.id)?.silent ?? null })
      return found
    } catch (reason) {
      asked.set(history.id, { ...searched, silent: reason instanceof Error ? reason.message : String(reason) })
      return { records: [], complete: false }
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
      if (history === undefined) return { outcome: 'gone', why: `${locator.history} is no longer read` }
      return history.raw(record).catch((reason: unknown) => ({
        outcome: 'gone',
        why: reason instanceof Error ? reason.message : String(reason),
      }))
    },
    elsewhere: () => [...asked.values()],
  }
}

/** All that a record says by itself, whoever kept it: the same line is parsed alike wherever it was found. */
function contentOf(record: StoredRecord): string {
  const { source: _source, receivedAt: _receivedAt, locator: _locator, ...content } = record
  return JSON.stringify(Object.entries(content).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}
