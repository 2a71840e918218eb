import { readdir, readFile } from 'node:fs/promises'

/** Process ids of children of a process whose command line has a word, on Linux; those that only wait to be collected are none. */
export async function childrenOf(parent: number, word: string): Promise<readonly number[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    names.map(async (name) => {
      const [status, words] = await Promise.all(
        ['status', 'cmdline'].map((file) => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')),
      )
      const isChild = new RegExp(`^PPid:\\s+${parent}$`, 'm').test(status ?? '')
      return isChild && words?.split('\0').includes(word) === true ? [Number(name)] : []
    }),
  )
  return found.flat()
}
