import { spawn } from 'node:child_process'
import path from 'node:path'

/** The process that ends everything the lab started once the lab is gone, however it went. */
export interface Guard {
  readonly pid: number
  /** Ends every process of the lab that is left; resolves when there is none. */
  finish(): Promise<void>
}

/** `registrations`: files and folders that must not outlive the lab. */
export function startGuard(mark: string, registrations: readonly string[]): Guard {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'guardian.ts'), mark, ...registrations], {
    // Its own session, so that what ends the lab's terminal or process group does not end it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const exited = new Promise<void>((resolve) => {
    child.on('error', () => resolve())
    child.on('exit', () => resolve())
  })
  // Written to never; a guardian that is gone must not take the lab down by EPIPE.
  child.stdin.on('error', () => undefined)
  return {
    pid: child.pid ?? 0,
    finish: () => {
      child.stdin.end()
      return exited
    },
  }
}
