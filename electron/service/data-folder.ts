import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../core/failure.ts'
import { tryStateLock } from '../platform/state-lock.ts'

/** The folder that one service keeps what it remembers in. */
export interface DataFolder {
  readonly path: string
  /** Of one environment's log records. */
  logsOf(environment: string): string
  /** File with the last known facts of one environment. */
  lastKnownOf(environment: string): string
  /** File with what is remembered of one environment. */
  historyOf(environment: string): string
  /** Of one environment's packs of evidence. */
  evidenceOf(environment: string): string
  /** Environments of which packs were made. */
  madeEvidence(): readonly string[]
  /** Of what waits to be sent on. */
  readonly forward: string
  release(): void
}

/** Where a home keeps them unless another place is given. */
export function defaultDataFolder(home: string): string {
  return join(home, 'data')
}

/**
 * Takes a folder for this process alone. The lock is one of the system's, on a file in the folder: it ends with the process,
 * however that ends. Throws a `Failure`: `locked` when another process has it.
 */
export function takeDataFolder(path: string): DataFolder {
  const lock = lockOf(path)
  if (lock === null) {
    throw new Failure(
      'locked',
      path,
      `Another Everyhop keeps its records in ${path}.`,
      'Ask that one, stop it, or give another folder with --data.',
    )
  }
  return {
    path,
    logsOf: (environment) => join(path, 'logs', environment),
    lastKnownOf: (environment) => join(path, 'last-known', `${environment}.sqlite`),
    historyOf: (environment) => join(path, 'history', `${environment}.sqlite`),
    evidenceOf: (environment) => join(path, 'evidence', environment),
    madeEvidence: () => (existsSync(join(path, 'evidence')) ? readdirSync(join(path, 'evidence')) : []),
    forward: join(path, 'forward'),
    release: () => lock.release(),
  }
}

function lockOf(path: string) {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return tryStateLock(join(path, 'owner.sqlite'))
  } catch (reason) {
    const words = reason instanceof Error ? reason.message : String(reason)
    throw new Failure('forbidden', path, `The folder ${path} cannot be used: ${words}`, 'Let this user write to it.')
  }
}
