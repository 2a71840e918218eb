import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'

/** A folder of this run alone, for its user alone; it is removed at the end, however this process ends in order. */
export interface PrivateFolder {
  readonly path: string
  remove(): Promise<void>
}

/** Of this machine: containers may share a folder for temporary files, and their process ids say nothing to each other. */
const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 4)
const prefix = `everyhop-play-${machine}-`

/** `parent`: for tests. */
export async function openPrivateFolder(parent = tmpdir()): Promise<PrivateFolder> {
  // 0700 by itself. Short: sockets are in it, whose paths may have about a hundred characters.
  const folder = await mkdtemp(path.join(parent, `${prefix}${process.pid}-`))
  const atExit = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', atExit)
  return {
    path: folder,
    remove: async () => {
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
      process.off('exit', atExit)
    },
  }
}

/** Removes what was left by runs that were killed: folders of processes that have ended, of the same user on the same machine. */
export async function removeLeftFolders(parent = tmpdir()): Promise<void> {
  const names = await readdir(parent)
  await Promise.all(
    names.map(async (name) => {
      const pid = new RegExp(`^${prefix}(\\d{1,10})-\\w{6}$`).exec(name)?.[1]
      if (pid === undefined || isAlive(Number(pid))) return
      const folder = path.join(parent, name)
      const found = await lstat(folder).catch(() => null) // gone meanwhile
      if (found?.isDirectory() !== true || found.uid !== (process.getuid?.() ?? found.uid)) return
      await rm(folder, { recursive: true, force: true }).catch(() => {}) // the next start tries again
    }),
  )
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (reason) {
    // Another user's process is one all the same.
    return reason instanceof Error && 'code' in reason && reason.code !== 'ESRCH'
  }
}
