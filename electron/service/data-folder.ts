import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Failure } from '../core/failure.ts'

/** The folder that one service keeps what it remembers in. */
export interface DataFolder {
  readonly path: string
  /** Of one environment's log records. */
  logsOf(environment: string): string
  /** Of what waits to be sent on. */
  readonly forward: string
  release(): void
}

/**
 * Takes a folder for this process alone. The lock is one of the system's, on a file in the folder: it ends with the process,
 * however that ends. Throws a `Failure`: `locked` when another process has it.
 */
export function takeDataFolder(path: string): DataFolder {
  let lock: DatabaseSync | null = null
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    lock = new DatabaseSync(join(path, 'owner.sqlite'))
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (reason) {
    lock?.close()
    throw failureOf(reason, path)
  }
  const held = lock
  return {
    path,
    logsOf: (environment) => join(path, 'logs', environment),
    forward: join(path, 'forward'),
    release: () => held.close(),
  }
}

function failureOf(reason: unknown, path: string): Failure {
  const words = reason instanceof Error ? reason.message : String(reason)
  if (/locked|busy/i.test(words)) {
    return new Failure(
      'locked',
      path,
      `Another Everyhop keeps its records in ${path}.`,
      'Ask that one, stop it, or give another folder with --data.',
    )
  }
  return new Failure('forbidden', path, `The folder ${path} cannot be used: ${words}`, 'Let this user write to it.')
}
