import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { plainEnvironment, watchMemory } from './limited-process.ts'
import { OpaProblem } from './opa-command.ts'
import { serverEvents, serverLines, traceOf } from './opa-explanation.ts'
import type { WireTraceEvent } from './opa-wire.ts'

/** An OPA of our own, for one policy: on a private unix socket, with nothing of the environment. */
export interface ManagedOpa {
  /** The value of a rule, `pipeline/authz/result`; `undefined` when the rule is undefined for the input. */
  decide(path: string, input: unknown, signal?: AbortSignal): Promise<ManagedDecision>
  /** The same with OPA's full trace; `files` are those of the policy. */
  explain(path: string, input: unknown, files: readonly string[], signal?: AbortSignal): Promise<ExplainedDecision>
  /** False after it ended by itself or was stopped: start another. */
  readonly alive: boolean
  stop(): Promise<void>
}

export interface ManagedDecision {
  readonly result: unknown
  readonly isDefined: boolean
  /** Of the evaluation alone, milliseconds. */
  readonly evaluationMs: number | null
}

export interface ExplainedDecision extends ManagedDecision {
  /** null: the server's trace cannot be read for certain, see `traceOf`; too-long: beyond 64 MB. */
  readonly trace: readonly WireTraceEvent[] | 'too-long' | null
}

export interface ManagedLimits {
  /** For one decision. OPA stops evaluating when the request is given up. */
  readonly decisionMs: number
  readonly memoryBytes: number
  readonly startMs: number
}

export const managedLimits: ManagedLimits = { decisionMs: 5_000, memoryBytes: 1024 ** 3, startMs: 20_000 }

const answerSchema = z.object({
  result: z.unknown().optional(),
  metrics: z.record(z.string(), z.unknown()).optional(),
  code: z.string().optional(),
  message: z.string().optional(),
  errors: z.array(z.object({ message: z.string() })).optional(),
  explanation: z.unknown().optional(),
})
type Answer = z.infer<typeof answerSchema>

const mostAnswerBytes = 64 * 1024 ** 2
const tooLong = new OpaProblem('OPA’s answer is longer than 64 MB.')

/**
 * Starts it on the files of a folder, which nothing else writes to. Rejects with an `OpaProblem` in OPA's words when it does
 * not get ready, such as for a module that does not compile. Modules that reach out must have been refused before: a server
 * takes no capabilities (`OpaCommand.check` does).
 */
export async function startManagedOpa(opa: string, folder: string, limits = managedLimits): Promise<ManagedOpa> {
  // A private folder of our own: socket paths have about 100 characters, and nobody else may speak to it.
  const place = await mkdtemp(join(tmpdir(), 'eh-opa-'))
  const socket = join(place, 's')
  const words = ['run', '--server', '--addr', `unix://${socket}`, '--unix-socket-perm', '700', '--log-level', 'error']
  const child = spawn(opa, [...words, '--skip-version-check', '--bundle', '.'], {
    // Places in traces are then those of the bundle.
    cwd: folder,
    env: { ...plainEnvironment(limits.memoryBytes), HOME: place },
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  })
  let said = ''
  let why = ''
  // What keeps it from starting it says on either.
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => (said = `${said}${part.toString('utf8')}`.slice(-8_000)))
  }
  child.on('error', (reason) => (said += reason.message))
  const watch = (): (() => void) =>
    watchMemory(child, limits.memoryBytes, () => {
      why = `it needed more memory than the ${Math.round(limits.memoryBytes / 1024 ** 2)} MB it may have`
      child.kill('SIGKILL')
    })
  let stopWatching = watch()
  let asking = 0
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null || child.pid === undefined

  async function stop(): Promise<void> {
    stopWatching()
    if (!isOver()) {
      const gone = once(child, 'exit')
      child.kill('SIGKILL') // it holds nothing
      await gone
    }
    await rm(place, { recursive: true, force: true })
  }

  function ask(
    method: string,
    path: string,
    body: string | null,
    signal: AbortSignal,
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = body === null ? {} : { 'content-type': 'application/json' }
      const asked = request({ socketPath: socket, method, path, headers, signal }, (answer) => {
        const parts: Buffer[] = []
        let length = 0
        answer.on('data', (part: Buffer) => {
          length += part.length
          if (length > mostAnswerBytes) asked.destroy(tooLong)
          else parts.push(part)
        })
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }))
        answer.on('error', reject)
      })
      asked.on('error', reject)
      asked.end(body ?? undefined)
    })
  }

  const until = Date.now() + limits.startMs
  for (;;) {
    const ready = await ask('GET', '/health', null, AbortSignal.timeout(2_000)).catch(() => null)
    if (ready?.status === 200) break
    if (isOver() || Date.now() > until) {
      const problem = why || said.trim() || `it was not ready after ${limits.startMs / 1000} s`
      await stop()
      throw new OpaProblem(`OPA did not start with this policy: ${problem.slice(0, 2000)}`)
    }
    await wait(15)
  }

  async function answerOf(path: string, how: string, input: unknown, signal?: AbortSignal): Promise<Answer> {
    const deadline = AbortSignal.timeout(limits.decisionMs)
    const both = signal === undefined ? deadline : AbortSignal.any([deadline, signal])
    const target = `/v1/data/${path.split('/').map(encodeURIComponent).join('/')}?metrics&${how}`
    const answer = await watched(() => ask('POST', target, JSON.stringify({ input }), both)).catch(
      (reason: unknown) => {
        if (why !== '') throw new OpaProblem(`The evaluation was stopped: ${why}.`)
        if (reason === tooLong) throw reason
        if (isOver()) throw new OpaProblem(`OPA was stopped: ${said.trim().slice(0, 500) || 'it ended by itself'}`)
        if (deadline.aborted)
          throw new OpaProblem(`The evaluation took longer than ${limits.decisionMs} ms and was stopped.`)
        throw reason
      },
    )
    const read = answerSchema.safeParse(jsonOr(answer.text))
    if (!read.success) throw new OpaProblem(`OPA answered ${answer.status} with something that is not understood.`)
    if (answer.status === 200) return read.data
    const { errors = [], message = `It answered ${answer.status}.` } = read.data
    const words = errors.length > 0 ? errors.map((each) => each.message) : [message]
    throw new OpaProblem(words.join('\n').slice(0, 4000))
  }

  async function decide(path: string, input: unknown, signal?: AbortSignal): Promise<ManagedDecision> {
    return decisionIn(await answerOf(path, '', input, signal))
  }

  /** Nothing grows while nothing is asked. */
  async function watched<Value>(work: () => Promise<Value>): Promise<Value> {
    if (asking === 0) stopWatching = watch()
    asking += 1
    try {
      return await work()
    } finally {
      asking -= 1
      if (asking === 0) stopWatching()
    }
  }

  stopWatching()
  return {
    get alive() {
      return !isOver()
    },
    stop,
    decide,
    async explain(path, input, files, signal) {
      const told = await Promise.all([
        answerOf(path, 'explain=full', input, signal),
        answerOf(path, 'explain=full&pretty', input, signal),
      ]).catch((reason: unknown) => {
        if (reason === tooLong) return null
        throw reason
      })
      if (told === null) return { ...(await decide(path, input, signal)), trace: 'too-long' }
      const [whole, pretty] = told
      const events = serverEvents.safeParse(whole.explanation)
      const lines = serverLines.safeParse(pretty.explanation)
      const trace = events.success && lines.success ? traceOf(events.data, lines.data, files) : null
      return { ...decisionIn(whole), trace }
    },
  }
}

function decisionIn(answer: Answer): ManagedDecision {
  const nanoseconds = answer.metrics?.['timer_rego_query_eval_ns']
  return {
    result: answer.result ?? null,
    isDefined: 'result' in answer,
    evaluationMs: typeof nanoseconds === 'number' ? nanoseconds / 1e6 : null,
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
