import { readdir, readFile } from 'node:fs/promises'

/** Ids of the processes whose command line names this folder. Linux alone has `/proc`. */
export async function processesWith(folder: string): Promise<readonly number[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const named = await Promise.all(
    ids.map(async (id) => (await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')).includes(folder)),
  )
  return ids.filter((_id, index) => named[index]).map(Number)
}

/** What these processes take together, bytes: what several share counts once in all (PSS of proc_pid_smaps(5)). */
export async function memoryOf(ids: readonly number[]): Promise<number> {
  const sizes = ids.map(async (id) => {
    const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(await readFile(`/proc/${id}/smaps_rollup`, 'utf8'))?.[1]
    return Number(kilobytes ?? 0) * 1024
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
