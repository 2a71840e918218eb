import type { LogReader, RecordId, StoredRecord, TimeWindow } from '../core/log-store.ts'

/** Of one request; what has more records than that is a trace that never ends. */
const mostRecords = 500
/** Ids that are followed of what was found first. */
const mostIds = 20
/** Records of one request are written within this time of each other. Milliseconds. */
const aroundMs = 10 * 60_000

/**
 * What is held of an id, and then everything that has the request ids of that: lines of both Envoys of every call, reports of the
 * stages. A decision whose input does not name its request is found by the id that Envoy logged of it.
 */
export async function findRecords(store: Pick<LogReader, 'find'>, asked: RecordId): Promise<readonly StoredRecord[]> {
  const { records: first } = await store.find(asked, null, mostRecords)
  const byRequest = await follow(store, 'request', first, asked, first)
  const both = distinct([...first, ...byRequest])
  const known = new Set(both.filter(({ record }) => record === 'opa-decisions').map(({ decisionId }) => decisionId))
  const unknown = both.filter(({ decisionId }) => decisionId !== null && !known.has(decisionId))
  const byDecision = await follow(store, 'decision', unknown, asked, both)
  return distinct([...both, ...byDecision]).toSorted((one, other) => one.at - other.at)
}

/** The same of a line that is not held itself, by the ids in it. */
export async function findAround(store: Pick<LogReader, 'find'>, line: StoredRecord): Promise<readonly StoredRecord[]> {
  const { requestId, decisionId } = line
  if (requestId !== null) return findRecords(store, { by: 'request', id: requestId })
  return decisionId === null ? [] : findRecords(store, { by: 'decision', id: decisionId })
}

/** What else has the trace ids of these. It may be of other requests, when a trace has several. */
export async function findSameTrace(
  store: Pick<LogReader, 'find'>,
  of: readonly StoredRecord[],
): Promise<readonly StoredRecord[]> {
  const held = new Set(of.map((record) => JSON.stringify(record)))
  const ids = [...new Set(of.map(({ traceId }) => traceId).filter((id) => id !== null))].slice(0, mostIds)
  const answers = await Promise.all(ids.map((id) => store.find({ by: 'trace', id }, windowAround(of), mostRecords)))
  return distinct(answers.flatMap(({ records }) => records)).filter((record) => !held.has(JSON.stringify(record)))
}

async function follow(
  store: Pick<LogReader, 'find'>,
  by: 'request' | 'decision',
  found: readonly StoredRecord[],
  asked: RecordId,
  around: readonly StoredRecord[],
): Promise<readonly StoredRecord[]> {
  const idOf = ({ requestId, decisionId }: StoredRecord): string | null => (by === 'request' ? requestId : decisionId)
  const ids = new Set(found.map(idOf).filter((id) => id !== null && (asked.by !== by || id !== asked.id)))
  const answers = await Promise.all(
    [...ids]
      .filter((id) => id !== null)
      .slice(0, mostIds)
      .map((id) => store.find({ by, id }, windowAround(around), mostRecords)),
  )
  return answers.flatMap(({ records }) => records)
}

function windowAround(records: readonly StoredRecord[]): TimeWindow {
  const times = records.map(({ at }) => at)
  return { from: Math.min(...times) - aroundMs, to: Math.max(...times) + aroundMs }
}

/** By all that is known of a record: a store in memory has no places that tell two apart. */
function distinct(records: readonly StoredRecord[]): readonly StoredRecord[] {
  return [...new Map(records.map((record) => [JSON.stringify(record), record])).values()]
}
