import { randomBytes } from 'node:crypto'
import { copyFile, link, lstat, mkdir, open, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Failure } from '../../core/failure.ts'
import { flushFolder } from '../../platform/flush-folder.ts'

const pattern = /\.partial-[0-9a-f]{16}$/

/** A folder of our own beside what is being made: on the same disk, so that the ZIP only has to get its name. */
export function workFolderFor(out: string): string {
  return `${out}.partial-${randomBytes(8).toString('hex')}`
}

/** What a crash left. Only what is named as ours is touched. */
export async function removeLeft(work: string): Promise<void> {
  if (pattern.test(work)) await rm(work, { recursive: true, force: true })
}

/** Every work folder in a folder that is ours alone. */
export async function removeAllLeft(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) await removeLeft(join(folder, name))
}

/** Rejects with a `Failure` when there is already something of this name. */
export async function demandNew(out: string): Promise<void> {
  const found = await lstat(out).catch(() => null)
  if (found !== null) throw taken(out)
}

/** Rejects with a `Failure` when nothing of this name can be made. Folders of others are not made for them. */
export async function demandPlace(out: string): Promise<void> {
  await demandNew(out)
  const folder = await stat(dirname(out)).catch((reason: unknown) => {
    throw failureOf(reason, out)
  })
  if (!folder.isDirectory()) throw new Failure('invalid', out, `${dirname(out)} is no folder.`, 'Choose another place.')
}

/** Bytes that are free for us where a file shall be; null: the system does not say. */
export async function bytesFree(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    return null
  }
}

/** Of what may be needed at most, before anything is written. */
export async function demandRoom(folder: string, bytesNeeded: number): Promise<void> {
  const free = await bytesFree(folder)
  if (free === null || free >= bytesNeeded) return
  const sentence = `The pack may need ${megabytes(bytesNeeded)} in ${folder}, and ${megabytes(free)} are free.`
  throw new Failure(
    'exhausted',
    folder,
    sentence,
    'Make room, choose another disk with --out, a shorter period or fewer artefacts.',
  )
}

/**
 * Gives a whole ZIP its name, and puts its hash beside it as `sha256sum -c` reads it. Something of this name is never overwritten.
 * It is there whole or not at all, whenever the process ends.
 */
export async function publish(zip: string, out: string, sha256: string): Promise<void> {
  try {
    await linkNew(zip, out)
    await flushFolder(dirname(out)).catch(() => {}) // it is there, and verified wherever it is read
  } catch (reason) {
    throw failureOf(reason, out)
  }
  // The pack is there; a hash beside it that cannot be written is no reason to say that it is not.
  await writeFile(`${out}.sha256`, `${sha256}  ${basename(out)}\n`, { flag: 'wx' }).catch(() => {})
}

/** Copies a pack elsewhere, whole or not at all, and never over something. */
export async function copyPack(from: string, to: string, sha256: string): Promise<void> {
  await demandNew(to)
  const work = workFolderFor(to)
  try {
    await mkdir(work, { mode: 0o700 })
    const copy = join(work, 'pack.zip')
    await copyFile(from, copy)
    const handle = await open(copy, 'r+')
    await handle.sync().finally(() => handle.close())
    await publish(copy, to, sha256)
  } catch (reason) {
    throw failureOf(reason, to)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** A link fails when the name is taken; where a disk has no links, a look and a rename are the next best. */
async function linkNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (reason) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(reason) ?? '')) throw reason
    await demandNew(to)
    await rename(from, to)
  }
}

/** What the disk says, in our words. */
export function failureOf(reason: unknown, out: string): unknown {
  if (reason instanceof Failure) return reason
  const code = codeOf(reason)
  const words = reason instanceof Error ? reason.message : String(reason)
  if (code === 'EEXIST') return taken(out)
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new Failure(
      'exhausted',
      out,
      `The disk of ${out} is full: no pack was made, and nothing of it was kept. (${words})`,
      'Make room, choose another disk with --out, a shorter period or fewer artefacts.',
    )
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOENT' || code === 'ENOTDIR') {
    return new Failure(
      'forbidden',
      out,
      `${out} cannot be written: ${words}.`,
      'Choose a folder that exists and is yours to write.',
    )
  }
  return reason
}

function taken(out: string): Failure {
  return new Failure(
    'conflict',
    out,
    `${out} is there already, and a pack never overwrites anything.`,
    'Choose another name.',
  )
}

function codeOf(reason: unknown): string | null {
  return reason instanceof Error && 'code' in reason && typeof reason.code === 'string' ? reason.code : null
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString('en-GB')} MB`
}
