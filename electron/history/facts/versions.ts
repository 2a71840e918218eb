import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Fact, ScopeState } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { createFlips, type Flips } from '../../../shared/lib/flips.ts'
import { deltaOf, parseFacts, readFact, textOfFacts, withDelta, writtenFacts } from './fact-text.ts'
import { fingerprintOf, isSampled, isToldOnce } from './sampling.ts'
import { levelOf, slotOf } from './slots.ts'

/** A part has about this much text when it is made, so that a change of one fact writes little. Characters. */
const partLength = 4096
const mostParts = 4096
/** A scope that has grown by this is parted anew. */
const grownBy = 4
/** A delta that is longer than this share of what it is a delta of is no saving. */
const worthwhile = 0.4
const shortDelta = 512

/** `generation` in `parts` is the number of parts that the scope had then. */
export interface KeptScope {
  readonly id: number
  parts: number
  /** Facts it had when it was parted. */
  holds: number
}

interface Part {
  readonly id: number
  /** null: nothing was written yet. */
  look: { readonly whole: string; readonly steady: string } | null
  slot: number
  whole: number
  wholeLength: number
  delta: string
  at: EpochMs
  readonly kinds: Set<string>
  seen: readonly Fact[]
  readonly flips: Flips
}

export interface Versions {
  /** Keeps what is different from what is kept. */
  took(scope: KeptScope, state: ScopeState, at: EpochMs): void
  /** It has no facts, until it has some again. */
  gone(scope: KeptScope, at: EpochMs): void
  /** What was not written after all is as the file has it. */
  forget(): void
}

/**
 * Facts of scopes, in parts: a version of a part is a whole one, or how it differs from one. So any version can be deleted but the
 * first, and those around it still say what they said.
 */
export function keepVersions(database: DatabaseSync): Versions {
  const statements = prepare(database)
  const parts = new Map<number, readonly Part[]>()
  const latest = new Map<number, readonly Fact[]>()

  function partsOf(scope: KeptScope): readonly Part[] {
    const known = parts.get(scope.id)
    if (known !== undefined) return known
    const rows = statements.parts.all(scope.id, scope.parts)
    const loaded = rows.map((row) => loadPart(Number(row['id']), String(row['kinds'])))
    while (loaded.length < scope.parts) loaded.push(newPart(scope, loaded.length))
    parts.set(scope.id, loaded)
    return loaded
  }

  function newPart(scope: KeptScope, place: number): Part {
    const made = statements.addPart.run(scope.id, scope.parts, place, '')
    return emptyPart(Number(made.lastInsertRowid), '')
  }

  function loadPart(id: number, kinds: string): Part {
    const part = emptyPart(id, kinds)
    const row = statements.latest.get(id)
    if (row === undefined || (row['whole'] === 0 && row['delta'] === '')) return part
    part.whole = Number(row['whole'])
    part.delta = String(row['delta'])
    part.at = Number(row['at'])
    part.slot = slotOf(part.at)
    const text = wholeText(part.whole)
    part.wholeLength = text.length
    const seen = Number(row['seen'])
    part.look = fingerprintOf(withDelta(parseFacts(text), part.delta).map((fact) => readFact(fact, seen, seen)))
    return part
  }

  function wholeText(id: number): string {
    if (id === 0) return '[]'
    const text = statements.whole.get(id)?.['facts']
    if (typeof text !== 'string') throw new Error('the file is damaged: facts are missing')
    return text
  }

  function parted(scope: KeptScope, facts: readonly Fact[], at: EpochMs): void {
    const isNew = scope.parts === 0
    if (!isNew && facts.length <= scope.holds * grownBy) return
    if (!isNew) for (const part of partsOf(scope)) if (part.look !== null) end(part, at)
    const length = facts.reduce((sum, fact) => sum + JSON.stringify(fact).length, 0)
    scope.parts = Math.max(scope.parts + 1, Math.min(mostParts, Math.ceil(length / partLength)))
    scope.holds = Math.max(facts.length, 8)
    statements.setParts.run(scope.parts, scope.holds, scope.id)
    parts.delete(scope.id)
  }

  function end(part: Part, at: EpochMs): void {
    statements.put.run(part.id, at, at, 0, 0, '')
  }

  function keepPart(part: Part, facts: readonly Fact[], readAt: EpochMs, at: EpochMs): void {
    const slot = slotOf(at)
    if (slot === part.slot && sameObjects(part.seen, facts)) return
    part.seen = facts
    if (part.look === null && facts.length === 0) return
    const look = fingerprintOf(facts)
    const isChanged = part.look?.whole !== look.whole
    if (!isChanged && (slot === part.slot || !facts.some(varies))) return
    const isSteadyChange = part.look?.steady !== look.steady
    const level = isSteadyChange || (isChanged && part.flips.take(at)) ? 0 : levelOf(part.at, at)
    write(part, facts, readAt, at, level)
    part.look = look
    part.slot = slot
  }

  function write(part: Part, facts: readonly Fact[], readAt: EpochMs, at: EpochMs, level: number): void {
    const written = writtenFacts(facts, readAt)
    let delta = part.look === null ? null : deltaOf(parseFacts(wholeText(part.whole)), written)
    if (delta !== null && delta === part.delta && level > 0) return
    if (delta !== null && delta.length > Math.max(shortDelta, part.wholeLength * worthwhile)) delta = null
    if (delta === null) {
      const text = textOfFacts(written)
      part.whole = written.length === 0 ? 0 : Number(statements.addWhole.run(part.id, text).lastInsertRowid)
      part.wholeLength = text.length
    }
    part.delta = delta ?? ''
    part.at = at
    statements.put.run(part.id, at, readAt, level, part.whole, part.delta)
    noteKinds(part, facts)
  }

  function noteKinds(part: Part, facts: readonly Fact[]): void {
    const before = part.kinds.size
    for (const { kind } of facts) part.kinds.add(kind)
    if (part.kinds.size > before) statements.setKinds.run([...part.kinds].join(','), part.id)
  }

  return {
    took(scope, state, at) {
      if (state.readAt === null) return
      if (latest.get(scope.id) === state.facts && state.facts.every((fact) => !varies(fact))) return
      parted(scope, state.facts, at)
      const own = partsOf(scope)
      for (const [place, facts] of dividedBy(own.length, state.facts).entries()) {
        const part = own[place]
        if (part !== undefined) keepPart(part, facts, Math.min(state.readAt, at), at)
      }
      latest.set(scope.id, state.facts)
    },
    gone(scope, at) {
      for (const part of partsOf(scope)) if (part.look !== null) end(part, at)
      parts.delete(scope.id)
      latest.delete(scope.id)
    },
    forget() {
      parts.clear()
      latest.clear()
    },
  }
}

/** Its text may be another although it looks the same. */
function varies(fact: Fact): boolean {
  return isSampled(fact.kind) || isToldOnce(fact)
}

function emptyPart(id: number, kinds: string): Part {
  return {
    id,
    look: null,
    slot: Number.NEGATIVE_INFINITY,
    whole: 0,
    wholeLength: 0,
    delta: '',
    at: Number.NEGATIVE_INFINITY,
    kinds: new Set(kinds === '' ? [] : kinds.split(',')),
    seen: [],
    flips: createFlips(),
  }
}

function sameObjects(before: readonly Fact[], after: readonly Fact[]): boolean {
  return before.length === after.length && before.every((fact, place) => fact === after[place])
}

/** By their ids, so that a fact stays in its part whatever is beside it. */
function dividedBy(count: number, facts: readonly Fact[]): readonly (readonly Fact[])[] {
  if (count === 1) return [facts]
  const divided: Fact[][] = Array.from({ length: count }, () => [])
  for (const fact of facts) divided[numberOf(fact.id) % count]?.push(fact)
  return divided
}

/** FNV-1a, 32 bits. */
function numberOf(text: string): number {
  let number = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) number = Math.imul(number ^ text.charCodeAt(at), 0x01000193)
  return number >>> 0
}

function prepare(
  database: DatabaseSync,
): Readonly<
  Record<'parts' | 'addPart' | 'setParts' | 'setKinds' | 'latest' | 'whole' | 'addWhole' | 'put', StatementSync>
> {
  return {
    parts: database.prepare('SELECT id, kinds FROM parts WHERE scope = ? AND generation = ? ORDER BY place'),
    addPart: database.prepare('INSERT INTO parts (scope, generation, place, kinds) VALUES (?, ?, ?, ?)'),
    setParts: database.prepare('UPDATE scopes SET parts = ?, holds = ? WHERE id = ?'),
    setKinds: database.prepare('UPDATE parts SET kinds = ? WHERE id = ?'),
    latest: database.prepare('SELECT at, seen, whole, delta FROM versions WHERE part = ? ORDER BY at DESC LIMIT 1'),
    whole: database.prepare('SELECT facts FROM wholes WHERE id = ?'),
    addWhole: database.prepare('INSERT INTO wholes (part, facts) VALUES (?, ?)'),
    put: database.prepare(
      'INSERT OR REPLACE INTO versions (part, at, seen, level, whole, delta) VALUES (?, ?, ?, ?, ?, ?)',
    ),
  }
}
