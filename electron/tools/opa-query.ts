import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { jsonOr, type OpaCommand, OpaProblem } from './opa-command.ts'

export interface OpaQuery {
  /** Folder of the policy, laid out as the bundle. */
  readonly folder: string
  readonly query: string
  readonly input: unknown
  /** With the whole trace, in which no rule is left out because an index says that it cannot hold. */
  readonly explains: boolean
  readonly timeoutMs: number
}

export interface OpaAnswer {
  /** undefined: the query has no value. */
  readonly value: unknown
  /** Events as OPA prints them; null: they were not asked for. */
  readonly explanation: unknown
}

const memoryBytes = 1024 ** 3
/** Of a trace; what explains itself at greater length is not explained. */
const outputBytes = 32 * 1024 ** 2

/** Read as far as it is needed; terms of the trace are looked at by hand (`policy/explaining/trace-events.ts`). */
const answerSchema = z.object({
  result: z.array(z.object({ expressions: z.array(z.object({ value: z.unknown() })).default([]) })).optional(),
  errors: z.array(z.object({ message: z.string() })).optional(),
  explanation: z.unknown().optional(),
})

/**
 * One run of `opa eval`, without network. It rejects with `OpaProblem` in OPA's words when the query or the policy is refused,
 * or when it does not come to an end within time, memory and 32 MB of text.
 */
export async function askOpa(opa: OpaCommand, asked: OpaQuery, signal: AbortSignal): Promise<OpaAnswer> {
  const place = await mkdtemp(join(tmpdir(), 'eh-ask-'))
  try {
    const capabilities = join(place, 'capabilities.json')
    const inputFile = join(place, 'input.json')
    await Promise.all([
      writeFile(capabilities, await opa.capabilities(), { mode: 0o600 }),
      writeFile(inputFile, JSON.stringify(asked.input ?? null), { mode: 0o600 }),
    ])
    const explaining = ['--explain', 'full', '--disable-indexing', '--disable-early-exit']
    const words = ['eval', '--format', 'json', ...(asked.explains ? explaining : [])]
    const run = await opa.run(
      // From standard input: an argument has a length that the values of a policy may exceed.
      [...words, '--capabilities', capabilities, '--input', inputFile, '--bundle', '.', '--stdin'],
      {
        cwd: asked.folder,
        stdin: asked.query,
        signal,
        limits: { timeoutMs: asked.timeoutMs, memoryBytes, outputBytes },
      },
    )
    signal.throwIfAborted()
    if (run.ended !== 'exited') throw new OpaProblem(`opa eval: ${run.ended} ${run.stderr.trim().slice(0, 500)}`)
    const read = answerSchema.safeParse(jsonOr(run.stdout))
    if (!read.success) throw new OpaProblem(run.stderr.trim().slice(0, 2000) || 'OPA printed something unexpected.')
    const { result, errors = [], explanation } = read.data
    if (errors.length > 0)
      throw new OpaProblem(
        errors
          .map(({ message }) => message)
          .join('\n')
          .slice(0, 2000),
      )
    return { value: result?.[0]?.expressions[0]?.value, explanation: explanation ?? null }
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}
