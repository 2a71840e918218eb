import type { Fact } from '../../model/fact.ts'

/** How far is looked for the next fact that stayed, before the rest is told apart as a whole. */
const mostAhead = 32

/**
 * What went and what came between two readings of one scope. Facts that stayed are the same objects, mostly in the same order:
 * then tens of thousands are passed at the price of a comparison each. One that only moved may have gone and come.
 */
export function differences(
  before: readonly Fact[],
  after: readonly Fact[],
): { readonly gone: readonly Fact[]; readonly come: readonly Fact[] } {
  const gone: Fact[] = []
  const come: Fact[] = []
  let [old, now] = [0, 0]
  while (old < before.length && now < after.length) {
    if (before[old] === after[now]) {
      old += 1
      now += 1
      continue
    }
    const met = meeting(before, old, after, now)
    if (met === null) break
    for (; old < met.old; old += 1) keep(gone, before[old])
    for (; now < met.now; now += 1) keep(come, after[now])
  }
  const [wasLeft, isLeft] = [before.slice(old), after.slice(now)]
  const [was, is] = [new Set(wasLeft), new Set(isLeft)]
  for (const fact of wasLeft) if (!is.has(fact)) gone.push(fact)
  for (const fact of isLeft) if (!was.has(fact)) come.push(fact)
  return { gone, come }
}

/** The next two places with the same fact: after some that were replaced, taken out or put in. */
function meeting(
  before: readonly Fact[],
  old: number,
  after: readonly Fact[],
  now: number,
): { readonly old: number; readonly now: number } | null {
  for (let ahead = 1; ahead <= mostAhead; ahead += 1) {
    if (isSame(before, old + ahead, after, now + ahead)) return { old: old + ahead, now: now + ahead }
    if (isSame(before, old + ahead, after, now)) return { old: old + ahead, now }
    if (isSame(before, old, after, now + ahead)) return { old, now: now + ahead }
  }
  return null
}

function isSame(before: readonly Fact[], old: number, after: readonly Fact[], now: number): boolean {
  return old < before.length && before[old] === after[now]
}

function keep(facts: Fact[], fact: Fact | undefined): void {
  if (fact !== undefined) facts.push(fact)
}
