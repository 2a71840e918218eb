import type { TrustGraph } from '../../shared/domain/model/graph.ts'

/** Asks again until `problems` has none left; fails with what is left after `seconds`. */
export async function settle(
  graph: () => Promise<TrustGraph>,
  problems: (graph: TrustGraph) => readonly string[] | Promise<readonly string[]>,
  seconds: number,
): Promise<TrustGraph> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const now = await graph()
    const left = await problems(now)
    if (left.length === 0) return now
    if (Date.now() > deadline) throw new Error(`after ${seconds} s still:\n${left.join('\n')}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

/**
 * The problems of the first of these checks that has any. To ask the servers themselves starts programs: that comes last, and only
 * of a graph that looks right, or whoever reads them for the graph would have to wait for it.
 */
export async function firstProblems(
  ...checks: readonly (() => readonly string[] | Promise<readonly string[]>)[]
): Promise<readonly string[]> {
  for (const check of checks) {
    const problems = await check()
    if (problems.length > 0) return problems
  }
  return []
}
