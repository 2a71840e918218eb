import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ensureBrowser } from '../test/e2e/browser.ts'
import { ensureClusterPrograms } from '../test/lab/cluster/programs.ts'
import {
  clusterBinaries,
  ensureBinaries,
  labBinaries,
  lokiBinaries,
  vaultBinaries,
} from '../test/lab/provision/binaries.ts'
import { ensureTestElectron } from '../test/lab/provision/electron.ts'
import { ensureSpirePolicy } from '../test/lab/provision/spire-policy.ts'
import { ensureVaultPrograms } from '../test/lab/vault/tier.ts'
import { buildMain, buildPage, buildService, linkService, pinnedTarget, testTarget } from './build-desktop.ts'
import { electronBinary } from './electron-binary.ts'
import { root } from './run-tool.ts'
import { closingLines, runStaticChecks, runVitest, type SuiteResult } from './suites.ts'

/**
 * `npm test`: everything, on the real servers of the lab, in a real browser and in a real Electron. What it needs it gets first.
 * With CI=true a missing part fails unless test/expected-missing.json names it with its reason and what is not proven without it.
 */
interface Part {
  readonly name: string
  /** Resolves when the part is there; throws with what to do otherwise. */
  get(): Promise<void>
}

interface Suite {
  readonly name: string
  readonly minutes: number
  readonly needs: readonly string[]
  run(): Promise<SuiteResult>
}

const parts: readonly Part[] = [
  {
    name: 'lab binaries',
    async get() {
      // All at once, so that their builds share what they compile.
      await ensureBinaries([...labBinaries, ...clusterBinaries, ...vaultBinaries, ...lokiBinaries], { log: say })
      await ensureSpirePolicy()
      await ensureClusterPrograms(say)
      await ensureVaultPrograms(say)
    },
  },
  {
    name: 'renderer build',
    async get() {
      await buildPage(pinnedTarget)
    },
  },
  {
    name: 'desktop build',
    async get() {
      await Promise.all([buildMain(pinnedTarget), buildService(), buildPage(testTarget), buildMain(testTarget)])
      await linkService(testTarget)
    },
  },
  {
    name: 'Electron',
    async get() {
      await ensureTestElectron(say, true)
    },
  },
  {
    name: 'pinned Electron',
    async get() {
      if ((await electronBinary()) === null) throw new Error('install-electron did not get it: see the lines above')
    },
  },
  {
    name: 'browser',
    async get() {
      await ensureBrowser(say)
    },
  },
]

const suites: readonly Suite[] = [
  { name: 'types, lint, format', minutes: 0.3, needs: [], run: runStaticChecks },
  { name: 'unit and architecture', minutes: 0.5, needs: [], run: () => runVitest('unit and architecture', 'unit') },
  { name: 'conformance', minutes: 2.5, needs: [], run: () => runVitest('conformance', 'conformance') },
  {
    name: 'real servers (lab)',
    minutes: 22,
    needs: ['lab binaries'],
    run: () => runVitest('real servers (lab)', 'lab*'),
  },
  {
    name: 'browser (e2e)',
    minutes: 7,
    needs: ['lab binaries', 'renderer build', 'browser'],
    run: () => runVitest('browser (e2e)', 'e2e'),
  },
  {
    name: 'desktop (real Electron)',
    minutes: 2,
    needs: ['lab binaries', 'renderer build', 'desktop build', 'Electron'],
    run: () => runVitest('desktop (real Electron)', 'desktop'),
  },
]

const expectedMissing = z
  .array(
    z.strictObject({
      part: z.string(),
      reason: z.string().min(10),
      notProven: z.array(z.string().min(10)).default([]),
    }),
  )
  .parse(JSON.parse(readFileSync(join(root, 'test', 'expected-missing.json'), 'utf8')))

say(`Suites: ${suites.map((suite) => `${suite.name} ~${suite.minutes} min`).join(', ')}.`)
say(
  `In all ~${suites.reduce((sum, suite) => sum + suite.minutes, 0).toFixed(1)} min, plus building the lab's servers once (~20 min).`,
)

const missing = new Map<string, string>()
for (const part of parts) {
  try {
    await part.get()
  } catch (error) {
    missing.set(part.name, error instanceof Error ? error.message : String(error))
    say(`Missing: ${part.name}. ${missing.get(part.name)}`)
  }
}

const results: SuiteResult[] = []
for (const suite of suites) {
  const lacking = suite.needs.filter((need) => missing.has(need))
  if (lacking.length === 0) {
    say(`\n== ${suite.name}`)
    results.push(await suite.run())
    continue
  }
  const unexpected = lacking.filter(isUnexpected)
  const fails = process.env.CI === 'true' && unexpected.length > 0
  results.push({ name: suite.name, passed: 0, failed: fails ? 1 : 0, skipped: fails ? 0 : 1, seconds: 0 })
}

// A part that no suite needs to run, such as the version that a suite would rather run in, still has to be expected.
const lost = [...missing.keys()].filter(
  (part) => isUnexpected(part) && !suites.some(({ needs }) => needs.includes(part)),
)
if (process.env.CI === 'true' && lost.length > 0) {
  results.push({ name: `missing: ${lost.join(', ')}`, passed: 0, failed: lost.length, skipped: 0, seconds: 0 })
}

say('')
for (const result of results) {
  say(
    `${result.name}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped, ${(result.seconds / 60).toFixed(1)} min`,
  )
  // What is soon over is not worth a look.
  for (const { file, seconds } of result.slowest ?? []) if (seconds >= 60) say(`  ${seconds} s: ${file}`)
}
for (const line of closingLines(results)) say(line)
for (const [part, why] of missing) {
  const entry = expectedMissing.find((candidate) => candidate.part === part)
  say(`missing: ${part} (${entry === undefined ? `not expected: ${why}` : entry.reason})`)
  for (const item of entry?.notProven ?? []) say(`  not proven without it: ${item}`)
}
const total = (key: 'passed' | 'failed' | 'skipped' | 'seconds') =>
  results.reduce((sum, result) => sum + result[key], 0)
say(`${(total('seconds') / 60).toFixed(1)} min in all`)
say(`${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`)
process.exitCode = total('failed') === 0 && total('passed') > 0 ? 0 : 1

function isUnexpected(part: string): boolean {
  return !expectedMissing.some((entry) => entry.part === part)
}

function say(line: string): void {
  console.log(line)
}
