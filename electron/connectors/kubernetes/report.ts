import type { Gap, Report } from '../../../shared/domain/model/fact.ts'
import type { EpochMs } from '../../../shared/domain/model/time.ts'
import { gapOf, KubernetesFailure } from './failure.ts'
import type { Collection } from './follow.ts'
import type { ScopeDefinition } from './scopes.ts'

/** More broken objects than this are counted, not listed. */
const mostProblems = 20

/** The collections of one scope: for each of its parts, one for each namespace (or one for all). */
export type Collected = readonly (readonly Collection[])[]

/** The scope as it is known now; null: it was not read yet. */
export function reportOf(cluster: string, scope: ScopeDefinition, collected: Collected, at: EpochMs): Report | null {
  const all = collected.flat()
  if (all.some(({ readAt, failure }) => readAt === null && failure === null)) return null
  const gaps = failureGaps(cluster, scope, collected, at)
  const name = `kubernetes/${cluster}/${scope.part}`
  if (isUnread(collected)) return { scope: name, at, facts: null, gaps }
  const readable = collected.map((part) => part.filter(({ failure }) => failure === null))
  const { facts, left } = scope.combine(
    readable.map((part) => part.flatMap(({ objects }) => [...objects.values()].flatMap(({ value }) => value ?? []))),
  )
  const problems = readable
    .flat()
    .flatMap(({ objects }) => [...objects.values()].flatMap(({ problem }) => problem ?? []))
  return {
    scope: name,
    at: Math.max(...readable.flat().map(({ readAt }) => readAt ?? 0)),
    facts,
    gaps: [...gaps, ...problemGaps(cluster, scope, problems, at), ...leftGaps(cluster, scope, left, at)],
  }
}

/**
 * A namespace that may not be read leaves a gap beside the facts of the others. Anything else that fails, and any part that
 * the scope's facts would be wrong without, makes the whole scope the last known one.
 */
function isUnread(collected: Collected): boolean {
  const [main = [], ...others] = collected
  if (others.flat().some(({ failure }) => failure !== null)) return true
  const failures = main.flatMap(({ failure }) => failure ?? [])
  return failures.length > 0 && (failures.length === main.length || failures.some((failure) => !isRefusal(failure)))
}

function isRefusal(failure: KubernetesFailure): boolean {
  return failure.status === 403 || failure.status === 404
}

/** One gap for each reason: a hundred namespaces that may not be read are one missing right. */
function failureGaps(cluster: string, { part }: ScopeDefinition, collected: Collected, at: EpochMs): readonly Gap[] {
  const failures = collected.flat().flatMap(({ failure, notWatched }) => failure ?? notWatched ?? [])
  return [...Map.groupBy(failures, ({ reason }) => reason).values()].flatMap(([first, ...more]) => {
    if (first === undefined) return []
    const words = more.length === 0 ? first.message : `${first.message.slice(0, 360)} (and ${more.length} more like it)`
    return gapOf(cluster, part, new KubernetesFailure(first.reason, words), at)
  })
}

function problemGaps(
  cluster: string,
  { part }: ScopeDefinition,
  problems: readonly KubernetesFailure[],
  at: EpochMs,
): readonly Gap[] {
  const gaps = problems.slice(0, mostProblems).map((problem) => gapOf(cluster, part, problem, at))
  const more = problems.length - gaps.length
  if (more === 0) return gaps
  return [...gaps, gapOf(cluster, part, new KubernetesFailure('invalid', `${more} more were not understood`), at)]
}

function leftGaps(cluster: string, { part }: ScopeDefinition, left: number, at: EpochMs): readonly Gap[] {
  if (left === 0) return []
  return [gapOf(cluster, part, new KubernetesFailure('unsupported', `the ${left} oldest ${part} are left out`), at)]
}
