import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Failure } from '../core/failure.ts'

/** The old content or the new, whatever ends the program: on the disk before it gets its name. */
export async function writeWhole(target: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  const fresh = join(dirname(target), `.${basename(target)}.${randomUUID()}.new`)
  try {
    const handle = await open(fresh, 'wx', 0o600)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(fresh, target)
  } catch (reason) {
    await rm(fresh, { force: true }).catch(() => {}) // the first failure is the one to tell
    const words = reason instanceof Error ? reason.message : String(reason)
    throw new Failure(
      'exhausted',
      target,
      `${target} could not be written: ${words}`,
      'The former content is still there.',
    )
  }
}
