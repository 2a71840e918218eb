import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type StateChange, type StateFile, StateFileFailure } from '../core/ports.ts'
import { flushFolder } from './flush-folder.ts'
import { type StateLock, tryStateLock } from './state-lock.ts'
import { errorCode, errorWords } from './system-error.ts'

export interface StateFileOptions {
  /** How long other writers are waited for. Milliseconds. */
  readonly patienceMs: number
  /** A longer file is not ours. Bytes. */
  readonly maxBytes: number
}

const usual: StateFileOptions = { patienceMs: 10_000, maxBytes: 16 * 1024 * 1024 }
const betweenTriesMs = 15

/**
 * A file that is replaced whole: written beside, flushed to the disk, then renamed over. Whatever ends the program in between
 * leaves the former content. Mode 0600, in a folder of mode 0700 if it is made here.
 */
export function createStateFile(path: string, options: StateFileOptions = usual): StateFile {
  const folder = dirname(path)

  async function read(): Promise<string | null> {
    try {
      const found = await stat(path)
      if (!found.isFile()) throw new StateFileFailure('unreadable', `${path} is not a regular file`)
      if (found.size > options.maxBytes) {
        throw new StateFileFailure('unreadable', `${path} is larger than ${options.maxBytes} bytes`)
      }
      return await readFile(path, 'utf8')
    } catch (reason) {
      if (errorCode(reason) === 'ENOENT') return null
      throw failureOf(reason, path, 'read')
    }
  }

  async function put(before: string | null, after: StateChange): Promise<string | null> {
    try {
      await forgetUnfinished(folder, path)
      const aside = before === null || after.putAside === null ? null : await freeName(path, after.putAside)
      if (after.text === null) {
        // By its name alone: that needs no room on a full disk.
        if (aside === null) await rm(path, { force: true })
        else await rename(path, aside)
        return aside
      }
      if (aside !== null && before !== null) await replace(aside, before)
      await replace(path, after.text)
      return aside
    } catch (reason) {
      throw failureOf(reason, path, 'written')
    }
  }

  return {
    path,
    read,
    async update(change) {
      const lock = await takeTurn(folder, path, options.patienceMs)
      try {
        const before = await read()
        const after = await change(before)
        return after === null ? null : await put(before, after)
      } finally {
        lock.release()
      }
    },
  }
}

async function takeTurn(folder: string, path: string, patienceMs: number): Promise<StateLock> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    for (const until = performance.now() + patienceMs; ; ) {
      const lock = tryStateLock(join(folder, '.state.lock'))
      if (lock !== null) return lock
      if (performance.now() > until) break
      await pause(betweenTriesMs)
    }
  } catch (reason) {
    throw failureOf(reason, path, 'written')
  }
  throw new StateFileFailure('busy', `${path} is being written by another process for ${patienceMs / 1000} s`)
}

async function replace(path: string, text: string): Promise<void> {
  const fresh = join(dirname(path), `.${basename(path)}.${randomUUID()}.new`)
  try {
    await writeFile(fresh, text, { flag: 'wx', mode: 0o600, flush: true })
    await rename(fresh, path)
    await flushFolder(dirname(path))
  } catch (reason) {
    await rm(fresh, { force: true }).catch(() => {}) // the first failure is the one to tell; the next writer forgets it
    throw reason
  }
}

/** What a process that ended in the middle of writing left behind. We hold the lock: nobody is writing it now. */
async function forgetUnfinished(folder: string, path: string): Promise<void> {
  const start = `.${basename(path)}.`
  for (const name of await readdir(folder)) {
    if (name.startsWith(start) && name.endsWith('.new')) await rm(join(folder, name), { force: true })
  }
}

/** A name that is free: nothing that was put aside before is lost. */
async function freeName(path: string, ending: string): Promise<string> {
  const taken = new Set(await readdir(dirname(path)))
  for (let count = 1; ; count += 1) {
    const name = `${path}${ending}${count === 1 ? '' : `-${count}`}`
    if (!taken.has(basename(name))) return name
  }
}

function failureOf(reason: unknown, path: string, done: 'read' | 'written'): StateFileFailure {
  if (reason instanceof StateFileFailure) return reason
  const code = errorCode(reason)
  const words = `${path} cannot be ${done}: ${errorWords(reason)}`
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return new StateFileFailure('full', words)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return new StateFileFailure('forbidden', words)
  return new StateFileFailure(done === 'read' ? 'unreadable' : 'forbidden', words)
}
