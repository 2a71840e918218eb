import { setTimeout as pause } from 'node:timers/promises'
import { Failure } from '../core/failure.ts'
import { type DataFolder, takeDataFolder } from './data-folder.ts'
import { connectLocal, type LocalConnection } from './local-socket.ts'

/** Either the folder is ours alone, or it has an owner that answers. */
export type Joined =
  | { readonly kind: 'owner'; readonly folder: DataFolder }
  | { readonly kind: 'second'; readonly connection: LocalConnection }

/** An owner that just began writes its card a moment after it took the lock; one that ends frees the lock a moment later. */
const patienceMs = 20_000
const betweenTriesMs = 50

/**
 * Takes a data folder, or connects to the process that has it: of several that start at the same moment exactly one becomes the
 * owner. Throws a `Failure`: `locked` when there is an owner that does not answer, and what `connectLocal` throws otherwise.
 */
export async function joinDataFolder(path: string, version: string, signal?: AbortSignal): Promise<Joined> {
  for (const until = performance.now() + patienceMs; ; ) {
    signal?.throwIfAborted()
    const folder = takenOrNull(path)
    if (folder !== null) return { kind: 'owner', folder }
    const connection = await connectedOrNull(path, version)
    if (connection !== null) return { kind: 'second', connection }
    if (performance.now() > until) {
      const advice = 'Stop that one, or use --live to do without it.'
      throw new Failure('locked', path, `Another Everyhop keeps its records in ${path}, and does not answer.`, advice)
    }
    await pause(betweenTriesMs)
  }
}

/** The owner that there is; null when there is none. Never takes the folder. */
export async function findOwner(path: string, version: string): Promise<LocalConnection | null> {
  return connectedOrNull(path, version)
}

function takenOrNull(path: string): DataFolder | null {
  try {
    return takeDataFolder(path)
  } catch (reason) {
    if (reason instanceof Failure && reason.code === 'locked') return null
    throw reason
  }
}

async function connectedOrNull(path: string, version: string): Promise<LocalConnection | null> {
  try {
    return await connectLocal(path, version)
  } catch (reason) {
    if (reason instanceof Failure && reason.code === 'unreachable') return null
    throw reason
  }
}
