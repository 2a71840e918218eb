import { randomUUID } from 'node:crypto'
import { copyFile, link, lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { EnvironmentWriter } from '../core/environment-files.ts'
import { Failure } from '../core/failure.ts'

/** Writes beside the file, lets the disk have it, and only then puts it in its place: a crash leaves the old file or the new one. */
export function environmentWriter(home: string, schemaFile: string): EnvironmentWriter {
  const folder = join(home, 'environments')

  async function written(path: string, text: string): Promise<string> {
    const fresh = `${path}.${randomUUID()}.new`
    try {
      const handle = await open(fresh, 'wx', 0o600)
      try {
        await handle.writeFile(text)
        await handle.sync()
      } finally {
        await handle.close()
      }
      return fresh
    } catch (reason) {
      await rm(fresh, { force: true }).catch(() => undefined)
      throw writeFailure(path, reason)
    }
  }

  return {
    async create(name, text) {
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch((reason: unknown) => {
        throw writeFailure(folder, reason)
      })
      // Editors find it by the first line of the file; without it they only lack completion.
      await copyFile(schemaFile, join(home, 'environment.schema.json')).catch(() => undefined)
      const path = join(folder, `${name}.yaml`)
      const fresh = await written(path, text)
      try {
        // Fails when the name is taken, where a rename would put ours over it.
        await link(fresh, path)
      } catch (reason) {
        throw writeFailure(path, reason)
      } finally {
        await rm(fresh, { force: true })
      }
      return path
    },
    async replace(path, text) {
      const fresh = await written(path, text)
      try {
        await rename(fresh, path)
      } catch (reason) {
        await rm(fresh, { force: true })
        throw writeFailure(path, reason)
      }
    },
    async moveAside(listedName) {
      const from = join(folder, listedName)
      const base = `${from}.removed`
      for (let number = 1; number <= 1000; number += 1) {
        const to = number === 1 ? base : `${base}-${number}`
        if (await exists(to)) continue
        try {
          await rename(from, to)
          return to
        } catch (reason) {
          throw writeFailure(from, reason)
        }
      }
      throw new Failure(
        'conflict',
        from,
        `There are a thousand removed files beside ${from}.`,
        `Clear ${dirname(from)}.`,
      )
    },
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

function writeFailure(path: string, reason: unknown): Failure {
  if (reason instanceof Failure) return reason
  const code = reason instanceof Error && 'code' in reason ? String(reason.code) : ''
  const words = reason instanceof Error ? reason.message : String(reason)
  if (code === 'EEXIST') return new Failure('conflict', path, `${path} is there already.`, 'Choose another name.')
  if (code === 'ENOENT') return new Failure('not-found', path, `${path} is not there any more.`, 'Look again.')
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Failure('exhausted', path, `The disk is full: ${path} was not changed.`, 'Free some space.')
  return new Failure('forbidden', path, `${path} could not be written: ${words}`, 'Let this user write there.')
}
