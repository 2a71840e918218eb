import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closingVariable } from './closing-reporter.ts'
import { countFile, hasFailed, type RunRecord, runRecordSchema } from './run-record.ts'
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
  /** Names of tests that passed in one of two runs only. */
  readonly again?: readonly string[]
  /** The files that took the longest: where minutes could be saved. */
  readonly slowest?: readonly { readonly file: string; readonly seconds: number }[]
}

/** More failed files than these are no bad luck: they are not run again. */
const mostAgain = 5
const mostSlow = 5

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

/**
 * Runs one project of vitest.config.ts and counts what it reports. Real processes on a busy machine: a file that failed is run
 * once more, alone; what fails twice fails, and what passed only one time is named. A run that reports nothing is a failure.
 */
export async function runVitest(name: string, project: string): Promise<SuiteResult> {
  const started = performance.now()
  const first = await recordRun(project)
  const failed = first.files.filter(hasFailed)
  if (failed.length > mostAgain) console.log(`${failed.length} files failed: none of them is run again.`)
  const laterRuns: RunRecord[] = []
  for (const { file } of failed.length > mostAgain ? [] : failed) {
    console.log(`\n== once more, alone: ${file}`)
    laterRuns.push(await recordRun(project, file))
  }
  const later = new Map(laterRuns.flatMap(({ files }) => files.map((file) => [file.file, file] as const)))
  const counts = first.files.map((file) => countFile(file, later.get(file.file) ?? null))
  const total = (key: 'passed' | 'failed' | 'skipped') => counts.reduce((sum, count) => sum + count[key], 0)
  const unhandled = [first, ...laterRuns].flatMap((run) => run.unhandled)
  const nothing = total('passed') + total('failed') + unhandled.length === 0
  return {
    name,
    passed: total('passed'),
    failed: total('failed') + unhandled.length + (nothing ? 1 : 0),
    skipped: total('skipped'),
    seconds: since(started),
    failures: [
      ...counts.flatMap((count) => count.failures),
      ...unhandled.map((error) => `${name}, of no test: ${error}`),
      ...(nothing ? [`${name}: no test ran`] : []),
    ],
    again: counts.flatMap((count) => count.again),
    slowest: first.files.toSorted((one, other) => other.seconds - one.seconds).slice(0, mostSlow),
  }
}

/** All files of a project, or one. A run that ends badly and tells of nothing bad has an error of its own. */
async function recordRun(project: string, file?: string): Promise<RunRecord> {
  const folder = mkdtempSync(join(tmpdir(), 'everyhop-test-'))
  const closing = join(folder, 'closing.json')
  try {
    const code = await runTool(
      'vitest',
      [
        'run',
        ...(file === undefined ? [] : [file]),
        '--project',
        project,
        '--reporter=default',
        `--reporter=${join(import.meta.dirname, 'closing-reporter.ts')}`,
      ],
      { ...process.env, [closingVariable]: closing },
    )
    const read = runRecordSchema.safeParse(JSON.parse(readTextOr(closing, 'null')))
    const record: RunRecord = read.success ? read.data : { files: [], unhandled: [] }
    const isBad = record.unhandled.length > 0 || record.files.some(hasFailed)
    if (code === 0 || isBad) return record
    return { ...record, unhandled: [`vitest ended with ${code}`] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Names of what failed and of what passed only one time, a line each. */
export function closingLines(results: readonly SuiteResult[]): readonly string[] {
  return results.flatMap(({ again = [], failures = [] }) => [
    ...again.map((name) => `passed in one of two runs only: ${name}`),
    ...failures.map((name) => `FAILED ${name}`),
  ])
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
