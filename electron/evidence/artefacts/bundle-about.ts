import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import { tarFiles } from '../tar-entries.ts'

/** A bundle is unpacked in memory to read its manifest: nothing larger is. Bytes. */
const mostBytes = 256 * 1024 ** 2

const manifestSchema = z.object({
  revision: z.string().optional(),
  roots: z.array(z.string()).optional(),
})

/** What an OPA bundle says of itself. */
export interface BundleAbout {
  /** By its own manifest; null: it has none, or none that can be read. */
  readonly manifestRevision: string | null
  readonly roots: readonly string[] | null
  /** A `.signatures.json` is in it. Whether it is right is not checked here: OPA did, where it is told to. */
  readonly hasSignatures: boolean | null
}

/** Reads names and manifest of a gzipped tar. What cannot be read is unknown: the bytes are in the pack all the same. */
export async function archiveAbout(bytes: Uint8Array): Promise<BundleAbout> {
  try {
    const tar = gunzipSync(bytes, { maxOutputLength: mostBytes })
    const files = await tarFiles(tar, ['.manifest', '.signatures.json'])
    const own = files.find(({ name }) => name === '.manifest')
    const manifest = own === undefined ? null : manifestSchema.parse(JSON.parse(Buffer.from(own.data).toString('utf8')))
    const hasSignatures = files.some(({ name }) => name === '.signatures.json')
    return { manifestRevision: manifest?.revision ?? null, roots: manifest?.roots ?? null, hasSignatures }
  } catch {
    return unreadable
  }
}

const unreadable: BundleAbout = { manifestRevision: null, roots: null, hasSignatures: null }
