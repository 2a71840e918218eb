import { Failure } from '../../core/failure.ts'
import type { HeadMark } from './head.ts'
import type { HeadParts, SealStorage } from './storage.ts'

/** Seals of what is itself in memory only. */
export function memoryStorage(): SealStorage {
  const lines: string[] = []
  const keys = new Map<string, string>()
  const heads = new Map<
    number,
    { readonly parts: HeadParts; readonly blocks: ReadonlyMap<string, readonly Buffer[]> }
  >()
  let mark: HeadMark | null = null
  return {
    place: 'memory',
    kept: 'memory',
    headLines: async () => [...lines],
    async appendHead(line) {
      lines.push(line)
    },
    anchor: async () => mark,
    async setAnchor(fresh) {
      mark = fresh
    },
    keys: async () => [...keys.values()],
    async addKey(fingerprint, pem) {
      keys.set(fingerprint, pem)
    },
    async begin(number) {
      const blocks = new Map<string, Buffer[]>()
      return {
        async append(stream, block) {
          const own = blocks.get(stream) ?? []
          own.push(block)
          blocks.set(stream, own)
        },
        async finish(parts) {
          heads.set(number, { parts, blocks })
        },
        async abandon() {
          heads.delete(number)
        },
      }
    },
    parts: async (number) => heads.get(number)?.parts ?? null,
    async *blocks(number, stream) {
      const found = heads.get(number)?.blocks.get(stream)
      if (found === undefined) throw new Failure('not-found', 'memory', `Leaves of head ${number} are not held.`)
      yield* found
    },
    numbers: async () => [...heads.keys()].toSorted((one, other) => one - other),
    async drop(number) {
      heads.delete(number)
    },
    async close() {
      heads.clear()
    },
  }
}
