import type { BenchRow } from './row.ts'

/**
 * `npm run bench [-- <name> …]`: measures, each against what one would use instead or against what is promised, in one run.
 * Figures of one machine; the ratios are what counts.
 */
const benches: Readonly<Record<string, () => Promise<{ run(): Promise<readonly BenchRow[]> }>>> = {
  diagnosis: () => import('./diagnosis.ts'),
  evidence: () => import('./evidence.ts'),
  'graph-build': () => import('./graph-build.ts'),
  history: () => import('./history.ts'),
  'lab-observe': () => import('./lab-observe.ts'),
  'graph-paint': () => import('./graph-paint.ts'),
  'kubernetes-watch': () => import('./kubernetes-watch.ts'),
  'log-lines': () => import('./log-lines.ts'),
  logs: () => import('./logs.ts'),
  past: () => import('./past.ts'),
  playground: () => import('./playground.ts'),
  policy: () => import('./policy.ts'),
  'policy-editor': () => import('./policy-editor.ts'),
}

/** Words with a dash are switches of one benchmark, such as `--full` of `logs`. */
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const unknown = wanted.filter((name) => benches[name] === undefined)
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}. There are ${Object.keys(benches).join(', ')}.`)
  process.exit(2)
}
for (const [name, load] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`\n${name}`)
  for (const row of await (await load()).run()) console.log(lineOf(row))
}
// A benchmark whose figure may not be any other, such as verdicts that are wrong with confidence, sets the code itself.
process.exit(process.exitCode ?? 0)

function lineOf({ name, value, unit, comparedWith, ratio }: BenchRow): string {
  const against = comparedWith === null ? '' : `${comparedWith.name} ${rounded(comparedWith.value)} ${unit}`
  return `  ${name.padEnd(64)} ${`${rounded(value)} ${unit}`.padStart(14)}   ${against.padEnd(52)} ${ratio === null ? '' : `× ${rounded(ratio)}`}`
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
