import type { LogReader, RecordId, StoredRecord, TimeWindow } from '../core/log-store.ts'

/** Of one request; what has more records than that is a trace that never ends. */
const mostRecords = 500
/** So often a store is asked on from where it ended, so that a refusal behind the first records is found. */
const mostPages = 4
/** Ids that are followed of what was found first. */
const mostIds = 20
/** Records of one request are written within this time of each other. Milliseconds. */
const aroundMs = 10 * 60_000

type Finder = Pick<LogReader, 'find'>

/** Oldest first. `isWhole`: nothing more is held under the ids. */
export interface RecordsOf {
  readonly records: readonly StoredRecord[]
  readonly isWhole: boolean
}

/**
 * What is held of an id, and then everything that has the request ids of that: lines of both Envoys of every call, reports of the
 * stages. A decision whose input does not name its request is found by the id that Envoy logged of it.
 */
export async function findRecords(store: Finder, asked: RecordId, now: number): Promise<RecordsOf> {
  const first = await read(store, asked, null, now + aroundMs)
  const byRequest = await follow(store, 'request', first.records, asked, first.records)
  const both = distinct([...first.records, ...byRequest.records])
  const known = new Set(both.filter(({ record }) => record === 'opa-decisions').map(({ decisionId }) => decisionId))
  const unknown = both.filter(({ decisionId }) => decisionId !== null && !known.has(decisionId))
  const byDecision = await follow(store, 'decision', unknown, asked, both)
  return cut({
    records: distinct([...both, ...byDecision.records]),
    isWhole: first.isWhole && byRequest.isWhole && byDecision.isWhole,
  })
}

/** The same of a line that is not held itself, by the ids in it. */
export async function findAround(store: Finder, line: StoredRecord, now: number): Promise<RecordsOf> {
  const { requestId, decisionId } = line
  if (requestId !== null) return findRecords(store, { by: 'request', id: requestId }, now)
  if (decisionId !== null) return findRecords(store, { by: 'decision', id: decisionId }, now)
  return { records: [], isWhole: true }
}

/** What else has the trace ids of these. It may be of other requests, when a trace has several. */
export async function findSameTrace(store: Finder, of: readonly StoredRecord[]): Promise<RecordsOf> {
  const held = new Set(of.map((record) => JSON.stringify(record)))
  const ids = [...new Set(of.map(({ traceId }) => traceId).filter((id) => id !== null))]
  const answers = await Promise.all(
    ids.slice(0, mostIds).map((id) => store.find({ by: 'trace', id }, windowAround(of), mostRecords)),
  )
  const records = distinct(answers.flatMap((answer) => answer.records))
  return {
    records: records.filter((record) => !held.has(JSON.stringify(record))),
    isWhole: ids.length <= mostIds && answers.every(({ complete }) => complete),
  }
}

async function follow(
  store: Finder,
  by: 'request' | 'decision',
  found: readonly StoredRecord[],
  asked: RecordId,
  around: readonly StoredRecord[],
): Promise<RecordsOf> {
  const idOf = ({ requestId, decisionId }: StoredRecord): string | null => (by === 'request' ? requestId : decisionId)
  // Of more ids than are followed those first that something was refused under.
  const refused = found.filter(isRefused)
  const ids = new Set([...refused, ...found].map(idOf))
  const others = [...ids].filter((id) => id !== null).filter((id) => asked.by !== by || id !== asked.id)
  // The decision on a call that passed refused nothing.
  const needed = by === 'decision' ? new Set(refused.map(idOf)) : ids
  const window = windowAround(around)
  const answers = await Promise.all(others.slice(0, mostIds).map((id) => read(store, { by, id }, window, window.to)))
  return {
    records: answers.flatMap(({ records }) => records),
    isWhole: !others.slice(mostIds).some((id) => needed.has(id)) && answers.every(({ isWhole }) => isWhole),
  }
}

/** A store gives the oldest first, and no more than it is asked for: it is asked on from the last that it gave. */
async function read(store: Finder, id: RecordId, window: TimeWindow | null, to: number): Promise<RecordsOf> {
  const pages: StoredRecord[] = []
  let asked = window
  for (let page = 0; page < mostPages; page += 1) {
    const { records, complete } = await store.find(id, asked, mostRecords)
    pages.push(...records)
    if (complete) return { records: distinct(pages), isWhole: true }
    const last = records.at(-1)
    // Without a step onwards it would answer the same again.
    if (last === undefined || (asked !== window && last.at <= (asked?.from ?? 0)) || last.at > to) break
    asked = { from: last.at, to }
  }
  return { records: distinct(pages), isWhole: false }
}

/** What was refused first, then the oldest: of records without an end the rest repeats itself. */
function cut({ records, isWhole }: RecordsOf): RecordsOf {
  const sorted = records.toSorted((one, other) => one.at - other.at)
  if (sorted.length <= mostRecords) return { records: sorted, isWhole }
  const kept = [...sorted.filter(isRefused), ...sorted.filter((record) => !isRefused(record))].slice(0, mostRecords)
  return { records: kept.toSorted((one, other) => one.at - other.at), isWhole: false }
}

/** Refused, failed, or let pass without a decision: what a verdict rests on. */
function isRefused(record: StoredRecord): boolean {
  switch (record.record) {
    case 'envoy-access':
      return (
        record.failure !== null ||
        (record.status !== null && (record.status === 0 || record.status >= 400)) ||
        ['denied', 'error', 'failed-open'].includes(record.authorisation ?? '')
      )
    case 'opa-decisions':
      return record.outcome !== 'allow'
    case 'integrity-events':
      return ['failed', 'lost', 'missing'].includes(record.outcome)
    default:
      return false
  }
}

function windowAround(records: readonly StoredRecord[]): TimeWindow {
  const times = records.map(({ at }) => at)
  return { from: Math.min(...times) - aroundMs, to: Math.max(...times) + aroundMs }
}

/** By all that is known of a record: a store in memory has no places that tell two apart. */
function distinct(records: readonly StoredRecord[]): readonly StoredRecord[] {
  return [...new Map(records.map((record) => [JSON.stringify(record), record])).values()]
}
