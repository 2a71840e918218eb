import { directionOf } from '../../shared/domain/history/direction.ts'
import { elementChanges } from '../../shared/domain/history/element-changes.ts'
import type { ElementChange, HistoryEvent } from '../../shared/domain/history/model.ts'
import type { TrustGraph } from '../../shared/domain/model/graph.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'
import { createFlips, type Flips } from '../../shared/lib/flips.ts'

type NewEvent = Omit<HistoryEvent, 'number'>

/** Tells what of the pipeline changed, and not what was only not known before. */
export interface HistoryEvents {
  /** Everything was read that can be. `before`: as of the end of what was recorded before; null: too long ago, or never. */
  settle(graph: TrustGraph, before: TrustGraph | null, now: EpochMs): readonly NewEvent[]
  changed(graph: TrustGraph, now: EpochMs): readonly NewEvent[]
  /** What was not told yet because it might be over in a moment. */
  end(now: EpochMs): readonly NewEvent[]
}

export function followEvents(): HistoryEvents {
  let last: TrustGraph | null = null
  /** What had not been known by then: the first that is known of it changed nothing. */
  const unknown = new Set<string>()
  /** Changes that may be over in a moment. */
  const pending = new Map<string, { readonly since: EpochMs; readonly change: ElementChange }>()
  const flips = new Map<string, Flips>()

  /** One that changes to and fro all day is not told each time. */
  function mayBeTold(key: string, at: EpochMs): boolean {
    const own = flips.get(key) ?? createFlips()
    flips.set(key, own)
    return own.take(at)
  }

  function note(change: ElementChange, now: EpochMs): void {
    const key = keyOf(change)
    if (unknown.delete(key) && !isKnown(change.from)) return
    const waiting = pending.get(key)
    if (waiting === undefined) {
      pending.set(key, { since: now, change })
      return
    }
    // What became of it in all since it was told last.
    pending.delete(key)
    const whole = since(waiting.change, change)
    if (whole.from !== whole.to) pending.set(key, { since: isKnown(change.to) ? now : waiting.since, change: whole })
  }

  function due(now: EpochMs, lasting = lastingMs): readonly NewEvent[] {
    const told: NewEvent[] = []
    for (const [key, { since, change }] of pending) {
      if (isFleeting(change) && now - since < lasting) continue
      pending.delete(key)
      if (mayBeTold(key, since)) told.push({ at: since, learntAt: now, change })
    }
    return told
  }

  return {
    settle(graph, before, now) {
      unknown.clear()
      for (const key of unknownOf(graph)) unknown.add(key)
      last = graph
      if (before === null) return []
      return elementChanges(before, graph)
        .filter(({ from, to }) => isKnown(from) && isKnown(to))
        .map((change) => ({ at: now, learntAt: now, change }))
    },
    changed(graph, now) {
      const before = last
      last = graph
      if (before !== null && before !== graph) for (const change of elementChanges(before, graph)) note(change, now)
      return due(now)
    },
    end: (now) => due(now, 0),
  }
}

/** Between two requests a hop may look as if it had none: only what stays so is told. Milliseconds. */
const lastingMs = 30_000

function isFleeting({ aspect, from, to }: ElementChange): boolean {
  return aspect === 'relations' || !isKnown(from) || !isKnown(to)
}

/** Two changes of the same as one. */
function since({ from }: ElementChange, later: ElementChange): ElementChange {
  const { aspect, to } = later
  const isRanked =
    aspect === 'transport' || aspect === 'authorisation' || aspect === 'identityClaim' || aspect === 'state'
  const isTold = isRanked && from !== null && to !== null && to !== 'unknown'
  return { ...later, from, direction: isTold ? directionOf(aspect, from, to, false) : later.direction }
}

function isKnown(state: string | null): boolean {
  return state !== null && state !== 'unknown'
}

function keyOf({ element, aspect }: ElementChange): string {
  return `${element.kind}/${element.id}/${aspect}`
}

function* unknownOf({ hops, workloads, control }: TrustGraph): Iterable<string> {
  for (const { id, transport, authorisation, identityClaim } of hops) {
    if (transport.state === 'unknown') yield `hop/${id}/transport`
    if (authorisation.state === 'unknown') yield `hop/${id}/authorisation`
    if (identityClaim.state === 'unknown') yield `hop/${id}/identityClaim`
  }
  for (const { id, state } of workloads) if (state.state === 'unknown') yield `workload/${id}/state`
  for (const { id, state } of control) if (state.state === 'unknown') yield `control/${id}/state`
}
