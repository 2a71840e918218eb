import type { BundleOnOpa, Convergence } from '../model/policy.ts'
import type { EpochMs } from '../model/time.ts'

/** OPA's own default for the longest pause between two polls, seconds (documentation of bundles: polling.max_delay_seconds). */
const defaultPollSeconds = 120
/** Clocks of OPAs and ours may differ a little. */
const clockSlackMs = 2_000

/**
 * How far the OPAs have taken a revision that was published at `startedAt`. An OPA that nobody can ask counts as silent, never as
 * converged: its last word was about another time. `before`: the OPAs as they were just before it was published; the complaint of
 * one that complained already is held against the revision only when it cannot be the old one.
 */
export function convergenceOf(
  revision: string,
  startedAt: EpochMs,
  opas: readonly BundleOnOpa[],
  now: EpochMs,
  before: readonly BundleOnOpa[] = [],
): Convergence {
  const complained = new Set(before.flatMap(({ opa, code }) => (code === null ? [] : [opa])))
  const lines = opas.map((each) => {
    const rejectsFrom = startedAt + (complained.has(each.opa) ? clockSlackMs : -clockSlackMs)
    return lineOf(each, revision, startedAt, now, rejectsFrom)
  })
  const isDone = lines.length > 0 && lines.every(({ state }) => state === 'converged')
  const isWaiting = lines.some(({ state }) => state === 'waiting')
  return { revision, startedAt, opas: lines, state: isDone ? 'converged' : isWaiting ? 'converging' : 'stuck' }
}

function lineOf(
  each: BundleOnOpa,
  revision: string,
  startedAt: EpochMs,
  now: EpochMs,
  rejectsFrom: EpochMs,
): Convergence['opas'][number] {
  const { opa, activeRevision } = each
  if (!activeRevision.known || activeRevision.stale) {
    const last = activeRevision.known ? activeRevision.value : null
    return { opa, activeRevision: last, seconds: null, state: 'silent', reason: null }
  }
  const active = activeRevision.value
  const common = { opa, activeRevision: active }
  if (active === revision) return { ...common, seconds: secondsOf(each, startedAt), state: 'converged', reason: null }
  const asked = each.lastRequestAt ?? 0
  if (each.code !== null && asked >= rejectsFrom) {
    const words = [each.message, ...each.errors].filter((text) => text !== null && text !== '')
    return { ...common, seconds: null, state: 'rejected', reason: words.join('; ') || each.code }
  }
  const patienceMs = (each.maxPollSeconds ?? defaultPollSeconds) * 2_000 + 10_000
  if (now - startedAt <= patienceMs) return { ...common, seconds: null, state: 'waiting', reason: null }
  const reason = asked < startedAt ? 'it has not asked for the bundle since' : 'it asked, and keeps another revision'
  return { ...common, seconds: null, state: 'other-revision', reason }
}

/** From the publication to the activation; of an OPA that had the revision before it is 0. */
function secondsOf({ lastActivationAt }: BundleOnOpa, startedAt: EpochMs): number | null {
  if (lastActivationAt === null) return null
  return Math.max(0, Math.round((lastActivationAt - startedAt) / 100) / 10)
}

/**
 * Name of the next revision: the last number in the name of the live one, one higher and not yet taken, `r42` → `r43`,
 * `hops-009` → `hops-010`; without a number `-2` is added.
 */
export function nextRevision(live: string | null, taken: ReadonlySet<string>): string {
  let name = live === null || live === '' ? 'r0' : live
  do {
    const [, start, digits, end] = /^(.*?)(\d+)(\D*)$/.exec(name) ?? []
    // Longer than a number holds exactly, such as a commit or a date with time: it stays, and a count is added.
    if (digits === undefined || digits.length > 12) name = `${name}-2`
    else name = `${start ?? ''}${String(Number(digits) + 1).padStart(digits.length, '0')}${end ?? ''}`
  } while (taken.has(name))
  return name
}
