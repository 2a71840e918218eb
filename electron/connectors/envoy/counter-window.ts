import type { Counter } from '../../../shared/domain/model/envoy-facts.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'

export type Totals = ReadonlyMap<string, number>

export interface CounterReading {
  /** Time of the sample that growth is counted from; null: there is none yet. */
  readonly windowFrom: EpochMs | null
  counter(name: string): Counter
}

/** Remembers samples of cumulative counters, so that their growth in about the last `windowSeconds` can be told. */
export interface CounterWindow {
  /** `uptimeSeconds` null: unknown, then only a shrinking total tells a restart. */
  add(at: EpochMs, totals: Totals, uptimeSeconds: number | null): CounterReading
}

interface Sample {
  readonly at: EpochMs
  readonly totals: Totals
  readonly uptimeSeconds: number | null
}

/** A window of an hour read every five seconds need not keep 720 samples: about this many are enough. */
const samplesPerWindow = 24
/** A sample that is older than this many windows says nothing about now. */
const forgottenAfterWindows = 5

export function createCounterWindow(windowSeconds: number): CounterWindow {
  const windowMs = windowSeconds * 1000
  let samples: readonly Sample[] = []
  let last: Sample | null = null

  return {
    add(at, totals, uptimeSeconds) {
      const sample = { at, totals, uptimeSeconds }
      if (last !== null && isRestart(last, sample)) samples = []
      last = sample
      const base = baseFor(samples, at - windowMs, at - forgottenAfterWindows * windowMs)
      const newest = samples.at(-1)
      const kept = base === null ? [] : samples.filter((one) => one.at >= base.at)
      samples =
        newest === undefined || base === null || at - newest.at >= windowMs / samplesPerWindow
          ? [...kept, sample]
          : kept
      return {
        windowFrom: base?.at ?? null,
        counter: (name) => counterOf(name, totals, base),
      }
    },
  }
}

/** The youngest sample from before the window, else the oldest in it. */
function baseFor(samples: readonly Sample[], windowStart: EpochMs, oldest: EpochMs): Sample | null {
  const before = samples.findLast((sample) => sample.at <= windowStart && sample.at >= oldest)
  return before ?? samples.find((sample) => sample.at > windowStart) ?? null
}

function isRestart(before: Sample, now: Sample): boolean {
  if (before.uptimeSeconds !== null && now.uptimeSeconds !== null && now.uptimeSeconds < before.uptimeSeconds)
    return true
  for (const [name, total] of now.totals) {
    if (total < (before.totals.get(name) ?? 0)) return true
  }
  return false
}

/** A counter that the older sample did not have started since, from zero. */
function counterOf(name: string, totals: Totals, base: Sample | null): Counter {
  const total = totals.get(name) ?? 0
  return { total, delta: base === null ? null : total - (base.totals.get(name) ?? 0) }
}
