import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import type { PolicyProblem } from '../../shared/domain/model/policy.ts'
import { plainEnvironment, watchMemory } from '../tools/limited-process.ts'

/**
 * Parses texts as they are typed, by an OPA that stays up: starting the program for each keystroke takes longer than parsing.
 * It holds no policy but the text that was last asked about, evaluates nothing, and ends when nobody types for a while.
 */
export interface ParseOpa {
  /** Only what does not parse. null: this cannot answer now, and the command has to. */
  problems(opa: string, path: string, text: string, signal: AbortSignal): Promise<readonly PolicyProblem[] | null>
  close(): Promise<void>
}

/** OPA 1.x: `PUT /v1/policies/{id}` answers 400 with the errors of its compiler. */
const answerSchema = z.object({
  message: z.string().optional(),
  errors: z
    .array(
      z.object({
        code: z.string(),
        message: z.string(),
        location: z.object({ row: z.number(), col: z.number() }).optional(),
      }),
    )
    .optional(),
})

const memoryBytes = 512 * 1024 ** 2
const startMs = 5000
const answerMs = 3000
const idleMs = 120_000
const mostAnswerBytes = 1024 ** 2

interface Running {
  readonly child: ChildProcess
  readonly socket: string
  stop(): Promise<void>
}

export function createParseOpa(): ParseOpa {
  let running: Promise<Running | null> | null = null
  let isClosed = false
  const idle = setTimeout(() => void end(), idleMs)
  idle.unref()

  async function end(): Promise<void> {
    const before = running
    running = null
    await (await before)?.stop()
  }

  async function alive(opa: string): Promise<Running | null> {
    if (process.platform === 'win32' || isClosed) return null
    running ??= start(opa)
    const found = await running
    if (found === null || (found.child.exitCode === null && found.child.signalCode === null)) return found
    await end()
    running = start(opa)
    return running
  }

  return {
    async problems(opa, path, text, signal) {
      const found = await alive(opa)
      if (found === null) return null
      idle.refresh()
      try {
        const { status, body } = await put(found.socket, text, AbortSignal.any([signal, AbortSignal.timeout(answerMs)]))
        if (status === 200) return []
        const read = answerSchema.safeParse(JSON.parse(body))
        if (status !== 400 || !read.success) return null
        return (read.data.errors ?? withoutPlace(read.data.message))
          .filter(
            ({ code, message }, at, all) =>
              code === 'rego_parse_error' &&
              // OPA tells the same twice, once with what it expected.
              !all.some(
                (other, place) => place !== at && other.message !== message && other.message.startsWith(message),
              ),
          )
          .map(({ code, message, location }) => ({
            by: 'opa',
            severity: 'error',
            code,
            message: message.split('\n')[0] ?? message,
            path,
            row: location?.row ?? null,
            column: location?.col ?? null,
          }))
      } catch {
        return null
      }
    },
    async close() {
      isClosed = true
      clearTimeout(idle)
      await end()
    },
  }
}

/** An empty module has no place: "typed:0: rego_parse_error: empty module". */
function withoutPlace(message = ''): NonNullable<z.infer<typeof answerSchema>['errors']> {
  const [, code, words] = /: (rego_\w+): ([\s\S]+)$/.exec(message) ?? []
  return code === undefined || words === undefined ? [] : [{ code, message: words, location: { row: 1, col: 1 } }]
}

/** null: it does not start. */
async function start(opa: string): Promise<Running | null> {
  // A private folder: nobody else may speak to it.
  const place = await mkdtemp(join(tmpdir(), 'eh-parse-'))
  const socket = join(place, 's')
  const words = ['run', '--server', '--addr', `unix://${socket}`, '--unix-socket-perm', '700', '--log-level', 'error']
  const child = spawn(opa, [...words, '--skip-version-check'], {
    cwd: place,
    env: { ...plainEnvironment(memoryBytes), HOME: place },
    stdio: 'ignore',
    windowsHide: true,
  })
  child.on('error', () => {}) // then it never answers
  const stopWatching = watchMemory(child, memoryBytes, () => child.kill('SIGKILL'))
  const stop = async (): Promise<void> => {
    stopWatching()
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit')
      child.kill('SIGKILL') // it holds nothing
      await gone
    }
    await rm(place, { recursive: true, force: true })
  }
  const until = performance.now() + startMs
  while (performance.now() < until && child.exitCode === null && child.pid !== undefined) {
    const answer = await put(socket, 'package everyhop\n', AbortSignal.timeout(answerMs)).catch(() => null)
    if (answer?.status === 200) return { child, socket, stop }
    await wait(15)
  }
  await stop()
  return null
}

function put(socketPath: string, text: string, signal: AbortSignal): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method: 'PUT', path: '/v1/policies/typed', signal }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => {
        body += part
        if (body.length > mostAnswerBytes) asked.destroy(new Error('the answer is too long'))
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
      answer.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(text)
  })
}
