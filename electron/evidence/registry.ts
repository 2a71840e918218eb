import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { PackSummary } from '../../shared/domain/evidence/model.ts'
import type { Log } from '../core/ports.ts'
import { removeAllLeft, removeLeft } from './pack/work-folder.ts'
import { gapSchema, listedArtefact } from './verify/schemas.ts'

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const entrySchema = z.object({
  packId: z.string(),
  environment: z.string(),
  period: z.object({ from: z.number(), to: z.number() }),
  sealedAt: z.number(),
  file: z.string(),
  artefacts: z.array(listedArtefact),
  gaps: z.array(gapSchema),
  keyFingerprint: hash,
  sha256: hash,
  statementSha256: hash,
  /** The newest head of the seals in it; null: there was none. */
  lastHead: z.object({ number: z.number(), hash }).nullable().default(null),
})
/** A pack that was made here, as it is remembered. */
export type PackEntry = z.infer<typeof entrySchema>

const makingSchema = z.object({ work: z.string(), out: z.string(), entry: entrySchema.nullable() })
type Making = z.infer<typeof makingSchema>

/** The packs that were made here of one environment. */
export interface PackRegistry {
  /** Oldest first. */
  entries(): readonly PackEntry[]
  /** `EP-2026-0007`: the next of its year. */
  nextId(now: number): string
  /** Before anything is written: what a crash leaves is found again by it. */
  begin(work: string, out: string): Promise<void>
  /** Before the pack gets its name: a crash right after that still has it in the list. */
  ready(work: string, entry: PackEntry): Promise<void>
  /** It has its name, and nothing is made any more. */
  add(entry: PackEntry): Promise<void>
  /** Nothing came of it. */
  end(): Promise<void>
}

/**
 * `packs.ndjson` in a folder that this process alone owns; null: in memory, until the process ends. Puts in order what a crash left:
 * a pack that had got its name is put on the list, everything else of it is removed.
 */
export async function openPackRegistry(folder: string | null, log: Log): Promise<PackRegistry> {
  if (folder === null) return registryOf([], { write: async () => {}, making: async () => {} })
  const list = join(folder, 'packs.ndjson')
  const makingFile = join(folder, 'making.json')
  const lines = (await textOf(list)).split('\n').filter((line) => line !== '')
  const entries = lines.flatMap((line) => {
    const read = entrySchema.safeParse(jsonOf(line))
    if (!read.success) log.warn('a line of the list of packs cannot be read and is left as it is', { file: list })
    return read.success ? [read.data] : []
  })
  const write = async (entry: PackEntry): Promise<void> => {
    lines.push(JSON.stringify(entry))
    await writeAside(list, `${lines.join('\n')}\n`)
  }
  const left = makingSchema.safeParse(jsonOf(await textOf(makingFile)))
  if (left.success) {
    const { work, out, entry } = left.data
    const isListed = entries.some(({ packId }) => packId === entry?.packId)
    if (entry !== null && !isListed && (await sha256Of(out)) === entry.sha256) {
      entries.push(entry)
      await write(entry)
    }
    await removeLeft(work)
  }
  await rm(makingFile, { force: true })
  await removeAllLeft(folder)
  return registryOf(entries, {
    write,
    making: async (making) => {
      if (making === null) {
        await rm(makingFile, { force: true })
        return
      }
      await writeAside(makingFile, JSON.stringify(making))
    },
  })
}

function registryOf(
  entries: PackEntry[],
  disk: { write(entry: PackEntry): Promise<void>; making(making: Making | null): Promise<void> },
): PackRegistry {
  let out = ''
  return {
    entries: () => entries,
    nextId(now) {
      const year = `EP-${new Date(now).getUTCFullYear()}-`
      const numbers = entries.flatMap(({ packId }) =>
        packId.startsWith(year) ? [Number(packId.slice(year.length))] : [],
      )
      return `${year}${String(Math.max(0, ...numbers) + 1).padStart(4, '0')}`
    },
    async begin(work, to) {
      out = to
      await disk.making({ work, out, entry: null })
    },
    ready: (work, entry) => disk.making({ work, out, entry }),
    async add(entry) {
      entries.push(entry)
      await disk.write(entry)
      await disk.making(null)
    },
    end: () => disk.making(null),
  }
}

/** As the contract tells it. */
export async function summaryOf(entry: PackEntry): Promise<PackSummary> {
  const { packId, environment, period, sealedAt, file, artefacts, gaps, keyFingerprint, sha256 } = entry
  const bytes = await stat(file).then(
    ({ size }) => size,
    () => null, // moved, deleted, or on a disk that is not there
  )
  return { packId, environment, period, sealedAt, file, bytes, artefacts, gaps, keyFingerprint, sha256 }
}

async function sha256Of(file: string): Promise<string | null> {
  const hashed = createHash('sha256')
  try {
    for await (const piece of createReadStream(file)) hashed.update(Buffer.from(piece))
  } catch {
    return null
  }
  return hashed.digest('hex')
}

/** The old one or the new one, never half. */
async function writeAside(file: string, text: string): Promise<void> {
  await writeFile(`${file}.next`, text, { mode: 0o600, flush: true })
  await rename(`${file}.next`, file)
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (reason) {
    if (reason instanceof Error && 'code' in reason && reason.code === 'ENOENT') return ''
    throw reason
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
