import type { DatabaseSync } from 'node:sqlite'
import type { Fact } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import type { FactSpan, GapSpan } from '../../core/history-store.ts'
import { parseFacts, readFact, withDelta } from './fact-text.ts'
import type { JsonObject } from './patch.ts'
import { readGaps } from './reads.ts'
import { lookOf } from './sampling.ts'

interface Window {
  readonly from: EpochMs
  readonly to: EpochMs
}

/** Where a span begins: small, so that millions can be put in order. The fact itself is read when it is its turn. */
interface Place {
  readonly part: number
  readonly scope: string
  readonly at: EpochMs
  readonly fact: string
  readonly from: EpochMs
  to: EpochMs | null
  /** The last version in the window that says the same of it. */
  latest: EpochMs
}

interface Version {
  readonly at: EpochMs
  readonly seen: EpochMs
  readonly facts: readonly JsonObject[]
}

export interface Spans {
  facts(window: Window, kinds: readonly Fact['kind'][] | null): Iterable<FactSpan>
  gaps(window: Window): Iterable<GapSpan>
}

/** Reads what was true in a window. A fact of which only sampled values differ is one span. */
export function readSpans(database: DatabaseSync): Spans {
  const parts = database.prepare('SELECT p.id, p.kinds, s.name FROM parts p JOIN scopes s ON s.id = p.scope')
  const inWindow = database.prepare(
    `SELECT at, seen, whole, delta FROM versions WHERE part = ?1 AND at < ?3
     AND at >= coalesce((SELECT max(at) FROM versions WHERE part = ?1 AND at <= ?2), 0) ORDER BY at`,
  )
  const oneVersion = database.prepare('SELECT at, seen, whole, delta FROM versions WHERE part = ? AND at = ?')
  const nextVersion = database.prepare(
    'SELECT at, seen, whole, delta FROM versions WHERE part = ? AND at > ? ORDER BY at LIMIT 1',
  )
  const wholeText = database.prepare('SELECT facts FROM wholes WHERE id = ?')
  const runs = database.prepare(
    `SELECT s.name, r.from_at, r.gaps FROM reads r JOIN scopes s ON s.id = r.scope WHERE r.from_at < ? ORDER BY r.scope, r.from_at`,
  )

  /** A part's versions follow each other: the whole one is mostly that of the last. */
  function reader(): (row: Readonly<Record<string, unknown>>) => Version {
    let whole = 0
    let base: readonly JsonObject[] = []
    return (row) => {
      const id = Number(row['whole'])
      if (id !== whole) {
        whole = id
        base = id === 0 ? [] : parseFacts(String(wholeText.get(id)?.['facts'] ?? '[]'))
      }
      return { at: Number(row['at']), seen: Number(row['seen']), facts: withDelta(base, String(row['delta'])) }
    }
  }

  function* placesOf(part: number, scope: string, window: Window, wanted: Wanted): Iterable<Place> {
    const open = new Map<string, { readonly look: string; readonly place: Place }>()
    const read = reader()
    for (const row of inWindow.iterate(part, window.from, window.to)) {
      const version = read(row)
      const facts = version.facts.map((written) => readFact(written, version.seen, version.seen)).filter(wanted)
      const left = new Map(open)
      for (const fact of facts) {
        const look = lookOf(fact)
        const before = open.get(fact.id)
        left.delete(fact.id)
        if (before?.look === look) {
          before.place.latest = version.at
          continue
        }
        if (before !== undefined) yield* closed(before.place, version.at, window.from)
        const from = Math.min(fact.from.observedAt, version.at)
        open.set(fact.id, {
          look,
          place: { part, scope, at: version.at, fact: fact.id, from, to: null, latest: version.at },
        })
      }
      for (const [id, { place }] of left) {
        open.delete(id)
        yield* closed(place, version.at, window.from)
      }
    }
    for (const { place } of open.values()) yield place
  }

  /** null: retention took it meanwhile. */
  function factAt(place: Place, at: EpochMs): Fact | null {
    for (const row of [oneVersion.get(place.part, at), nextVersion.get(place.part, at)]) {
      const version = row === undefined ? null : reader()(row)
      const written = version?.facts.find((fact) => fact['id'] === place.fact)
      if (version !== null && written !== undefined) return readFact(written, version.seen, version.seen)
    }
    return null
  }

  return {
    *facts(window, kinds) {
      const wanted: Wanted = (fact) => kinds === null || kinds.includes(fact.kind)
      const places: Place[] = []
      for (const row of parts.all()) {
        const held = String(row['kinds']).split(',')
        if (kinds !== null && !kinds.some((kind) => held.includes(kind))) continue
        places.push(...placesOf(Number(row['id']), String(row['name']), window, wanted))
      }
      places.sort((a, b) => a.from - b.from || a.at - b.at || (a.fact < b.fact ? -1 : 1))
      for (const place of places) {
        const { scope, from, to, at, latest } = place
        const fact = factAt(place, at)
        if (fact === null) continue
        yield { scope, fact, latest: latest === at ? fact : (factAt(place, latest) ?? fact), from, to, learntAt: at }
      }
    },
    *gaps(window) {
      const spans: GapSpan[] = []
      let name = ''
      let open = new Map<string, GapSpan>()
      function end(span: GapSpan, to: EpochMs | null): void {
        if (to === null || to > window.from) spans.push({ ...span, to })
      }
      for (const row of runs.iterate(window.to)) {
        if (row['name'] !== name) {
          for (const span of open.values()) end(span, null)
          open = new Map()
          name = String(row['name'])
        }
        const at = Number(row['from_at'])
        const now = new Map<string, GapSpan>()
        for (const gap of readGaps(String(row['gaps']), at)) {
          const key = `${gap.source}/${gap.instance}/${gap.what}/${gap.reason}`
          now.set(key, open.get(key) ?? { scope: name, gap, from: at, to: null })
        }
        for (const [key, span] of open) if (!now.has(key)) end(span, at)
        open = now
      }
      for (const span of open.values()) end(span, null)
      yield* spans.sort((a, b) => a.from - b.from || (a.scope < b.scope ? -1 : 1))
    },
  }
}

type Wanted = (fact: Fact) => boolean

function* closed(place: Place, to: EpochMs, from: EpochMs): Iterable<Place> {
  if (to > from) yield { ...place, to }
}
