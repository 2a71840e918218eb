import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { Failure } from '../core/failure.ts'
import type { Clock } from '../core/ports.ts'

/** The files of drafts as they are on the disk now. What has not changed since it was read is not read again. */
export interface DraftFiles {
  /** By path; the bytes of a file that has not changed are the same object. Rejects with `exhausted` for one that is too large. */
  read(draft: string, folder: string): Promise<ReadonlyMap<string, Uint8Array>>
}

interface Held {
  readonly content: Uint8Array
  /** Another as soon as the file is another; null: it may be written again without that. */
  readonly stamp: string | null
}

const mostFileBytes = 256 * 1024 ** 2
/** Drafts that stay in memory, and bytes of the largest of them. */
const mostHeld = 4
const mostHeldBytes = 16 * 1024 ** 2
/** Files that are read at once. */
const mostReads = 16
/** What was written so shortly before it was read may be written again within the same tick: file systems count in up to 2 s. */
const unsettledMs = 3_000

export function createDraftFiles(clock: Pick<Clock, 'now'>): DraftFiles {
  /** By draft, the last read last. */
  const drafts = new Map<string, ReadonlyMap<string, Held>>()

  function hold(draft: string, files: ReadonlyMap<string, Held>): void {
    drafts.delete(draft)
    const bytes = [...files.values()].reduce((sum, { content }) => sum + content.length, 0)
    // A large one is read again: memory is worth more than the time it takes.
    if (bytes <= mostHeldBytes) drafts.set(draft, files)
    const oldest = drafts.size > mostHeld ? drafts.keys().next().value : undefined
    if (oldest !== undefined) drafts.delete(oldest)
  }

  async function readOne(file: string, path: string, before: Held | undefined): Promise<Held> {
    const now = clock.now()
    const { size, ctimeMs, ctimeNs, mtimeNs, ino, dev } = await statOf(file)
    if (size > mostFileBytes) {
      throw new Failure(
        'exhausted',
        path,
        `${path} of the draft has ${Math.round(size / 1024 ** 2)} MB; Everyhop works on files up to 256 MB.`,
        'Bring the data to OPA by another way, or in several files.',
      )
    }
    const stamp = now - ctimeMs < unsettledMs ? null : [dev, ino, size, mtimeNs, ctimeNs].join(' ')
    if (stamp !== null && before?.stamp === stamp) return before
    return { content: await readFile(file), stamp }
  }

  return {
    async read(draft, folder) {
      const before = drafts.get(draft)
      const entries = await readdir(folder, { recursive: true, withFileTypes: true })
      const paths = entries
        // Links are no part of a draft; neither is what a write has not finished, nor the manifest, which is made anew.
        .filter((entry) => entry.isFile() && !/^\..*\.new$|^\.manifest$/.test(entry.name))
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
      const found = new Map<string, Held>()
      for (let at = 0; at < paths.length; at += mostReads) {
        const some = paths.slice(at, at + mostReads)
        const read = await Promise.all(
          some.map(async (path) => [path, await readOne(join(folder, path), path, before?.get(path))] as const),
        )
        for (const [path, held] of read) found.set(path, held)
      }
      hold(draft, found)
      return new Map([...found].map(([path, { content }]) => [path, content]))
    },
  }
}

async function statOf(file: string) {
  const { size, ctimeMs, ctimeNs, mtimeNs, ino, dev } = await stat(file, { bigint: true })
  return { size: Number(size), ctimeMs: Number(ctimeMs), ctimeNs, mtimeNs, ino, dev }
}
