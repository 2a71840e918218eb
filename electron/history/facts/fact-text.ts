import type { Fact } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { isList, isObject, isSame, type Json, type JsonObject, patched, patchOf } from './patch.ts'
import { isSampled, isToldOnce } from './sampling.ts'

/** A fact that was read so shortly before its scope was, was read with it. Milliseconds. */
const withReadingMs = 5_000

/**
 * Facts as they are written: `observedAt` 0 is the time of the reading. So a fact that is read again and again without a change
 * stays the same text.
 */
export function writtenFacts(facts: readonly Fact[], readAt: EpochMs): readonly JsonObject[] {
  return facts.map((fact) => {
    const { observedAt } = fact.from
    const isWithReading = !isToldOnce(fact) && observedAt <= readAt && readAt - observedAt <= withReadingMs
    const from = { ...fact.from, observedAt: isWithReading ? 0 : observedAt }
    return asJson({ ...fact, from })
  })
}

/** @param seen when the version was read: sampled facts are of then. @param readAt when the scope was read last. */
export function readFact(written: JsonObject, seen: EpochMs, readAt: EpochMs): Fact {
  const fact = asFact(written)
  if (!isWithReading(written)) return fact
  const observedAt = isSampled(fact.kind) ? seen : readAt
  return { ...fact, from: { ...fact.from, observedAt } }
}

/** Whether it says when its scope was read last, so that it is told otherwise when that was read again. */
export function isToldWithReading(written: JsonObject): boolean {
  return isWithReading(written) && !isSampled(asFact(written).kind)
}

function isWithReading({ from }: JsonObject): boolean {
  return isObject(from) && from['observedAt'] === 0
}

/**
 * How facts differ from others, as JSON text: `[[place, patch, …], [place of one that is gone, …], [new fact, …]]`. Empty: not at all.
 */
export function deltaOf(base: readonly JsonObject[], facts: readonly JsonObject[]): string {
  const left = new Map(facts.map((fact) => [fact['id'], fact]))
  const changed: Json[] = []
  const gone: number[] = []
  for (const [place, before] of base.entries()) {
    const id = before['id']
    const after = left.get(id)
    left.delete(id)
    if (after === undefined) gone.push(place)
    else if (!isSame(before, after)) changed.push(place, patchOf(before, after) ?? after)
  }
  if (changed.length + gone.length + left.size === 0) return ''
  return JSON.stringify([changed, gone, [...left.values()]])
}

/** Throws when the text is no delta of these facts. */
export function withDelta(base: readonly JsonObject[], delta: string): readonly JsonObject[] {
  if (delta === '') return base
  const parsed: unknown = JSON.parse(delta)
  if (!Array.isArray(parsed)) throw new Error('a delta is damaged')
  const [changed, gone, fresh] = parsed as unknown as readonly [
    readonly Json[],
    readonly number[],
    readonly JsonObject[],
  ]
  const facts: (JsonObject | null)[] = [...base]
  for (let at = 0; at < changed.length; at += 2) {
    const place = Number(changed[at])
    const before = base[place]
    const patch = changed[at + 1]
    if (before === undefined || patch === undefined) throw new Error('a delta is of other facts')
    if (Array.isArray(patch)) facts[place] = patched(before, patch)
    else if (isObject(patch)) facts[place] = patch
  }
  for (const place of gone) facts[place] = null
  return [...facts.filter((fact) => fact !== null), ...fresh]
}

/**
 * All facts of a part, as JSON text: each as it is, or `[place of an earlier one, patch]`: those of one kind differ in little, and what
 * is not written twice is not parsed twice either.
 */
export function textOfFacts(facts: readonly JsonObject[]): string {
  const latest = new Map<Json | undefined, readonly [number, JsonObject]>()
  const written = facts.map((fact, place) => {
    const [at, like] = latest.get(fact['kind']) ?? []
    latest.set(fact['kind'], [place, fact])
    const patch = like === undefined ? null : patchOf(like, fact)
    return at === undefined || patch === null ? fact : [at, patch]
  })
  return JSON.stringify(written)
}

/** Of what `textOfFacts` gave. Throws where it is not that. */
export function parseFacts(text: string): readonly JsonObject[] {
  const parsed: unknown = JSON.parse(text)
  if (!Array.isArray(parsed)) throw new Error('facts are damaged')
  const facts: JsonObject[] = []
  for (const entry of parsed as readonly Json[]) facts.push(isObject(entry) ? entry : factLike(facts, entry))
  return facts
}

function factLike(facts: readonly JsonObject[], entry: Json): JsonObject {
  const [place, patch] = isList(entry) ? entry : []
  const like = typeof place === 'number' ? facts[place] : undefined
  if (like === undefined || patch === undefined || !isList(patch)) throw new Error('facts are damaged')
  return patched(like, patch)
}

/** As it would be after JSON: without fields that are undefined. */
function asJson(fact: Fact): JsonObject {
  const json = fact as unknown as JsonObject
  return Object.values(json).includes(undefined as unknown as Json)
    ? (JSON.parse(JSON.stringify(fact)) as JsonObject)
    : json
}

/** We wrote it: the file's version says that it is one, and a check of every page that it was not cut. */
function asFact(written: JsonObject): Fact {
  return written as unknown as Fact
}
