import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { Failure } from '../../core/failure.ts'
import type { Clock, Log } from '../../core/ports.ts'
import { flushFolder } from '../../platform/flush-folder.ts'
import type { HeadMark } from './head.ts'
import { blockHeaderBytes, lengthAfter } from './leaf-block.ts'
import { headParts, type LeafDraft, type SealStorage } from './storage.ts'

const markSchema = z.object({ number: z.number().int(), hash: z.string() })
const partsFile = 'parts.json'
/** Folder names of heads; sorted as text they are sorted by number. */
const nameOf = (number: number): string => String(number).padStart(9, '0')

/**
 * A folder that one process owns: `heads.ndjson`, readable by every tool, `head.anchor.json`, which says what the newest head was,
 * `keys/` with public keys, and `leaves/<number>/`. A torn last line was never acknowledged: it is put into a file of its own.
 */
export async function folderStorage(
  folder: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<SealStorage> {
  const file = join(folder, 'heads.ndjson')
  const anchorFile = join(folder, 'head.anchor.json')
  const keysFolder = join(folder, 'keys')
  const leavesFolder = join(folder, 'leaves')
  for (const each of [folder, keysFolder, leavesFolder]) await mkdir(each, { recursive: true, mode: 0o700 })
  const torn = await setTornLineAside(file, clock.now())
  if (torn !== null) log.warn('the last head was not written to its end, and is sealed again', { file, keptIn: torn })
  const handle = await open(file, 'a', 0o600)
  let safeSize = (await handle.stat()).size

  return {
    place: folder,
    kept: 'disk',
    async headLines() {
      const text = await readFile(file, 'utf8')
      return text === '' ? [] : text.replace(/\n$/, '').split('\n')
    },
    async appendHead(line) {
      const bytes = Buffer.from(`${line}\n`)
      try {
        // What an earlier attempt left, should it not have been possible to take it back then.
        if ((await handle.stat()).size > safeSize) await handle.truncate(safeSize)
        await handle.appendFile(bytes)
        await handle.sync()
      } catch (reason) {
        await handle.truncate(safeSize).catch(() => {}) // then the next attempt does, or the next start
        throw unwritable(file, reason)
      }
      safeSize += bytes.length
    },
    async anchor() {
      const text = await readOrNull(anchorFile)
      if (text === null) return null
      try {
        return markSchema.parse(JSON.parse(text))
      } catch {
        return { number: -1, hash: '' }
      }
    },
    setAnchor: (mark: HeadMark) => replace(anchorFile, JSON.stringify(mark)),
    async keys() {
      const names = (await readdir(keysFolder)).filter((name) => name.endsWith('.pub.pem'))
      return Promise.all(names.map((name) => readFile(join(keysFolder, name), 'utf8')))
    },
    addKey: (fingerprint, pem) => replace(join(keysFolder, `${fingerprint}.pub.pem`), pem),
    async begin(number) {
      const place = join(leavesFolder, nameOf(number))
      try {
        await rm(place, { recursive: true, force: true })
        await mkdir(place, { mode: 0o700 })
      } catch (reason) {
        throw unwritable(place, reason)
      }
      return draftIn(place, leavesFolder)
    },
    async parts(number) {
      const text = await readOrNull(join(leavesFolder, nameOf(number), partsFile))
      try {
        return text === null ? null : headParts.parse(JSON.parse(text))
      } catch {
        return null
      }
    },
    blocks: (number, stream) => blocksOf(join(leavesFolder, nameOf(number), `${stream}.leaves`)),
    async numbers() {
      const names = await readdir(leavesFolder)
      return names
        .filter((name) => /^\d{9,}$/.test(name))
        .map(Number)
        .toSorted((one, other) => one - other)
    },
    drop: (number) => rm(join(leavesFolder, nameOf(number)), { recursive: true, force: true }),
    close: () => handle.close(),
  }
}

function draftIn(place: string, above: string): LeafDraft {
  const files = new Map<string, FileHandle>()
  return {
    async append(stream, block) {
      try {
        const file = files.get(stream) ?? (await open(join(place, `${stream}.leaves`), 'wx', 0o600))
        files.set(stream, file)
        await file.writeFile(block)
      } catch (reason) {
        throw unwritable(place, reason)
      }
    },
    async finish(parts) {
      try {
        for (const file of files.values()) {
          await file.sync()
          await file.close()
        }
        files.clear()
        await replace(join(place, partsFile), JSON.stringify(parts))
        await flushFolder(above)
      } catch (reason) {
        throw unwritable(place, reason)
      }
    },
    async abandon() {
      for (const file of files.values()) await file.close().catch(() => {}) // it goes anyway
      files.clear()
      await rm(place, { recursive: true, force: true })
    },
  }
}

async function* blocksOf(file: string): AsyncGenerator<Buffer, void> {
  const handle = await open(file, 'r').catch((reason: unknown) => {
    throw damaged(file, reason instanceof Error ? reason.message : String(reason))
  })
  try {
    for (;;) {
      const header = await readExactly(handle, blockHeaderBytes)
      if (header.length === 0) return
      const length = lengthAfter(header)
      if (length === null) throw damaged(file, 'a block begins with something else')
      const rest = await readExactly(handle, length)
      if (rest.length < length) throw damaged(file, 'it ends in the middle of a block')
      yield Buffer.concat([header, rest])
    }
  } finally {
    await handle.close()
  }
}

export function damaged(file: string, why: string): Failure {
  return new Failure(
    'invalid',
    file,
    `Leaves of a sealed head are not those that were sealed: ${file}: ${why}.`,
    'Put a copy of the file back. Without it, move its folder away: then nothing of this head can be shown, and that is said.',
  )
}

async function readExactly(handle: FileHandle, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

/** A crash in the middle of a line leaves it without an end. */
async function setTornLineAside(file: string, now: number): Promise<string | null> {
  const bytes = await readFile(file).catch((reason: unknown) => {
    if (codeOf(reason) === 'ENOENT') return Buffer.alloc(0)
    throw reason
  })
  const end = bytes.lastIndexOf(10) + 1
  if (end === bytes.length) return null
  const aside = `${file}.torn-${now}`
  await writeFile(aside, bytes.subarray(end), { mode: 0o600 })
  const handle = await open(file, 'r+')
  try {
    await handle.truncate(end)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return aside
}

/** It is the old one or the new one, never half. */
async function replace(file: string, text: string): Promise<void> {
  const next = `${file}.next`
  await writeFile(next, text, { mode: 0o600, flush: true })
  await rename(next, file)
}

async function readOrNull(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (reason) {
    if (codeOf(reason) === 'ENOENT') return null
    throw reason
  }
}

function unwritable(file: string, reason: unknown): Failure {
  const words = reason instanceof Error ? reason.message : String(reason)
  const advice = 'Make room, or let this user write to it. What came stays, and is sealed later.'
  return new Failure('exhausted', file, `What was collected cannot be sealed: ${words}`, advice)
}

function codeOf(reason: unknown): unknown {
  return reason instanceof Error && 'code' in reason ? reason.code : undefined
}
