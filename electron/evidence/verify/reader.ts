import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Container, PackEntry } from './container.ts'
import type { Findings, StepName } from './findings.ts'
import { createSecretSearch, isSearched } from './secrets.ts'

/** Reads files of a pack, each once, and remembers their hashes: what is compared later is of the very bytes that were used. */
export interface PackReader {
  readonly paths: ReadonlySet<string>
  has(path: string): boolean
  /** Hexadecimal SHA-256 of what was read whole; null: it was not, or could not be. */
  digest(path: string): string | null
  /** Somebody has begun to read it. */
  wasRead(path: string): boolean
  /** Whole; null: it is not there, or cannot be unpacked. */
  whole(path: string, step: StepName): Promise<Buffer | null>
  /** In pieces, which are only lent. Ends early where it cannot be unpacked; then `digest` stays null. */
  pieces(path: string, step: StepName): AsyncIterable<Buffer>
  /** What looks like a credential, by path. */
  readonly secrets: ReadonlyMap<string, ReadonlySet<string>>
  readonly searched: number
}

export function createPackReader(container: Container, findings: Findings, signal: AbortSignal): PackReader {
  const digests = new Map<string, string>()
  const secrets = new Map<string, ReadonlySet<string>>()
  const read = new Set<string>()
  let searched = 0

  async function* piecesOf(entry: PackEntry, step: StepName): AsyncGenerator<Buffer, void> {
    const { path } = entry
    read.add(path)
    const digest = createHash('sha256')
    const search = isSearched(path) ? createSecretSearch() : null
    let checksum = 0
    try {
      for await (const chunk of container.pieces(entry)) {
        signal.throwIfAborted()
        digest.update(chunk)
        checksum = crc32(chunk, checksum)
        search?.add(chunk)
        yield chunk
      }
    } catch (reason) {
      signal.throwIfAborted()
      const message = reason instanceof Error ? reason.message : String(reason)
      findings.failed(step, 'entry-corrupt', { path, message })
      return
    }
    if (search !== null) {
      searched += 1
      if (search.found.size > 0) secrets.set(path, search.found)
    }
    if (checksum !== entry.crc32) findings.failed(step, 'entry-corrupt', { path, message: 'CRC-32' })
    else digests.set(path, digest.digest('hex'))
  }

  const reader: PackReader = {
    paths: new Set(container.entries.keys()),
    has: (path) => container.entries.has(path),
    digest: (path) => digests.get(path) ?? null,
    wasRead: (path) => read.has(path),
    secrets,
    get searched() {
      return searched
    },
    async *pieces(path, step) {
      const entry = container.entries.get(path)
      if (entry !== undefined) yield* piecesOf(entry, step)
    },
    async whole(path, step) {
      if (!container.entries.has(path)) return null
      const chunks: Buffer[] = []
      for await (const chunk of reader.pieces(path, step)) chunks.push(Buffer.from(chunk))
      return digests.has(path) ? Buffer.concat(chunks) : null
    },
  }
  return reader
}
