import { type ChildProcess, spawn } from 'node:child_process'
import { get } from 'node:http'

/** A real server as a child process of a test, ended with it. */
export interface ServerProcess {
  readonly pid: number
  signal(name: NodeJS.Signals): void
  stop(): Promise<void>
}

export function startProcess(program: string, parts: readonly string[], cwd: string): ServerProcess {
  const child: ChildProcess = spawn(program, [...parts], { cwd, stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const signal = (name: NodeJS.Signals): void => {
    if (child.exitCode === null && child.signalCode === null) child.kill(name)
  }
  return {
    pid: child.pid ?? 0,
    signal,
    async stop() {
      signal('SIGCONT')
      signal('SIGTERM')
      const patience = setTimeout(() => signal('SIGKILL'), 3000)
      await ended
      clearTimeout(patience)
    },
  }
}

/** Status and body of one GET; status 0 when nobody answered. */
export function ask(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, headers }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        body += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
    })
    request.on('error', () => resolve({ status: 0, body: '' }))
  })
}

/** Waits for something real to become so; fails after 30 s with what was waited for. */
export async function untilTrue(what: string, holds: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 30_000
  while (!(await holds())) {
    if (Date.now() > giveUpAt) throw new Error(`waited 30 s for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
