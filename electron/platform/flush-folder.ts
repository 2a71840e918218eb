import { open } from 'node:fs/promises'

/**
 * So that names that were given or taken in a folder survive a power cut too, as what is in its files does after their own `sync`.
 * Windows has no such thing, and does not let a folder be opened. Rejects where the system refuses.
 */
export async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
