import { z } from 'zod'
import type { HeadMark } from './head.ts'

/** Where seals are kept: in a folder, or in memory. */
export interface SealStorage {
  /** For people. */
  readonly place: string
  readonly kept: 'disk' | 'memory'
  /** Without line breaks, oldest first. */
  headLines(): Promise<readonly string[]>
  /** Resolves when the line is safe; when it rejects the file is as it was. */
  appendHead(line: string): Promise<void>
  /** null: there is none. One that cannot be read fits no head. */
  anchor(): Promise<HeadMark | null>
  setAnchor(mark: HeadMark): Promise<void>
  /** Public keys in PEM of all that ever signed here. */
  keys(): Promise<readonly string[]>
  addKey(fingerprint: string, pem: string): Promise<void>
  /** Leaves of a head that is not written yet; what was left of one of this number goes. */
  begin(number: number): Promise<LeafDraft>
  /** null: the leaves of this head are not held, or what says where they come from cannot be read. */
  parts(number: number): Promise<HeadParts | null>
  /** Blocks of leaves in their order; throws where there are none, or where one is cut. */
  blocks(number: number, stream: string): AsyncIterable<Buffer>
  /** Heads whose leaves are held, ascending. */
  numbers(): Promise<readonly number[]>
  drop(number: number): Promise<void>
  close(): Promise<void>
}

export interface LeafDraft {
  append(stream: string, block: Buffer): Promise<void>
  /** Resolves when everything is safe. */
  finish(parts: HeadParts): Promise<void>
  abandon(): Promise<void>
}

const cursor = z.string().max(1000)

export const headParts = z.object({
  /** Of what this head holds: after which line it begins, and with which it ends. */
  streams: z.record(z.string(), z.object({ after: cursor.nullable(), last: cursor })),
  /** Of every stream: up to where it was sealed by then. */
  sealed: z.record(z.string(), cursor),
})
export type HeadParts = z.infer<typeof headParts>
