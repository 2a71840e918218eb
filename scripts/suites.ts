import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { closingVariable } from './closing-reporter.ts'
import { captureTool, runTool } from './run-tool.ts'

/** What one suite counted. `missing` names what could not be had, when it was skipped for that. */
export interface SuiteResult {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly seconds: number
  /** Names of what failed, with the first line of why. */
  readonly failures?: readonly string[]
  /** Names of tests that passed only when they were run again. */
  readonly again?: readonly string[]
  /** The files that took the longest: where minutes could be saved. */
  readonly slowest?: readonly { readonly file: string; readonly seconds: number }[]
}

const closingSchema = z.object({
  failed: z.array(z.string()),
  again: z.array(z.string()),
  slowest: z.array(z.object({ file: z.string(), seconds: z.number() })),
})

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  numTotalTests: z.number(),
  success: z.boolean(),
})

/** Each static check counts as one test: it passes or fails as a whole. */
const staticChecks: readonly (readonly [string, readonly (readonly string[])[]])[] = [
  [
    'types',
    [
      ['tsc', '-p', 'shared/tsconfig.json'],
      ['tsc', '-p', 'electron/tsconfig.json'],
      ['tsc', '-p', 'renderer/tsconfig.json'],
      ['tsc', '-p', 'test/tsconfig.json'],
    ],
  ],
  ['lint', [['oxlint', '--type-aware', '--deny-warnings']]],
  ['format', [['biome', 'check', '.']]],
]

export async function runStaticChecks(): Promise<SuiteResult> {
  const started = performance.now()
  let passed = 0
  let failed = 0
  for (const [name, commands] of staticChecks) {
    const results = await Promise.all(commands.map(([program, ...args]) => captureTool(program ?? '', args)))
    const bad = results.filter((result) => result.code !== 0)
    if (bad.length === 0) passed += 1
    else failed += 1
    console.log(`${bad.length === 0 ? 'ok    ' : 'FAILED'} ${name}`)
    for (const result of bad) console.log(result.output)
  }
  return { name: 'types, lint, format', passed, failed, skipped: 0, seconds: since(started) }
}

/** Runs one project of vitest.config.ts and counts what it reports. A run that reports nothing is a failure. */
export async function runVitest(name: string, project: string): Promise<SuiteResult> {
  const started = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'everyhop-test-'))
  const file = join(folder, 'report.json')
  try {
    const closingFile = join(folder, 'closing.json')
    process.env[closingVariable] = closingFile
    const code = await runTool('vitest', [
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--reporter=${join(import.meta.dirname, 'closing-reporter.ts')}`,
      `--outputFile.json=${file}`,
    ])
    const report = vitestReport.safeParse(JSON.parse(readTextOr(file, 'null')))
    if (!report.success) return { name, passed: 0, failed: 1, skipped: 0, seconds: since(started) }
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = report.data
    // A file that cannot even be loaded fails the run without a failed test: count it.
    const failed = code !== 0 && numFailedTests === 0 ? 1 : numFailedTests
    const closing = closingSchema.safeParse(JSON.parse(readTextOr(closingFile, 'null')))
    return {
      ...(closing.success
        ? { failures: closing.data.failed, again: closing.data.again, slowest: closing.data.slowest }
        : {}),
      name,
      passed: numPassedTests,
      failed: numPassedTests === 0 && failed === 0 ? 1 : failed,
      skipped: numPendingTests + numTodoTests,
      seconds: since(started),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readTextOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return otherwise
  }
}

function since(started: number): number {
  return Math.round((performance.now() - started) / 1000)
}
