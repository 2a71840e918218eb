import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { Failure } from '../core/failure.ts'
import { writeWhole } from './write-whole.ts'

const entrySchema = z.object({
  revision: z.string(),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number(),
  /** When it was first kept, epoch milliseconds. */
  keptAt: z.number(),
  /** When it was last found live and another had been before, by our own clock, epoch milliseconds. */
  liveAt: z.number().optional(),
  publishedAt: z.number().nullable(),
  author: z.string().nullable(),
  rollsBackTo: z.string().nullable(),
})
export type KeptBundle = z.infer<typeof entrySchema>

/** The bytes of every bundle that was ever seen, by digest: what a decision rested on can be read again after the store forgot it. */
export interface KeptBundles {
  /**
   * For bytes that are live: `keptAt` is a moment at which the store had them, or was asked and then told them. The same bytes
   * again only add what was not known of them.
   */
  keep(
    environment: string,
    bundle: string,
    kept: Omit<KeptBundle, 'digest' | 'bytes' | 'liveAt'>,
    bytes: Uint8Array,
  ): Promise<KeptBundle>
  /** The last that went live first. By what we saw, never by the store's clock: HTTP tells it in seconds, and it may be wrong. */
  list(environment: string, bundle: string): Promise<readonly KeptBundle[]>
  /** null: never kept, or no longer what it was. */
  read(environment: string, bundle: string, digest: string): Promise<Uint8Array | null>
}

export function createKeptBundles(folder: string): KeptBundles {
  const queues = new Map<string, Promise<unknown>>()

  /** Names of environments and bundles are others' words: a hash of both is a name that leads nowhere else. */
  function placeOf(environment: string, bundle: string): string {
    return join(folder, createHash('sha256').update(`${environment}\n${bundle}`).digest('hex').slice(0, 32))
  }

  async function readIndex(place: string): Promise<KeptBundle[]> {
    const text = await readFile(join(place, 'index.json'), 'utf8').catch(() => null)
    if (text === null) return []
    const read = z.array(entrySchema).safeParse(jsonOf(text))
    if (read.success) return read.data
    throw new Failure(
      'invalid',
      place,
      `The list of kept bundles in ${place} is damaged.`,
      'The bundles beside it are whole: move index.json away, and they are kept anew as they are seen.',
    )
  }

  return {
    keep(environment, bundle, about, bytes) {
      const place = placeOf(environment, bundle)
      const done = (queues.get(place) ?? Promise.resolve()).then(async () => {
        const digest = createHash('sha256').update(bytes).digest('hex')
        const index = await readIndex(place)
        const before = index.find((entry) => entry.digest === digest && entry.revision === about.revision)
        const others = index.filter((each) => each !== before)
        const lastOther = Math.max(0, ...others.map(liveAt))
        // Asked before another went live, and told later, is nothing new.
        const isNew = before === undefined || (liveAt(before) < lastOther && lastOther < about.keptAt)
        // What we published ourselves we know to the millisecond, as long as nobody made it live once more.
        const known = !isNew && before.author !== null && about.author === null ? before.publishedAt : null
        const entry: KeptBundle = {
          ...about,
          digest,
          bytes: bytes.length,
          keptAt: before?.keptAt ?? about.keptAt,
          liveAt: isNew ? about.keptAt : liveAt(before),
          publishedAt: known ?? about.publishedAt ?? before?.publishedAt ?? null,
          author: about.author ?? before?.author ?? null,
          rollsBackTo: about.rollsBackTo ?? before?.rollsBackTo ?? null,
        }
        if (before !== undefined && JSON.stringify(before) === JSON.stringify(entry)) return before
        if (before === undefined) await writeWhole(join(place, `${digest}.tar.gz`), bytes)
        await writeWhole(join(place, 'index.json'), JSON.stringify([...others, entry]))
        return entry
      })
      queues.set(
        place,
        done.catch(() => {}),
      )
      return done
    },
    // Of two in one millisecond the one that was kept last.
    list: async (environment, bundle) =>
      (await readIndex(placeOf(environment, bundle)))
        .toReversed()
        .toSorted((one, other) => liveAt(other) - liveAt(one)),
    async read(environment, bundle, digest) {
      if (!/^[0-9a-f]{64}$/.test(digest)) return null
      const bytes = await readFile(join(placeOf(environment, bundle), `${digest}.tar.gz`)).catch(() => null)
      // Kept bytes are evidence: they count only as long as they are what they were.
      return bytes !== null && createHash('sha256').update(bytes).digest('hex') === digest ? bytes : null
    },
  }
}

/** Lists of before `liveAt` was kept have only the other two. */
function liveAt(entry: KeptBundle): number {
  return entry.liveAt ?? entry.publishedAt ?? entry.keptAt
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
