import { hash } from 'node:crypto'
import type { FactSpan, GapSpan, HistoryReader } from '../../electron/core/history-store.ts'
import type { Journal } from '../../electron/core/journal.ts'
import type { LogStatistics } from '../../electron/core/log-statistics.ts'
import type { IntakeCounts, LogStore, RecordKind } from '../../electron/core/log-store.ts'
import { recordKinds } from '../../electron/core/log-store.ts'
import type { SealedLine, SealedStream, Seals } from '../../electron/core/seals.ts'
import type { ArtefactWriter, EvidenceSources, OwnLine, TakenLine } from '../../electron/evidence/artefact.ts'
import { lineValue, understand } from '../../electron/logs/stores/records.ts'
import type { Period } from '../../shared/domain/evidence/model.ts'
import type { SealedHead } from '../../shared/domain/evidence/seals.ts'
import type { HistoryEvent, WatchGap } from '../../shared/domain/history/model.ts'
import type { Environment } from '../../shared/domain/model/environment.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import type { Fact, Gap } from '../../shared/domain/model/fact.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import { noon } from './log-records.ts'

const minute = 60_000
const day = 24 * 60 * minute

/** The hour after noon. */
export const evidencePeriod: Period = { from: noon, to: noon + 60 * minute }

/** A line that was sealed; without `head` in the first one. */
export interface BuiltLine {
  readonly value: unknown
  readonly at?: number
  readonly source?: string
  readonly head?: number
  readonly changed?: boolean
  readonly gone?: boolean
}

export interface EvidenceParts {
  readonly environment?: string
  readonly configured?: Partial<Environment['sources']>
  readonly settings?: Partial<Environment>
  readonly lines?: Partial<Record<SealedStream, readonly BuiltLine[]>>
  readonly facts?: readonly Fact[]
  readonly spans?: readonly FactSpan[]
  readonly gapSpans?: readonly GapSpan[]
  readonly watchGaps?: readonly WatchGap[]
  /** Heads whose leaves are gone. */
  readonly leafless?: readonly SealedHead[]
  /** Lines of the period that are held and came after all heads, and whether others were sealed long after. */
  readonly unsealed?: number
  readonly areLater?: boolean
  readonly recorded?: { readonly from: number | null; readonly to: number | null }
  readonly events?: readonly HistoryEvent[]
  readonly statistics?: Partial<LogStatistics>
  readonly graph?: TrustGraph | null
  readonly bundles?: Readonly<Record<string, Uint8Array>>
  readonly journal?: Partial<Journal>
}

/** A fact that was true over the whole period and still is. */
export function spanOf(fact: Fact, from = evidencePeriod.from - 10 * minute, to: number | null = null): FactSpan {
  return { scope: 'test/scope', fact, latest: fact, from, to, learntAt: from }
}

export function gapSpanOf(
  gap: Partial<Gap> & Pick<Gap, 'source' | 'instance' | 'what'>,
  from: number,
  to: number | null,
): GapSpan {
  const whole: Gap = { reason: 'unreachable', detail: 'connect ECONNREFUSED', at: from, ...gap }
  return { scope: `${whole.source}/${whole.instance}/${whole.what}`, gap: whole, from, to }
}

/** An environment of which everything is known, unless the parts say otherwise. */
export function evidenceSources(parts: EvidenceParts = {}): EvidenceSources {
  const sealed = sealedLines(parts)
  const heads = headNumbers(sealed)
  return {
    environment: parts.environment ?? 'test',
    configured: environmentOf(parts),
    history: historyOf(parts),
    logs: logsOf(parts, sealed),
    seals: sealsOf(sealed, heads),
    journal: journalOf(parts),
    heads,
    leafless: parts.leafless ?? [],
    areLater: parts.areLater ?? false,
    graphAt: async () => parts.graph ?? null,
    bundle: async ({ bundle, revision }) => parts.bundles?.[`${bundle}@${revision}`] ?? null,
    understand(record, text) {
      const value = lineValue(record, text)
      if (value.kind === 'refused') return null
      const arrival = { record, source: 'test', receivedAt: noon }
      const read = understand(value.value, () => text, arrival, { in: 'segment', segment: 1, offset: 0, item: 0 })
      return read.kind === 'record' ? read.record.stored : null
    },
  }
}

function environmentOf({ configured, settings, environment }: EvidenceParts): Environment {
  return environmentSchema.parse({
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name: environment ?? 'test',
    sources: configured ?? {},
    ...settings,
  })
}

type Sealed = ReadonlyMap<SealedStream, readonly SealedLine[]>

function sealedLines({ lines = {} }: EvidenceParts): Sealed {
  const sealed = new Map<SealedStream, readonly SealedLine[]>()
  for (const stream of [...recordKinds, 'history-events', 'journal'] as const) {
    const next = new Map<number, number>()
    const all = (lines[stream] ?? []).map((built, position): SealedLine => {
      const text = typeof built.value === 'string' ? built.value : JSON.stringify(built.value)
      const head = built.head ?? 1
      const index = next.get(head) ?? 0
      next.set(head, index + 1)
      const at = built.at ?? noon + position
      return {
        head,
        index,
        leaf: hash('sha256', `\0${text}`, 'hex'),
        line: built.gone === true ? null : built.changed === true ? `${text} ` : text,
        changed: built.changed === true,
        source: built.source ?? 'log',
        at,
        receivedAt: at + 5,
      }
    })
    sealed.set(stream, all)
  }
  return sealed
}

function headNumbers(sealed: Sealed): readonly number[] {
  return [...new Set([...sealed.values()].flatMap((lines) => lines.map(({ head }) => head)))].toSorted((a, b) => a - b)
}

function sealsOf(sealed: Sealed, numbers: readonly number[]): Seals {
  return {
    seal: async () => null,
    heads: async () =>
      numbers.map(
        (number): SealedHead => ({
          number,
          from: noon - day,
          to: noon + day,
          sealedAt: noon + day,
          streams: [...sealed].flatMap(([stream, lines]) => {
            const size = lines.filter(({ head }) => head === number).length
            return size === 0 ? [] : [{ stream, size, root: '00' }]
          }),
          masking: 'mask-1',
          previous: '00',
          key: '00',
          signature: '',
        }),
      ),
    async *lines(stream, heads, signal) {
      for (const number of heads) {
        signal.throwIfAborted()
        const lines = (sealed.get(stream) ?? []).filter(({ head }) => head === number)
        for (let at = 0; at < lines.length; at += 3) yield lines.slice(at, at + 3)
      }
    },
    leafless: async () => [],
    verify: async () => ({ heads: numbers.length, problem: null }),
    deviceKey: '',
    assurance: 'memory',
    close: async () => undefined,
  }
}

function historyOf(parts: EvidenceParts): HistoryReader {
  const { from, to } = parts.recorded ?? { from: noon - day, to: noon + 60 * minute }
  const all = [...(parts.facts ?? []).map((fact) => spanOf(fact)), ...(parts.spans ?? [])]
  const overlaps = (one: { readonly from: number; readonly to: number | null }, window: Period): boolean =>
    one.from < window.to && (one.to === null || one.to > window.from)
  return {
    state: () => ({
      began: from,
      from,
      to,
      gaps: parts.watchGaps ?? [],
      retention: { maxAgeMs: 30 * day, maxBytes: 1e9 },
      bytes: 0,
    }),
    statesAt: (at) =>
      from === null || at < from
        ? null
        : {
            at,
            states: [],
            settings: null,
            gap: (parts.watchGaps ?? []).find((gap) => overlaps(gap, { from: at, to: at + 1 })) ?? null,
          },
    events: (window, limit) => {
      const found = (parts.events ?? []).filter(({ at }) => at >= window.from && at < window.to)
      return { events: found.slice(0, limit), complete: found.length <= limit }
    },
    eventsAfter: (number, limit) => (parts.events ?? []).filter((event) => event.number > number).slice(0, limit),
    gaps: (window) => (parts.watchGaps ?? []).filter((gap) => overlaps(gap, window)),
    spans: (window, kinds) =>
      all.filter((span) => overlaps(span, window) && (kinds === null || kinds.includes(span.fact.kind))),
    gapSpans: (window) => (parts.gapSpans ?? []).filter((span) => overlaps(span, window)),
  }
}

/** Only what artefacts ask. Statistics that a test does not give are empty. */
function logsOf({ statistics, unsealed = 0 }: EvidenceParts, sealed: Sealed): LogStore {
  const inWindow = (record: RecordKind, window: Period): readonly SealedLine[] =>
    (sealed.get(record) ?? []).filter(({ at }) => at >= window.from && at <= window.to)
  const asked: Partial<LogStore> = {
    linesWindow: async (record, window) => {
      const count = inWindow(record, window).length + unsealed
      return count === 0 ? null : { first: '0', last: '1', count }
    },
    counts: async () =>
      recordKinds.flatMap((record) =>
        [...Map.groupBy(sealed.get(record) ?? [], ({ source }) => source)].map(
          ([source, lines]): IntakeCounts => ({
            record,
            source,
            accepted: lines.length,
            refused: 0,
            repeated: 0,
            passedOver: 0,
            sampleRefused: null,
            lastRecordAt: Math.max(...lines.map(({ at }) => at)),
          }),
        ),
      ),
    decisionCounts: async () => ({ counts: [], total: 0, complete: true }),
    authorisationCounts: async () => ({ requests: [], decisions: 0, unclaimed: 0 }),
    hopCoverage: async () => [],
    ...statistics,
  }
  return asked as LogStore
}

function journalOf({ journal }: EvidenceParts): Journal {
  const absent = async (): Promise<never> => {
    throw new Error('evidence writes nothing into the journal')
  }
  return {
    begin: absent,
    end: absent,
    note: absent,
    list: async () => [],
    lines: async () => [],
    verify: async () => ({ entries: 0, intact: true, problem: null, head: null, unfinished: [] }),
    close: async () => undefined,
    ...journal,
  }
}

/** What an artefact wrote. */
export interface Written extends ArtefactWriter {
  readonly own: ReadonlyMap<string, readonly OwnLine[]>
  readonly taken: ReadonlyMap<SealedStream, readonly TakenLine[]>
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly tables: ReadonlyMap<string, readonly (readonly (string | number | null)[])[]>
  /** Records of one file. */
  records(file: string): readonly Readonly<Record<string, unknown>>[]
  /** Lines, of our own and sealed, that stand for something that deviated. */
  exceptions(): number
}

/** Keeps what is written, and refuses what a pack could not hold. */
export function writtenArtefact(): Written {
  const own = new Map<string, OwnLine[]>()
  const taken = new Map<SealedStream, TakenLine[]>()
  const files = new Map<string, Uint8Array>()
  const tables = new Map<string, (readonly (string | number | null)[])[]>()
  return {
    own,
    taken,
    files,
    tables,
    async lines(file, lines) {
      own.set(file, [...(own.get(file) ?? []), ...lines])
    },
    async sealed(stream, lines) {
      const before = taken.get(stream) ?? []
      for (const { line, take } of lines) {
        const last = before.at(-1)?.line
        const follows =
          last === undefined || line.head > last.head
            ? line.index === 0
            : line.head === last.head && line.index === last.index + 1
        if (!follows) throw new Error(`line ${line.head}/${line.index} of ${stream} does not follow`)
        if (take === 'line' && (line.line === null || line.changed))
          throw new Error(`line ${line.index} of ${stream} is not what was sealed`)
        before.push(...lines.filter((each) => each.line === line))
      }
      taken.set(stream, before)
    },
    async file(name, bytes) {
      if (!/^[a-z0-9][a-z0-9./-]{0,120}$/.test(name)) throw new Error(`no name for a file of a pack: ${name}`)
      files.set(name, bytes)
    },
    async row(file, cells) {
      const rows = tables.get(file) ?? []
      if (rows[0] !== undefined && rows[0].length !== cells.length)
        throw new Error(`${file} has rows of different lengths`)
      tables.set(file, [...rows, cells])
    },
    records: (file) => (own.get(file) ?? []).map(({ record }) => record),
    exceptions: () => [...own.values(), ...taken.values()].flat().filter(({ isException }) => isException).length,
  }
}
