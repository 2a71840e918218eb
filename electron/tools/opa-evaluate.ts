import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Evaluation } from '../../shared/domain/model/policy.ts'
import type { ManagedOpa } from './managed-opa.ts'
import { jsonOr, type OpaCommand, OpaProblem } from './opa-command.ts'
import { traceLines } from './opa-trace.ts'
import { evalOutput } from './opa-wire.ts'

export interface EvaluateRequest {
  /** Folder of the policy, laid out as the bundle. */
  readonly folder: string
  /** A rule, `data.pipeline.authz.result`, or an expression. */
  readonly query: string
  readonly input: unknown
  /** Name of what is evaluated, for `of`. */
  readonly of: string
  readonly timeoutMs?: number
  readonly memoryBytes?: number
}

/**
 * One evaluation with OPA's full trace: `opa eval`, without network. What OPA refuses, such as a policy that calls `http.send`,
 * is an evaluation with the error in OPA's words, not a rejection; it rejects with `OpaProblem` when OPA itself fails.
 */
export async function evaluate(
  opa: OpaCommand,
  { folder, query, input, of, timeoutMs = 5_000, memoryBytes = 1024 ** 3 }: EvaluateRequest,
  signal?: AbortSignal,
): Promise<Evaluation> {
  const place = await mkdtemp(join(tmpdir(), 'eh-eval-'))
  try {
    const capabilities = join(place, 'capabilities.json')
    const inputFile = join(place, 'input.json')
    await Promise.all([
      writeFile(capabilities, await opa.capabilities(), { mode: 0o600 }),
      writeFile(inputFile, JSON.stringify(input ?? null), { mode: 0o600 }),
    ])
    const words = ['eval', '--format', 'json', '--explain', 'full', '--metrics']
    const started = performance.now()
    const run = await opa.run(
      // The query stands behind `--`: one that begins with a dash is no option.
      [...words, '--capabilities', capabilities, '--input', inputFile, '--bundle', '.', '--', query],
      { cwd: folder, limits: { timeoutMs, memoryBytes }, ...(signal === undefined ? {} : { signal }) },
    )
    const totalMs = performance.now() - started
    const failed = (error: string): Evaluation => failedEvaluation(error, of, totalMs)
    if (run.ended === 'timed-out') return failed(`The evaluation took longer than ${timeoutMs} ms and was stopped.`)
    if (run.ended === 'too-much-memory')
      return failed('The evaluation needed more memory than it may have and was stopped.')
    if (run.ended === 'too-much-output')
      return failed('The evaluation explains itself at a length that cannot be read; it was stopped.')
    if (run.ended !== 'exited') throw new OpaProblem(`opa eval: ${run.ended} ${run.stderr.trim().slice(0, 500)}`)
    const read = evalOutput.safeParse(jsonOr(run.stdout))
    if (!read.success)
      return failed(run.stderr.trim().slice(0, 4000) || 'OPA printed something that is not understood.')
    const { result, errors, explanation, metrics } = read.data
    if (errors !== undefined && errors.length > 0)
      return failed(
        errors
          .map(({ message }) => message)
          .join('\n')
          .slice(0, 4000),
      )
    const textOf = await linesOf(
      folder,
      (explanation ?? []).map(({ Location }) => Location?.file ?? ''),
    )
    const trace = traceLines(explanation ?? [], textOf)
    const value = result?.[0]?.expressions[0]?.value
    const nanoseconds = metrics?.['timer_rego_query_eval_ns']
    return {
      decision: decisionOf(result === undefined ? undefined : value),
      result: value ?? null,
      error: null,
      trace: trace.lines,
      traceCut: trace.cut,
      metrics: { evaluationMs: typeof nanoseconds === 'number' ? nanoseconds / 1e6 : null, totalMs },
      of,
    }
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

/**
 * The same by an OPA that runs already, of a rule such as `pipeline/authz/result`; a tenth of the time. null: it cannot tell the
 * trace, and `evaluate` has to. It rejects with `OpaProblem` when the evaluation or OPA fails.
 */
export async function evaluateManaged(
  opa: ManagedOpa,
  { path, input, of, files }: ManagedRequest,
  signal?: AbortSignal,
): Promise<Evaluation | null> {
  const started = performance.now()
  const { result, isDefined, evaluationMs, trace } = await opa.explain(path, input, [...files.keys()], signal)
  if (trace === null) return null
  const texts = new Map<string, readonly string[]>()
  const told = traceLines(trace === 'too-long' ? [] : trace, (file, row) => {
    const lines = texts.get(file) ?? new TextDecoder().decode(files.get(file)).split('\n')
    texts.set(file, lines)
    return lines[row - 1] ?? null
  })
  return {
    decision: decisionOf(isDefined ? result : undefined),
    result,
    error: null,
    trace: told.lines,
    traceCut: told.cut || trace === 'too-long',
    metrics: { evaluationMs, totalMs: performance.now() - started },
    of,
  }
}

/** Only what an OPA that runs already decides, without its trace; a tenth of the time again. It rejects as `evaluateManaged` does. */
export async function decideManaged(
  opa: ManagedOpa,
  { path, input, of }: Omit<ManagedRequest, 'files'>,
  signal?: AbortSignal,
): Promise<Evaluation> {
  const started = performance.now()
  const { result, isDefined, evaluationMs } = await opa.decide(path, input, signal)
  return {
    decision: decisionOf(isDefined ? result : undefined),
    result,
    error: null,
    trace: [],
    traceCut: false,
    metrics: { evaluationMs, totalMs: performance.now() - started },
    of,
  }
}

export interface ManagedRequest {
  readonly path: string
  readonly input: unknown
  readonly of: string
  /** Of the policy that this OPA was started with. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** What OPA refused, or could not bring to an end, in its words. */
export function failedEvaluation(error: string, of: string, totalMs: number | null = null): Evaluation {
  const metrics = { evaluationMs: null, totalMs }
  return { decision: 'error', result: null, error, trace: [], traceCut: false, metrics, of }
}

/** `data.pipeline.authz["result"]` as a path; null: it is an expression, and no reference that could not reach out. */
export function pathOfQuery(query: string): string | null {
  const read = /^\s*data((?:\.[A-Za-z_]\w*|\["[^"\\/]+"\])+)\s*$/.exec(query)
  const members = read?.[1]?.match(/\.\w+|\["[^"]+"\]/g)
  return members?.map((each) => (each.startsWith('.') ? each.slice(1) : each.slice(2, -2))).join('/') ?? null
}

/**
 * What the Envoy plugin of OPA makes of a value: a boolean, or an object whose `allowed` is one. Anything else it answers with
 * an error, and Envoy then fails open or closed: that is no denial.
 */
export function decisionOf(value: unknown): Evaluation['decision'] {
  if (value === undefined) return 'undefined'
  const allowed: unknown = typeof value === 'object' && value !== null && 'allowed' in value ? value.allowed : value
  if (typeof allowed !== 'boolean') return 'error'
  return allowed ? 'allow' : 'deny'
}

/** Lines of the files that a trace speaks of. The names come from OPA, which read them from this folder. */
async function linesOf(
  folder: string,
  files: readonly string[],
): Promise<(file: string, row: number) => string | null> {
  const names = [...new Set(files)].filter((name) => name !== '' && !name.split('/').includes('..'))
  const texts = await Promise.all(
    names.map(
      async (name) => [name, (await readFile(join(folder, name), 'utf8').catch(() => '')).split('\n')] as const,
    ),
  )
  const byName = new Map(texts)
  return (file, row) => byName.get(file)?.[row - 1] ?? null
}
