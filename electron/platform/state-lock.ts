import { DatabaseSync } from 'node:sqlite'

/** Held by this process alone, until it is released or the process ends, however that ends. */
export interface StateLock {
  release(): void
}

/** Whoever forgets a lock still has it: the garbage collector would close the file, and another process would take it. */
const held = new Set<DatabaseSync>()

/**
 * A lock of the system's on a file; null: somebody else has it. SQLite's exclusive transaction is such a lock on every system
 * that Everyhop runs on, and no process that died can leave it behind. Throws the system's error where there can be no lock.
 */
export function tryStateLock(path: string): StateLock | null {
  let database: DatabaseSync | null = null
  try {
    database = new DatabaseSync(path)
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    const mine = database
    held.add(mine)
    return {
      release() {
        held.delete(mine)
        mine.close()
      },
    }
  } catch (reason) {
    database?.close()
    if (reason instanceof Error && /locked|busy/i.test(reason.message)) return null
    throw reason
  }
}
