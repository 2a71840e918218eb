import { createHash } from 'node:crypto'
import type { HistorySource } from '../../../../shared/domain/model/environment.ts'
import type {
  FoundRecords,
  LogHistory,
  RecordId,
  RecordKind,
  StoredRecord,
  TimeWindow,
} from '../../../core/log-store.ts'
import type { ConnectorPorts, ObserveSettings } from '../../../core/ports.ts'
import { maskText } from '../mask-record.ts'
import { readUpload } from '../read-upload.ts'
import { createLokiClient, type LokiClient, LokiFailure, type LokiPorts } from './client.ts'
import { compareTimes, type LokiEntry } from './wire.ts'

type SelectedKind = keyof HistorySource['select']

/** Kinds whose records have an id of each sort. */
const kindsWith: Readonly<Record<RecordId['by'], readonly SelectedKind[]>> = {
  request: ['opa-decisions', 'envoy-access', 'integrity-events', 'spire-audit', 'vault-audit'],
  trace: ['opa-decisions', 'envoy-access', 'integrity-events'],
  decision: ['opa-decisions', 'envoy-access'],
}

const idKeys = { request: 'requestId', trace: 'traceId', decision: 'decisionId' } as const

/** What brings lines to Loki gives them a time of its own, or reads it from them: a record may lie so far from its time. Milliseconds. */
const apartMs = 10 * 60_000
/** Lines in one answer, and answers to one question: an id has few. */
const mostInPage = 500
const leastInPage = 10
const mostPages = 20
/** Texts of lines that were found, for when they are asked for in full. Characters. */
const mostKept = 16 * 1024 * 1024

/** Finds the records of an id in a Loki: its lines are looked through for the id there, and parsed and masked here. */
export function createLokiHistory(
  source: HistorySource,
  settings: Pick<ObserveSettings, 'baseDirectory'>,
  ports: LokiPorts & Pick<ConnectorPorts, 'clock'>,
): LogHistory {
  const client = createLokiClient(source, settings, ports)
  const texts = new Map<string, { readonly text: string; readonly masked: boolean }>()
  let kept = 0

  function searched(window: TimeWindow | null): TimeWindow {
    if (window !== null) return window
    const now = ports.clock.now()
    return { from: now - source.searchHours * 3_600_000, to: now + apartMs }
  }

  function keep(key: string, text: string, masked: boolean): void {
    if (kept + text.length > mostKept || texts.has(key)) return
    kept += text.length
    texts.set(key, { text, masked })
  }

  /** Records of one line; a line that is none of this kind has none. */
  function recordsIn(record: SelectedKind, { time, line }: LokiEntry): readonly StoredRecord[] {
    const text = maskText(line, 'lines')
    const arrival = { record, source: source.id, receivedAt: Number(BigInt(time) / 1_000_000n), form: 'lines' } as const
    const { records } = readUpload(text, arrival, { segment: 0, offset: 0 })
    if (records.length === 0) return []
    const hash = createHash('sha256').update(line).digest('hex').slice(0, 32)
    keep(`${time}/${hash}`, text, text !== line)
    return records.map(({ stored }) => ({
      ...stored,
      locator: { in: 'history', history: source.id, entry: time, hash },
    }))
  }

  async function ofKind(
    kind: SelectedKind,
    selector: string,
    id: RecordId,
    window: TimeWindow,
    limit: number,
    signal: AbortSignal,
  ): Promise<FoundRecords> {
    const found: StoredRecord[] = []
    const range = { from: nanoseconds(window.from - apartMs), to: nanoseconds(window.to + apartMs) }
    const pages = pagesOf(client, `${selector} |= ${quoted(id.id)}`, range, signal)
    for await (const { entries, isLast } of pages) {
      const records = entries
        .flatMap((entry) => recordsIn(kind, entry))
        .filter((record) => record[idKeys[id.by]] === id.id && record.at >= window.from && record.at <= window.to)
      found.push(...records)
      if (isLast) return { records: found, complete: true }
      if (found.length > limit) break
    }
    return { records: found, complete: false }
  }

  return {
    id: source.id,
    searched,
    async find(id, window, limit, signal) {
      const within = searched(window)
      // Text that no file of ours could hold names nothing.
      if (!id.id.isWellFormed()) return { records: [], complete: true }
      const found = await Promise.all(
        kindsWith[id.by].flatMap((kind) => {
          const selector = source.select[kind]
          return selector === undefined ? [] : [ofKind(kind, selector, id, within, limit, signal)]
        }),
      )
      const records = found.flatMap((answer) => answer.records).toSorted((one, other) => one.at - other.at)
      return {
        records: withoutRepeats(records).slice(0, limit),
        complete: found.every(({ complete }) => complete) && records.length <= limit,
      }
    },
    async raw({ locator, record }, signal) {
      if (locator.in !== 'history') return { outcome: 'gone', why: `it is not of ${source.id}` }
      const key = `${locator.entry}/${locator.hash}`
      const selector = isSelected(record) ? source.select[record] : undefined
      if (!texts.has(key) && selector !== undefined && isSelected(record)) {
        const from = BigInt(locator.entry)
        for (const entry of await client.lines(
          { query: selector, from, to: from + millisecond, limit: mostInPage },
          signal,
        )) {
          recordsIn(record, entry)
        }
      }
      const text = texts.get(key)
      return text === undefined
        ? { outcome: 'gone', why: `${source.id} no longer has it` }
        : { outcome: 'found', ...text }
    },
  }
}

/** Loki refuses to look through less. Nanoseconds. */
const millisecond = 1_000_000n

/**
 * Pages by time, oldest first: each begins at the last time of the one before, whose lines of that very time are left out.
 * Ends after `mostPages`, without one that is the last.
 */
async function* pagesOf(
  client: LokiClient,
  query: string,
  { from, to }: { readonly from: bigint; readonly to: bigint },
  signal: AbortSignal,
): AsyncGenerator<{ readonly entries: readonly LokiEntry[]; readonly isLast: boolean }> {
  let start = from
  let limit = mostInPage
  let seen = new Set<string>()
  for (let page = 0; page < mostPages; page += 1) {
    signal.throwIfAborted()
    let entries: readonly LokiEntry[]
    try {
      entries = await client.lines({ query, from: start, to, limit }, signal)
    } catch (error) {
      if (!(error instanceof LokiFailure && error.isTooLarge && limit > leastInPage)) throw error
      limit = Math.max(leastInPage, Math.floor(limit / 8))
      continue
    }
    const fresh = entries.filter((entry) => !seen.has(keyOf(entry)))
    const isLast = entries.length < limit
    yield { entries: fresh, isLast }
    const last = entries.at(-1)
    if (isLast || last === undefined) return
    // More lines of one moment than a page holds cannot be told apart by time: the rest of them is passed over.
    start = fresh.length === 0 ? BigInt(last.time) + 1n : BigInt(last.time)
    seen = new Set(entries.filter(({ time }) => compareTimes(time, last.time) === 0).map(keyOf))
  }
}

function keyOf({ time, line }: LokiEntry): string {
  return `${time}/${line}`
}

/** The same line in two streams, such as of two agents that ship one file. */
function withoutRepeats(records: readonly StoredRecord[]): readonly StoredRecord[] {
  const seen = new Set<string>()
  return records.filter(({ locator, record }) => {
    const key = locator.in === 'history' ? `${record}/${locator.hash}` : ''
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

function isSelected(record: RecordKind): record is SelectedKind {
  return record !== 'kubernetes-audit'
}

/** The id as it stands in JSON, as a string of LogQL. */
function quoted(id: string): string {
  return JSON.stringify(JSON.stringify(id).slice(1, -1))
}

function nanoseconds(at: number): bigint {
  return BigInt(Math.max(0, Math.trunc(at))) * 1_000_000n
}
