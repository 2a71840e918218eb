import { readFile } from 'node:fs/promises'
import {
  type IntakeCounts,
  type LogStore,
  type RecordKind,
  type RefusedRequest,
  type Retention,
  recordKinds,
  type StoredAccess,
  type StoredDecision,
  type StoredRecord,
  type TimeWindow,
  type Upload,
} from '../../core/log-store.ts'
import { createHopActivity } from '../activity/hop-activity.ts'
import { activityFrom } from './activity-provenance.ts'
import { ownColumns } from './embedded/columns.ts'
import { heldTexts } from './held-text.ts'
import { createIntakeCounts } from './intake-counts.ts'
import { maskContent, maskText, maskValue } from './mask-record.ts'
import { itemsOf, linesOf, readUpload } from './read-upload.ts'
import type { Understood } from './records.ts'
import { sumsOfRefusals } from './refusal-sums.ts'
import { apart, joinedRefusals } from './refusals.ts'
import { authorisationCountsOf, coverageOf, decisionCountsOf, denialsOf } from './statistics.ts'
import { unpack } from './unpack.ts'

interface Held extends Understood {
  /** As received, masked. */
  readonly text: string
  /** One line. */
  readonly line: string | null
  readonly number: number
}

/** Records that are held at most; the oldest go first. */
const mostHeld = 50_000
const linesAtOnce = 2000

/**
 * A bounded store in memory: for `--live` without memory of its own, and for tests. Nothing outlives it, so `append`
 * promises no more than that.
 */
export function createMemoryStore(retention: Retention): LogStore {
  let held: Held[] = []
  let bytes = 0
  let taken = 0
  const identities = new Set<string>()
  const intake = createIntakeCounts()

  function drop(count: number): void {
    for (const gone of held.slice(0, count)) {
      bytes -= gone.text.length
      if (gone.identity !== null) identities.delete(identityKey(gone))
    }
    held = held.slice(count)
  }

  function take(text: string, upload: Omit<Upload, 'bytes' | 'encoding'>): IntakeCounts {
    const read = readUpload(text, upload, { segment: 0, offset: 0 })
    let repeated = 0
    const texts = textsOf(text, upload.form)
    const items = read.records.map(({ stored }) => (stored.locator.in === 'segment' ? stored.locator.item : 0))
    const lines = new Map(heldTexts(Buffer.from(text), upload.form, items).map((line, index) => [items[index], line]))
    for (const record of read.records) {
      const key = identityKey(record)
      if (record.identity !== null && identities.has(key)) {
        repeated += 1
        continue
      }
      if (record.identity !== null) identities.add(key)
      const { locator } = record.stored
      const item = locator.in === 'segment' ? locator.item : 0
      const own = texts.get(item) ?? ''
      taken += 1
      held.push({ ...record, text: own, line: lines.get(item) ?? null, number: taken })
      bytes += own.length
    }
    const over = held.length - mostHeld
    if (over > 0) drop(over)
    while (bytes > retention.maxBytes && held.length > 0) drop(Math.ceil(held.length / 10))
    return intake.add(upload, read, repeated)
  }

  function within(window: TimeWindow | null): readonly Held[] {
    return held
      .filter(({ stored }) => window === null || (stored.at >= window.from && stored.at <= window.to))
      .toSorted((left, right) => left.stored.at - right.stored.at)
  }

  function ofKind<Kind extends RecordKind>(kind: Kind): readonly Extract<StoredRecord, { readonly record: Kind }>[] {
    return held
      .map(({ stored }) => stored)
      .filter((stored): stored is Extract<StoredRecord, { readonly record: Kind }> => stored.record === kind)
  }

  return {
    async append(upload) {
      const unpacked = await unpack(upload)
      if (unpacked.kind === 'refused') return { outcome: 'refused', why: unpacked.why }
      take(maskContent(unpacked.content, upload.form).toString('utf8'), upload)
      return { outcome: 'stored' }
    },
    async settle() {},
    async find(id, window, limit) {
      const key = ({ request: 'requestId', trace: 'traceId', decision: 'decisionId' } as const)[id.by]
      const found = within(window).filter(({ stored }) => stored[key] === id.id)
      return { records: found.slice(0, limit).map(({ stored }) => stored), complete: found.length <= limit }
    },
    async records({ record, window, text, limit }) {
      const wanted = text?.toLowerCase() ?? null
      const found = within(window)
        .map(({ stored }) => stored)
        .filter((stored) => stored.record === record && (wanted === null || ownText(stored).includes(wanted)))
      return { records: found.slice(-limit), complete: found.length <= limit }
    },
    async raw(record) {
      const found = held.find(({ stored }) => stored === record)
      if (found === undefined) return { outcome: 'gone', why: 'it is no longer held' }
      return rawOf(found.text)
    },
    async hopActivity(window) {
      const bySource = Map.groupBy(
        within(window).filter(({ access }) => access !== null),
        ({ stored }) => stored.source,
      )
      return [...bySource].flatMap(([source, records]) => {
        const activity = createHopActivity(source)
        for (const { access } of records) if (access !== null) activity.add(access, access.at)
        return activity.facts(activityFrom(source, window)).filter((fact) => fact.kind === 'hop-activity')
      })
    },
    async refusedRequests(query) {
      const records = within(query.window).map(({ stored }) => stored)
      const decisions = records.filter((record): record is StoredDecision => record.record === 'opa-decisions')
      const accesses = records.filter((record): record is StoredAccess => record.record === 'envoy-access')
      const refused = joinedRefusals(accesses, decisions).filter((request) => fits(request, query))
      return { requests: refused.slice(0, query.limit), complete: refused.length <= query.limit }
    },
    refusalSums: async (query) =>
      sumsOfRefusals(
        within({ from: query.window.from - apart, to: query.window.to + apart }).map(({ stored }) => stored),
        query,
      ),
    decisionCounts: async (query) => decisionCountsOf(ofKind('opa-decisions'), query),
    authorisationCounts: async (window) =>
      authorisationCountsOf(ofKind('envoy-access'), ofKind('opa-decisions'), window),
    denialsBy: async (window, buckets) => denialsOf(ofKind('envoy-access'), ofKind('opa-decisions'), window, buckets),
    hopCoverage: async (window, bucketMs) =>
      coverageOf(
        within(window).flatMap(({ stored: { at, source }, sides }) => sides.map((side) => ({ at, source, side }))),
        bucketMs,
      ),
    async *lines(record, after, signal) {
      const found = held
        .filter(({ stored, number }) => stored.record === record && (after === null || cursorOf(number) > after))
        .toSorted((left, right) => left.number - right.number)
      for (let start = 0; start < found.length; start += linesAtOnce) {
        signal.throwIfAborted()
        yield found.slice(start, start + linesAtOnce).map(({ stored: { source, at, receivedAt }, line, number }) => ({
          cursor: cursorOf(number),
          source,
          at,
          receivedAt,
          text: line,
        }))
      }
    },
    async linesWindow(record, window) {
      const numbers = within(window)
        .filter(({ stored }) => stored.record === record)
        .map(({ number }) => number)
        .toSorted((left, right) => left - right)
      const [first] = numbers
      const last = numbers.at(-1)
      if (first === undefined || last === undefined) return null
      return { first: cursorOf(first), last: cursorOf(last), count: numbers.length }
    },
    counts: async () => intake.all(),
    async state() {
      const times = held.map(({ stored }) => stored.at)
      return {
        retention,
        heldSince: times.length === 0 ? null : times.reduce((least, at) => Math.min(least, at)),
        records: countsByKind(held.map(({ stored }) => stored)),
        bytes,
        waiting: 0,
      }
    },
    async retain(now) {
      const gone = held.filter(({ stored }) => stored.receivedAt < now - retention.maxAgeMs).length
      held.sort((left, right) => left.stored.receivedAt - right.stored.receivedAt)
      drop(gone)
    },
    async importFile(file, record, source, now) {
      const bytesOfFile = await readFile(file)
      const unpacked = await unpack({ encoding: file.endsWith('.gz') ? 'gzip' : 'identity', bytes: bytesOfFile })
      if (unpacked.kind === 'refused') throw new Error(`${file} is ${unpacked.why}`)
      const text = unpacked.content.toString('utf8')
      const form = text.trimStart().startsWith('[') ? 'array' : 'lines'
      const { accepted, refused, repeated, passedOver } = take(maskText(text, form), {
        record,
        source,
        receivedAt: now,
        form,
      })
      return { accepted, refused, repeated, passedOver }
    },
    async close() {
      held = []
      identities.clear()
    },
  }
}

/** Compares as text. */
function cursorOf(number: number): string {
  return String(number).padStart(16, '0')
}

/** What stands in the record's own columns, in lower case. */
function ownText(stored: StoredRecord): string {
  const own: Readonly<Record<string, unknown>> = ownColumns[stored.record]
  const values = Object.entries(stored).filter(([name]) => Object.hasOwn(own, name))
  return values
    .map(([, value]) => (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '')))
    .join(' ')
    .toLowerCase()
}

function identityKey({ identity, stored }: Understood): string {
  return `${stored.record}/${stored.at}/${identity}`
}

function textsOf(text: string, form: Upload['form']): ReadonlyMap<number, string> {
  if (form === 'lines') return new Map(linesOf(text))
  return new Map((itemsOf(text, form) ?? []).map((value, item) => [item, JSON.stringify(maskValue(value)) ?? '']))
}

function rawOf(text: string) {
  return { outcome: 'found', text, masked: text.includes('***') } as const
}

function fits(
  request: RefusedRequest,
  query: { readonly why?: string; readonly callerSpiffeId?: string; readonly calleeSpiffeId?: string },
): boolean {
  return (
    (query.why === undefined || query.why === request.why) &&
    (query.callerSpiffeId === undefined || query.callerSpiffeId === request.callerSpiffeId) &&
    (query.calleeSpiffeId === undefined || query.calleeSpiffeId === request.calleeSpiffeId)
  )
}

function countsByKind(records: readonly StoredRecord[]): Readonly<Record<RecordKind, number>> {
  const counts = Object.fromEntries(recordKinds.map((kind) => [kind, 0])) as Record<RecordKind, number>
  for (const { record } of records) counts[record] += 1
  return counts
}
