import type { StorePlace } from '../../../shared/domain/model/policy.ts'

/** What a pointer or an object holds. `version` changes with every writing: an ETag, or what stands for one. */
export interface Stored {
  readonly bytes: Uint8Array
  readonly version: string | null
  /** When the store says that it was written, epoch milliseconds. */
  readonly writtenAt: number | null
  /** For `lookAtPointer`: what it is known by. null: nothing tells it from another that was written in the same second. */
  readonly mark: string | null
}

export type StoreFailureReason =
  | 'unreachable'
  | 'forbidden'
  | 'conflict'
  | 'timed-out'
  | 'too-large'
  | 'invalid'
  | 'full'

/** Something went wrong at a store; the message holds its literal words, without credentials. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure'
  readonly reason: StoreFailureReason
  /** Whether the write may have happened all the same: look before trying again. */
  readonly mayHaveHappened: boolean
  /** Which store it was; null: it is not said here. */
  readonly place: StorePlace | null
  constructor(reason: StoreFailureReason, message: string, mayHaveHappened = false, place: StorePlace | null = null) {
    super(message)
    this.reason = reason
    this.mayHaveHappened = mayHaveHappened
    this.place = place
  }
}

/** The same store, whose failures say which one it was. */
export function named(store: BundleStore): BundleStore {
  const naming = async <Value>(asked: Promise<Value>): Promise<Value> => {
    try {
      return await asked
    } catch (reason) {
      if (!(reason instanceof StoreFailure) || reason.place !== null) throw reason
      throw new StoreFailure(reason.reason, reason.message, reason.mayHaveHappened, store.place)
    }
  }
  return {
    place: store.place,
    readPointer: (signal) => naming(store.readPointer(signal)),
    lookAtPointer: (mark, signal) => naming(store.lookAtPointer(mark, signal)),
    list: (signal) => naming(store.list(signal)),
    readObject: (name, signal) => naming(store.readObject(name, signal)),
    putObject: (name, bytes, signal) => naming(store.putObject(name, bytes, signal)),
    movePointer: (bytes, from, signal) => naming(store.movePointer(bytes, from, signal)),
    knownGuard: () => store.knownGuard(),
    guard: (signal) => naming(store.guard(signal)),
  }
}

/**
 * Where OPAs fetch a bundle from, and where it is published to: objects that never change, named by revision and digest, and
 * one pointer, the object that OPAs ask for. Every implementation passes `test/conformance/bundle-store-suite.ts`.
 */
export interface BundleStore {
  readonly place: StorePlace
  /** null: there is none yet. */
  readPointer(signal: AbortSignal): Promise<Stored | null>
  /** The same for who looks again and again: `unchanged` when it still is what has this `mark`, without its bytes. */
  lookAtPointer(mark: string | null, signal: AbortSignal): Promise<Stored | null | 'unchanged'>
  /** Objects beside the pointer, the latest first; null: this store cannot list. At most 1,000. */
  list(signal: AbortSignal): Promise<readonly StoredObject[] | null>
  readObject(name: string, signal: AbortSignal): Promise<Stored | null>
  /** Writes an object that never changes. One that is there with the same bytes is fine; with others it is a `conflict`. */
  putObject(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>
  /**
   * Moves the pointer. With a guard (`guard` says `conditional`) the store itself refuses when it has changed since `from`
   * was read: `conflict`. Without, whoever writes last wins; read it again afterwards.
   */
  movePointer(bytes: Uint8Array, from: Stored | null, signal: AbortSignal): Promise<void>
  /** What is known without writing anything; null: it was not tried yet. */
  knownGuard(): StoreGuard | null
  /**
   * Finds out, by trying it with an object of its own, whether conditional writes hold here: it writes, so it is part of a
   * publication and of nothing else.
   */
  guard(signal: AbortSignal): Promise<StoreGuard>
}

export interface StoredObject {
  readonly name: string
  readonly bytes: number
  readonly writtenAt: number | null
}

/** conditional: the store refuses a write on what has changed. last-writer-wins: another publisher could overwrite ours. */
export interface StoreGuard {
  readonly kind: 'conditional' | 'last-writer-wins'
  /** What was tried and what came of it, for people. */
  readonly detail: string
}

/** What a store will take and give at most. */
export const mostBundleBytes = 256 * 1024 ** 2

/** `bundles/hops.tar.gz` keeps its objects in `bundles/hops.revisions/`. */
export function objectFolder(pointer: string): string {
  return `${pointer.replace(/\.(tar\.gz|tgz)$/, '')}.revisions`
}

/** Name of the object of a revision. The revision is anyone's text: only plain characters of it are kept, the digest tells apart. */
export function objectName(revision: string, digest: string): string {
  const plain = revision.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80)
  return `${plain === '' || /^\.+$/.test(plain) ? 'revision' : plain}-${digest.slice(0, 16)}.tar.gz`
}

/** Names that `objectName` makes; anything else in the folder is somebody else's. */
export const objectPattern = /^[A-Za-z0-9._-]{1,80}-[0-9a-f]{16}\.tar\.gz$/

/** A store tells times in seconds: what was written within the last two may be written once more and look the same. */
const settledMs = 2_000

export function isSettled(writtenAt: number, now: number): boolean {
  return now - writtenAt >= settledMs
}
