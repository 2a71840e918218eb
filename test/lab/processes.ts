import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'

/** Every process of a lab carries its run's mark in its environment, by which the guardian finds what a killed lab left. */
export const runMark = 'EVERYHOP_LAB_RUN'

export interface ServerPlan {
  readonly name: string
  readonly command: string
  readonly arguments: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Standard output and error go here; the end of it is shown when the start fails. */
  readonly logFile: string
  /** Where the program writes its own log, when that is another file. */
  readonly ownLogFile?: string
  readonly mark: string
  /** Gives the program a pipe as standard input that closes with the lab. */
  readonly holdStdin?: boolean
  /** Another account than the lab's own, which only root can choose. */
  readonly account?: { readonly uid: number; readonly gid: number }
}

export interface Server {
  readonly name: string
  readonly pid: number
  readonly exited: Promise<void>
  isRunning(): boolean
  /** Sends a signal; a process that has ended is left alone. */
  signal(signal: NodeJS.Signals): void
  /** SIGTERM, then SIGKILL after `graceMs`. Resolves when the process is gone. A stopped process is woken first. */
  stop(graceMs?: number): Promise<void>
  /** The last lines of its log, for errors. */
  logTail(): string
}

export function startServer(plan: ServerPlan): Server {
  const log = openSync(plan.logFile, 'a')
  const child = spawn(plan.command, [...plan.arguments], {
    ...(plan.cwd === undefined ? {} : { cwd: plan.cwd }),
    ...plan.account,
    env: { ...process.env, ...plan.env, [runMark]: plan.mark },
    stdio: [plan.holdStdin === true ? 'pipe' : 'ignore', log, log],
    // Its own session, so that Ctrl-C in a terminal reaches the lab alone, which then stops everything in order.
    detached: true,
  })
  closeSync(log)
  let running = true
  let spawnError = ''
  const exited = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      spawnError = `could not be started: ${error.message}`
      running = false
      resolve()
    })
    child.on('exit', () => {
      running = false
      resolve()
    })
  })
  const signal = (name: NodeJS.Signals): void => {
    if (running && child.pid !== undefined) process.kill(child.pid, name)
  }
  return {
    name: plan.name,
    pid: child.pid ?? 0,
    exited,
    isRunning: () => running,
    signal,
    stop: async (graceMs = 3000) => {
      if (!running) return
      signal('SIGTERM')
      signal('SIGCONT')
      const timer = setTimeout(() => signal('SIGKILL'), graceMs)
      await exited
      clearTimeout(timer)
    },
    logTail: () => [spawnError, tail(plan.ownLogFile), tail(plan.logFile)].filter((text) => text !== '').join('\n'),
  }
}

export interface WaitOptions {
  readonly timeoutMs: number
  /** Pause between tries. */
  readonly everyMs?: number
  /** The wait fails as soon as this server has ended. */
  readonly server?: Server
}

/**
 * Tries `check` until it gives a value other than `undefined` or `false`.
 * Rejects after the time limit with what was awaited, the last error of `check`, and the end of the server's log.
 */
export async function waitFor<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  options: WaitOptions,
): Promise<T> {
  const limit = Date.now() + options.timeoutMs
  let last = ''
  for (;;) {
    try {
      const value = await check()
      if (value !== undefined && value !== false) return value
      last = ''
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
    const server = options.server
    if (server !== undefined && !server.isRunning()) {
      const told = server.logTail()
      throw new Error(`${what}: ${server.name} ended by itself: ${told.split('\n').at(-1)}\n${told}`)
    }
    if (Date.now() > limit) {
      const detail = [last, server?.logTail() ?? ''].filter((text) => text !== '').join('\n')
      throw new Error(`${what}: not reached within ${Math.round(options.timeoutMs / 1000)} s\n${detail}`)
    }
    await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 20))
  }
}

function tail(file: string | undefined): string {
  if (file === undefined) return ''
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n')
  } catch {
    return ''
  }
}
