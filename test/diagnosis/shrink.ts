import { readFile, writeFile } from 'node:fs/promises'
import type { Capture } from './capture.ts'
import { judge, unmetVerdicts } from './judge.ts'
import { removals } from './removals.ts'

/**
 * `node test/diagnosis/shrink.ts <capture.json> <smaller.json>`: leaves out every fact and record without which each verdict, with
 * all sources and with each taken away, is the same. So small a capture can be kept with the sources, and read by people.
 */
const [from, to] = process.argv.slice(2)
if (from === undefined || to === undefined) throw new Error('which capture, and where to?')
let best: Capture = JSON.parse(await readFile(from, 'utf8'))
best = { ...best, health: best.health.map((health) => ({ ...health, problems: [] })) }
const wanted = await verdictsOf(best)
const [left] = await unmetVerdicts(best)
if (left !== undefined) throw new Error(`it is not what the catalogue says: ${left}`)

best = await fewer(best.scopes, (scopes) => ({ ...best, scopes }))
const facts = best.scopes.flatMap((state) => state.facts)
best = await fewer(facts, (kept) => {
  const ids = new Set(kept.map(({ id }) => id))
  const scopes = best.scopes.map((state) => ({ ...state, facts: state.facts.filter(({ id }) => ids.has(id)) }))
  return { ...best, scopes }
})
const { request } = best
if (request !== null) {
  best = await fewer(request.records, (records) => ({ ...best, request: { ...request, records } }))
}
await writeFile(to, `${JSON.stringify(best)}\n`)
console.log(`${to}: ${JSON.stringify(best).length} characters`)

/** Takes parts away, large ones first, as long as nothing changes. */
async function fewer<Item>(items: readonly Item[], made: (items: readonly Item[]) => Capture): Promise<Capture> {
  let kept = items
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length; ) {
      const without = [...kept.slice(0, at), ...kept.slice(at + size)]
      if (await isSame(made(without))) kept = without
      else at += size
    }
  }
  return made(kept)
}

async function isSame(capture: Capture): Promise<boolean> {
  return (await unmetVerdicts(capture)).length === 0 && (await verdictsOf(capture)) === wanted
}

async function verdictsOf(capture: Capture): Promise<string> {
  const judged = await Promise.all(removals.map((removal) => judge(capture, removal)))
  return JSON.stringify(judged.flat().map(({ of, cause, confidence }) => [of, cause, confidence]))
}
