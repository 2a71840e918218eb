import { readdir, readFile } from 'node:fs/promises'

interface Process {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

async function processes(): Promise<readonly Process[]> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(readProcess)
  return (await Promise.all(all)).filter((found) => found !== null)
}

async function readProcess(name: string): Promise<Process | null> {
  const [stat, command] = await Promise.all(
    ['stat', 'cmdline'].map((file) => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')),
  )
  // pid (name) state parent …; the name may hold anything. Z: ended, and nobody has asked after it yet.
  const fields = /^\d+ \(.*\) (\S) (\d+) /s.exec(stat ?? '')
  if (fields === null || fields[1] === 'Z') return null
  return { pid: Number(name), parent: Number(fields[2]), command: (command ?? '').replaceAll('\0', ' ').trim() }
}

/** Every process that was started by this one, or by those. */
export async function descendantsOf(pid: number): Promise<readonly number[]> {
  const all = await processes()
  const family = new Set([pid])
  for (let size = 0; size !== family.size; ) {
    size = family.size
    for (const each of all) if (family.has(each.parent)) family.add(each.pid)
  }
  family.delete(pid)
  return [...family]
}

export async function livingOf(pids: readonly number[]): Promise<readonly Process[]> {
  return (await processes()).filter(({ pid }) => pids.includes(pid))
}

/** The service of the desktop app whose main process is `main`: Node with its bundle, or Electron's utility process. */
export async function serviceProcess(main: number): Promise<number | null> {
  const service = (await livingOf(await descendantsOf(main))).find(({ command }) =>
    /service\/desktop\.mjs|node\.mojom\.NodeService/.test(command),
  )
  return service?.pid ?? null
}
