import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'

/** Where binaries and the lab's own state are kept: `EVERYHOP_CACHE`, else `~/.cache/everyhop`. */
export function cacheFolder(): string {
  const configured = process.env['EVERYHOP_CACHE']
  return configured === undefined || configured === '' ? path.join(homedir(), '.cache', 'everyhop') : configured
}

/**
 * Runs `work` while holding the cache's build lock, so that two labs started at once do not build the same thing twice.
 * A lock whose owner is gone is taken over.
 */
export async function withBuildLock<T>(log: (line: string) => void, work: () => Promise<T>): Promise<T> {
  const folder = cacheFolder()
  await mkdir(folder, { recursive: true })
  const lock = path.join(folder, 'build.lock')
  let told = false
  while (!takeLock(lock)) {
    if (!told) log('waiting for another process that builds the same binaries')
    told = true
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function takeLock(lock: string): boolean {
  try {
    const file = openSync(lock, 'wx')
    writeSync(file, String(process.pid))
    closeSync(file)
    return true
  } catch {
    if (!ownerLives(lock)) rmSync(lock, { force: true })
    return false
  }
}

function ownerLives(lock: string): boolean {
  try {
    const text = readFileSync(lock, 'utf8')
    // Empty for the instant between creating the file and writing the id.
    return text === '' || processLives(Number(text))
  } catch {
    return false
  }
}

export function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
