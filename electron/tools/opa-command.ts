import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { FileCoverage, PolicyProblem, PolicyTestResult } from '../../shared/domain/model/policy.ts'
import { type Ended, type Limits, type Run, runLimited } from './limited-process.ts'
import { withoutHosts, withoutNetwork } from './opa-capabilities.ts'
import { checkOutput, coverageOutput, testOutput } from './opa-wire.ts'

const gibi = 1024 ** 3
/** Of short questions: a policy that needs more is told so. */
export const commandLimits: Limits = { timeoutMs: 20_000, memoryBytes: gibi, outputBytes: 64 * 1024 ** 2 }

/** The opa program could not answer: it ended early, or said something that is not understood. */
export class OpaProblem extends Error {
  override readonly name = 'OpaProblem'
  /** How it ended; `exited`: it said no, in the words of the message. */
  readonly ended: Ended
  constructor(message: string, ended: Ended = 'exited') {
    super(message)
    this.ended = ended
  }
}

export interface OpaCommand {
  readonly path: string
  readonly version: string
  /** Text for `--capabilities`: nothing that reaches out of the evaluation. */
  readonly capabilities: () => Promise<string>
  /** `opa check`, strict, of a folder; `schemas` is a folder of JSON Schemas, `capabilities` a file. Places are relative to the folder. */
  check(folder: string, options?: CheckOptions, signal?: AbortSignal): Promise<readonly PolicyProblem[]>
  /**
   * `opa test` with coverage, as two runs: OPA prints either results or coverage, and coverage only of tests that pass. No host
   * is reached; a test may still put a function of its own in the place of `http.send`.
   */
  test(folder: string, signal?: AbortSignal): Promise<TestRun>
  /** `opa fmt` of one text; a text that does not parse stays as it is. */
  format(text: string, signal?: AbortSignal): Promise<{ readonly text: string; readonly problem: PolicyProblem | null }>
  /** Any other call, within limits. */
  run(words: readonly string[], options?: RunOptions): Promise<Run>
}

export interface CheckOptions {
  /** false: only what keeps OPA from evaluating. */
  readonly strict?: boolean
  readonly schemas?: string
  readonly capabilitiesFile?: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly stdin?: string
  readonly signal?: AbortSignal
  readonly limits?: Partial<Limits>
}

export interface TestRun {
  readonly results: readonly PolicyTestResult[]
  readonly coverage: readonly FileCoverage[]
  /** Why there are none, such as a module that does not compile; null: they were run. */
  readonly problem: string | null
}

export function opaCommand(path: string, version: string): OpaCommand {
  let current: Promise<string> | null = null

  /** What this OPA can do, as it prints it. */
  function allCapabilities(): Promise<string> {
    current ??= run(['capabilities', '--current']).then((answer) => printed(answer, [0]).stdout)
    current.catch(() => (current = null)) // asked again the next time
    return current
  }

  function run(words: readonly string[], { limits, ...options }: RunOptions = {}): Promise<Run> {
    return runLimited(path, words, { ...commandLimits, ...limits }, options)
  }

  async function tested(folder: string, words: readonly string[], signal: AbortSignal | undefined): Promise<TestRun> {
    const options = { cwd: folder, ...(signal === undefined ? {} : { signal }) }
    const answer = printed(await run(['test', '--bundle', '.', ...words], options), [0, 1, 2])
    // A module that does not compile leaves nothing on standard output.
    if (answer.stdout.trim() === '') {
      return {
        results: [],
        coverage: [],
        problem: answer.stderr.trim() === '' ? null : answer.stderr.trim().slice(0, 4000),
      }
    }
    const results = parsed(testOutput, answer.stdout, 'opa test').map((each) => ({
      package: each.package.replace(/^data\./, ''),
      name: each.name,
      path: placeIn(each.location?.file ?? '') ?? '',
      row: each.location?.row ?? 0,
      outcome: outcomeOf(each),
      durationMs: each.duration / 1e6,
      output: outputOf(each),
    }))
    // With --bundle OPA knows no modules when it reports coverage, and says that all is covered.
    const covered = await run(['test', '.', ...words, '--coverage', ...onlyPassing(results)], options)
    const coverage = coverageOutput.safeParse(jsonOr(covered.stdout))
    return { results, coverage: coverage.success ? coverageOf(coverage.data) : [], problem: null }
  }

  return {
    path,
    version,
    run,
    capabilities: async () => withoutNetwork(await allCapabilities()),
    async check(folder, { strict = true, schemas, capabilitiesFile } = {}, signal) {
      const words = ['check', '--format', 'json', '--max-errors', '100', '--bundle', '.']
      if (strict) words.push('--strict')
      if (schemas !== undefined) words.push('--schema', schemas)
      if (capabilitiesFile !== undefined) words.push('--capabilities', capabilitiesFile)
      const answer = printed(await run(words, { cwd: folder, ...(signal === undefined ? {} : { signal }) }), [0, 1])
      if (answer.code === 0) return []
      // Errors come on standard error.
      const { errors } = parsed(checkOutput, answer.stderr === '' ? answer.stdout : answer.stderr, 'opa check')
      return errors.map(problemOf)
    },
    async test(folder, signal) {
      const place = await mkdtemp(join(tmpdir(), 'eh-test-'))
      try {
        const capabilitiesFile = join(place, 'capabilities.json')
        await writeFile(capabilitiesFile, withoutHosts(await allCapabilities()), { mode: 0o600 })
        return await tested(
          folder,
          ['--format', 'json', '--timeout', '10s', '--capabilities', capabilitiesFile],
          signal,
        )
      } finally {
        await rm(place, { recursive: true, force: true })
      }
    },
    async format(text, signal) {
      const answer = printed(
        await run(['fmt'], { stdin: text, ...(signal === undefined ? {} : { signal }) }),
        [0, 1, 2],
      )
      if (answer.code === 0) return { text: answer.stdout, problem: null }
      const [, row] = /:(\d+):/.exec(answer.stderr) ?? []
      const message = answer.stderr.trim().slice(0, 1000)
      const at = row === undefined ? null : Number(row)
      return {
        text,
        problem: { by: 'opa', severity: 'error', code: 'rego_parse_error', message, path: null, row: at, column: null },
      }
    },
  }
}

/** `opa check` gives a place of its own for what does not compile, and within the message for what does not parse. */
function problemOf({ message, code, location }: z.infer<typeof checkOutput>['errors'][number]): PolicyProblem {
  const common = { by: 'opa' as const, severity: 'error' as const }
  if (location !== undefined && location.file !== '') {
    return { ...common, code, message, path: placeIn(location.file), row: location.row, column: location.col }
  }
  const [, path, row, found, words] = /(?:^|[\s:])([^\s:]+\.\w+):(\d+): (rego_\w+): ([\s\S]+)$/.exec(message) ?? []
  if (path === undefined) return { ...common, code, message, path: null, row: null, column: null }
  // The last line marks the column below the text of the row.
  const column = (words?.split('\n').at(-1)?.replace(/^\t/, '').indexOf('^') ?? -1) + 1
  return {
    ...common,
    code: found ?? code,
    message: words?.split('\n')[0] ?? message,
    path: placeIn(path),
    row: Number(row),
    column: column === 0 ? null : column,
  }
}

/** OPA prints no coverage when a test fails, so that of those that pass has to do. RE2, as `--run` takes it. */
function onlyPassing(results: readonly PolicyTestResult[]): readonly string[] {
  if (results.every(({ outcome }) => outcome === 'passed')) return []
  const names = results
    .filter(({ outcome }) => outcome === 'passed')
    .map((each) => `data.${each.package}.${each.name}`.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return ['--run', names.length === 0 ? '^$' : `^(${names.join('|')})$`]
}

function outcomeOf(each: {
  fail?: boolean | undefined
  skip?: boolean | undefined
  error?: unknown
}): PolicyTestResult['outcome'] {
  if (each.error !== undefined && each.error !== null) return 'error'
  if (each.skip === true) return 'skipped'
  return each.fail === true ? 'failed' : 'passed'
}

function outputOf({ error, output }: { error?: unknown; output?: string | undefined }): string | null {
  if (error !== undefined && error !== null) return JSON.stringify(error).slice(0, 2000)
  // OPA prints it in base64.
  return output === undefined || output === '' ? null : Buffer.from(output, 'base64').toString('utf8').slice(0, 4000)
}

function coverageOf({ files }: ReturnType<typeof coverageOutput.parse>): readonly FileCoverage[] {
  const rows = (ranges: readonly { start: { row: number }; end: { row: number } }[] = []): number[] =>
    ranges.flatMap(({ start, end }) =>
      // Rows come from a program: a wrong one must not fill the memory.
      Array.from(
        { length: Math.min(Math.max(end.row - start.row + 1, 0), 100_000) },
        (_none, index) => start.row + index,
      ),
    )
  return Object.entries(files).map(([path, file]) => ({
    path: placeIn(path) ?? path,
    covered: rows(file.covered),
    notCovered: rows(file.not_covered),
    percent: file.coverage ?? 0,
  }))
}

/** Paths as OPA prints them for `--bundle .`: `./pipeline/authz.rego` or `/pipeline/authz.rego`. */
function placeIn(file: string): string | null {
  const path = file.replace(/^\.?\//, '')
  return path === '' ? null : path
}

/** The answer, when the program ended by itself with one of these codes. */
export function printed(run: Run, codes: readonly number[]): Run {
  if (run.ended === 'exited' && run.code !== null && codes.includes(run.code)) return run
  if (run.ended === 'exited') throw new OpaProblem(`opa ended with ${run.code}: ${wordsOf(run).slice(0, 2000)}`)
  const why: Readonly<Record<Exclude<Run['ended'], 'exited'>, string>> = {
    'timed-out': 'opa took too long and was stopped',
    'too-much-memory': 'opa needed more memory than it may have and was stopped',
    'too-much-output': 'opa printed more than can be read and was stopped',
    cancelled: 'the question was withdrawn',
    'not-started': `opa could not be started: ${run.stderr.trim().slice(0, 500)}`,
  }
  throw new OpaProblem(why[run.ended], run.ended)
}

/** What it says of a failure: commands differ in which stream they use. */
export function wordsOf({ stdout, stderr }: Run): string {
  return stderr.trim() === '' ? stdout.trim() : stderr.trim()
}

export function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function parsed<Schema extends z.ZodType>(schema: Schema, text: string, what: string): z.infer<Schema> {
  const read = schema.safeParse(jsonOr(text))
  if (read.success) return read.data
  throw new OpaProblem(`${what} printed something that is not understood: ${text.trim().slice(0, 500)}`)
}
