import type { FactSpan, GapSpan, HistoryRetention, HistoryStore, Recording } from '../../electron/core/history-store.ts'
import type { HistoryEvent, WatchGap, WatchGapWhy } from '../../shared/domain/history/model.ts'
import type { Gap, ScopeState } from '../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../shared/domain/model/time.ts'

/** Everything as it came, in memory: what the real history must answer like. */
export function naiveHistory(first = { maxAgeMs: 86_400_000, maxBytes: 64 * 1024 ** 2 }): HistoryStore {
  let retention: HistoryRetention = first
  let recordings: Recording[] = []
  const settings: { readonly at: EpochMs; readonly text: string }[] = []
  const events: HistoryEvent[] = []
  const gaps: { from: EpochMs; to: EpochMs | null; why: WatchGapWhy }[] = []
  let began: EpochMs | null = null
  let last: EpochMs | null = null

  function touch(at: EpochMs): void {
    const open = gaps.at(-1)
    if (open !== undefined && open.to === null) open.to = at
    last = at
  }

  function at(time: EpochMs): Map<string, ScopeState> {
    const states = new Map<string, ScopeState>()
    for (const recording of recordings) {
      if (recording.at > time) break
      for (const state of recording.put) states.set(state.scope, state)
      for (const scope of recording.gone) states.delete(scope)
    }
    return states
  }

  const inWindow = (window: { readonly from: EpochMs; readonly to: EpochMs }): readonly WatchGap[] =>
    gaps.filter((gap) => gap.from < window.to && (gap.to === null || gap.to > window.from))

  return {
    record(recording) {
      touch(recording.at)
      began ??= recording.at
      recordings.push(recording)
    },
    recordSettings(time, text) {
      if (settings.at(-1)?.text !== text) settings.push({ at: time, text })
    },
    recordEvents(fresh) {
      for (const event of fresh) events.push({ ...event, number: events.length + 1 })
    },
    watched: touch,
    unwatched(time, why) {
      touch(time)
      gaps.push({ from: time, to: null, why })
    },
    limit(changed) {
      retention = changed
    },
    retain(now) {
      recordings = recordings.filter((recording) => recording.at > now - retention.maxAgeMs)
      return false
    },
    close() {
      recordings = []
    },
    isFailing: () => false,
    scopes: () => [...at(Number.POSITIVE_INFINITY).keys()],
    state: () => ({ began, from: recordings[0]?.at ?? null, to: last, gaps: gaps.toReversed(), retention, bytes: 0 }),
    statesAt(time) {
      const first = recordings[0]
      if (first === undefined || time < first.at) return null
      const gap = gaps.find((each) => each.from <= time && (each.to === null || each.to > time)) ?? null
      const states = [...at(time).values()]
      return {
        at: time,
        states: gap === null ? states : states.map((state) => ({ ...state, current: false })),
        settings: settings.findLast((each) => each.at <= time)?.text ?? null,
        gap,
      }
    },
    events(window, limit) {
      const found = events.filter((event) => event.at >= window.from && event.at < window.to)
      return { events: found.slice(0, limit), complete: found.length <= limit }
    },
    eventsAfter: (number, limit) => events.filter((event) => event.number > number).slice(0, limit),
    gaps: inWindow,
    *spans(window, kinds) {
      const open = new Map<string, FactSpan>()
      for (const recording of recordings) {
        if (recording.at >= window.to) break
        for (const [id, span] of open) {
          const state = recording.put.find(({ scope }) => scope === span.scope)
          const isGone = recording.gone.includes(span.scope)
          const same = state?.facts.find((fact) => sameFact(fact, span.fact))
          if (same !== undefined) open.set(id, { ...span, latest: same })
          if (!isGone && (state === undefined || same !== undefined)) continue
          open.delete(id)
          if (recording.at > window.from) yield { ...span, to: recording.at }
        }
        for (const state of recording.put) {
          for (const fact of state.facts) {
            if (kinds !== null && !kinds.includes(fact.kind)) continue
            if (open.has(fact.id)) continue
            open.set(fact.id, {
              scope: state.scope,
              fact,
              latest: fact,
              from: fact.from.observedAt,
              to: null,
              learntAt: recording.at,
            })
          }
        }
      }
      yield* open.values()
    },
    *gapSpans(window) {
      const open = new Map<string, GapSpan>()
      for (const recording of recordings) {
        if (recording.at >= window.to) break
        for (const [key, span] of open) {
          const state = recording.put.find(({ scope }) => scope === span.scope)
          const isGone = recording.gone.includes(span.scope)
          if (!isGone && (state === undefined || state.gaps.some((gap) => keyOf(state.scope, gap) === key))) continue
          open.delete(key)
          if (recording.at > window.from) yield { ...span, to: recording.at }
        }
        for (const { scope, gaps: unread } of recording.put) {
          for (const gap of unread) {
            const key = keyOf(scope, gap)
            if (!open.has(key)) open.set(key, { scope, gap, from: gap.at, to: null })
          }
        }
      }
      yield* open.values()
    },
  }
}

function sameFact(a: ScopeState['facts'][number], b: ScopeState['facts'][number]): boolean {
  if (a.id !== b.id) return false
  const from = { ...a.from, observedAt: b.from.observedAt }
  return JSON.stringify({ ...a, from }) === JSON.stringify(b)
}

function keyOf(scope: string, { what, reason, detail }: Gap): string {
  return JSON.stringify([scope, what, reason, detail])
}
