import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** What a program of others may use of this machine. */
export interface Limits {
  /** For the whole run; 0: until it is stopped. */
  readonly timeoutMs: number
  /** Of memory really used (resident); beyond it the program is killed. */
  readonly memoryBytes: number
  /** Of standard output and standard error each. */
  readonly outputBytes: number
}

export type Ended = 'exited' | 'timed-out' | 'too-much-memory' | 'too-much-output' | 'cancelled' | 'not-started'

export interface Run {
  readonly ended: Ended
  /** null: it did not exit by itself. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const memoryLookMs = 50
const mebi = 1024 * 1024

/**
 * The environment of a program that we run: nothing of ours that could hold a secret, no proxy, no settings of OPA that the
 * user's shell may hold. Go is told about the limit, so that it collects before it is killed.
 */
export function plainEnvironment(memoryBytes: number): Record<string, string> {
  const own = ['PATH', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(own), LANG: 'C.UTF-8', GOMEMLIMIT: `${Math.floor((memoryBytes * 0.9) / mebi)}MiB` }
}

/** Runs a program to its end, within limits. Never rejects: what happened is in the answer. */
export function runLimited(
  program: string,
  words: readonly string[],
  limits: Limits,
  options: {
    readonly cwd?: string
    readonly stdin?: string | Uint8Array
    readonly signal?: AbortSignal
    readonly variables?: Record<string, string>
  } = {},
): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(program, words, {
      cwd: options.cwd,
      env: { ...plainEnvironment(limits.memoryBytes), ...options.variables },
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    })
    let ended: Ended = 'exited'
    const end = (how: Ended): void => {
      if (ended !== 'exited') return
      ended = how
      child.kill('SIGKILL')
      // A program that is a script may leave one of its own behind that holds these open: nobody waits for it.
      child.stdout.destroy()
      child.stderr.destroy()
    }
    const output = [child.stdout, child.stderr].map((stream) => {
      const parts: Buffer[] = []
      let length = 0
      stream.on('data', (part: Buffer) => {
        length += part.length
        if (length > limits.outputBytes) end('too-much-output')
        else parts.push(part)
      })
      stream.on('error', () => {}) // it went away: the exit says so
      return parts
    })
    const timer = limits.timeoutMs > 0 ? setTimeout(() => end('timed-out'), limits.timeoutMs) : undefined
    const stopWatching = watchMemory(child, limits.memoryBytes, () => end('too-much-memory'))
    const cancel = (): void => end('cancelled')
    options.signal?.addEventListener('abort', cancel, { once: true })
    let problem = ''
    child.on('error', (reason) => {
      problem = reason.message
      if (child.pid === undefined) finish('not-started', null)
    })
    child.on('close', (code) => finish(ended, ended === 'exited' ? code : null))
    child.stdin.on('error', () => {}) // it ended before it had read everything
    child.stdin.end(options.stdin)
    if (options.signal?.aborted === true) cancel()

    let isFinished = false
    function finish(how: Ended, code: number | null): void {
      if (isFinished) return
      isFinished = true
      clearTimeout(timer)
      stopWatching()
      options.signal?.removeEventListener('abort', cancel)
      const [stdout = '', stderr = ''] = output.map((parts) => Buffer.concat(parts).toString('utf8'))
      resolve({ ended: how, code, stdout, stderr: problem === '' ? stderr : `${stderr}${problem}` })
    }
  })
}

/** Looks at the resident memory of a child until it ends; calls back once when it is over the limit. */
export function watchMemory(child: ChildProcess, limitBytes: number, exceeded: () => void): () => void {
  const { pid } = child
  if (pid === undefined) return () => {}
  let isLooking = false
  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    void residentBytes(pid).then((bytes) => {
      isLooking = false
      if (bytes !== null && bytes > limitBytes) {
        clearInterval(timer)
        exceeded()
      }
    })
  }, memoryLookMs)
  timer.unref()
  const stop = (): void => {
    clearInterval(timer)
    child.off('exit', stop)
  }
  child.once('exit', stop)
  return stop
}

/** null: not known, because it has ended or this system does not tell. */
async function residentBytes(pid: number): Promise<number | null> {
  if (process.platform === 'linux') {
    try {
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
      return kilobytes === undefined ? null : Number(kilobytes) * 1024
    } catch {
      return null
    }
  }
  if (process.platform === 'win32') return null // Go's own limit (GOMEMLIMIT) is all there is
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], (reason, stdout) => {
      const kilobytes = Number(stdout.trim())
      resolve(reason !== null || !Number.isFinite(kilobytes) ? null : kilobytes * 1024)
    })
  })
}
