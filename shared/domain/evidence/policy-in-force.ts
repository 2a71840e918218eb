import type { OpaBundleFact } from '../model/opa-facts.ts'
import type { EpochMs } from '../model/time.ts'
import { within } from './gaps.ts'
import { type Held, heldValues } from './growth.ts'
import type { Period } from './model.ts'

/** A revision of a bundle while one OPA decided by it, as far as its status told. */
export interface Activation {
  readonly opa: string
  readonly bundle: string
  /** Empty: the bundle has no name for its revision. null: never activated. */
  readonly revision: string | null
  readonly from: EpochMs
  readonly to: EpochMs
  /** OPA's own time of the activation. */
  readonly activatedAt: EpochMs | null
  /** When it last asked successfully, as of the latest reading. */
  readonly askedAt: EpochMs | null
  readonly signed: boolean | null
  /** OPA's own code and words for what failed meanwhile; null: nothing did. */
  readonly error: string | null
  readonly why: readonly ActivationDeviation[]
}

/**
 * unsigned: signatures are wanted of this bundle. failed: an update of it failed. not-asked: it was not asked for longer than the limit. behind:
 * another OPA decided by a newer one for longer than the limit. none: the OPA has this bundle configured and never activated it.
 */
export type ActivationDeviation = 'unsigned' | 'failed' | 'not-asked' | 'behind' | 'none'

/** Without a limit that is configured: five times the longest poll, at least five minutes. Milliseconds. */
const leastStaleMs = 300_000
/** Two readings of one status lie at most so far apart for being one activation. Milliseconds. */
const longestPauseMs = 600_000

export interface PolicyLimits {
  /** null: not configured. */
  readonly staleAfterMs: number | null
  readonly wantsSignature: (bundle: string) => boolean
}

/** Every revision in force, by OPA and bundle, in the order of time. */
export function activationsIn(
  spans: readonly { readonly fact: OpaBundleFact; readonly from: EpochMs; readonly to: EpochMs | null }[],
  period: Period,
  limits: PolicyLimits,
): readonly Activation[] {
  const byBundle = new Map<string, Held<OpaBundleFact>[]>()
  for (const { fact, from, to } of spans) {
    const key = `${fact.opa}\n${fact.name}`
    const before = byBundle.get(key)
    if (before === undefined) byBundle.set(key, [{ value: fact, from, to }])
    else before.push({ value: fact, from, to })
  }
  const activations = [...byBundle.values()].flatMap((readings) => activationsOfOne(readings, period, limits))
  return activations
    .map((each) =>
      isBehind(each, activations, staleMs(limits, null)) ? { ...each, why: [...each.why, 'behind' as const] } : each,
    )
    .toSorted(
      (one, other) => one.from - other.from || compared(one.opa, other.opa) || compared(one.bundle, other.bundle),
    )
}

function activationsOfOne(
  readings: readonly Held<OpaBundleFact>[],
  period: Period,
  limits: PolicyLimits,
): readonly Activation[] {
  const ordered = readings.toSorted((one, other) => one.from - other.from)
  const held = heldValues(ordered, isSameRevision, longestPauseMs)
  return held.flatMap((each) => {
    const clipped = within(each, period)
    if (clipped === null) return []
    const during = ordered.filter(
      ({ from, to, value }) =>
        isSameRevision(value, each.value) && within({ from, to }, { from: clipped.from, to: clipped.to + 1 }) !== null,
    )
    const latest = during.at(-1)?.value ?? each.value
    const failed = during.findLast(({ value }) => value.code !== null || value.errors.length > 0)?.value ?? null
    const why: ActivationDeviation[] = []
    if (each.value.activeRevision === null) why.push('none')
    else if (latest.signed === false && limits.wantsSignature(latest.name)) why.push('unsigned')
    if (failed !== null) why.push('failed')
    if (during.some(({ value }) => wasNotAsked(value, staleMs(limits, value.maxPollSeconds)))) why.push('not-asked')
    return [
      {
        opa: latest.opa,
        bundle: latest.name,
        revision: each.value.activeRevision,
        from: clipped.from,
        to: clipped.to,
        activatedAt: latest.lastSuccessfulActivationAt,
        askedAt: latest.lastSuccessfulRequestAt,
        signed: latest.signed,
        error: failed === null ? null : [failed.code, failed.message].filter((part) => part !== null).join(': '),
        why,
      },
    ]
  })
}

function isSameRevision(one: OpaBundleFact, other: OpaBundleFact): boolean {
  return one.activeRevision === other.activeRevision && one.signed === other.signed
}

function staleMs({ staleAfterMs }: PolicyLimits, maxPollSeconds: number | null): number {
  return staleAfterMs ?? Math.max(leastStaleMs, (maxPollSeconds ?? 0) * 5000)
}

/** By the reading itself: what the status said when it was read, and when that was. */
function wasNotAsked({ lastSuccessfulRequestAt, from }: OpaBundleFact, limitMs: number): boolean {
  return lastSuccessfulRequestAt !== null && from.observedAt - lastSuccessfulRequestAt > limitMs
}

/** Another OPA had a revision that came later, and this one went on without it for longer than the limit. */
function isBehind(one: Activation, all: readonly Activation[], limitMs: number): boolean {
  if (one.revision === null) return false
  return all.some(
    (other) =>
      other.bundle === one.bundle &&
      other.opa !== one.opa &&
      other.revision !== null &&
      other.revision !== one.revision &&
      isLater(other, one) &&
      Math.min(one.to, other.to) - other.from > limitMs,
  )
}

/** OPA tells when it activated a revision: by those times, since what is read first may well be older. */
function isLater(other: Activation, one: Activation): boolean {
  const [otherAt, oneAt] = [other.activatedAt ?? other.from, one.activatedAt ?? one.from]
  return otherAt > oneAt
}

function compared(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
