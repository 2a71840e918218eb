import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { buildTool } from '../../../electron/tools/build-tool.ts'
import { builtPath } from '../../../electron/tools/find-tool.ts'
import { cacheFolder, withBuildLock } from './cache-folder.ts'

/** Path of the pinned Regal: from the cache, else built there once with Go, as Everyhop itself builds it. */
export async function ensureRegal(log: (line: string) => void): Promise<string> {
  const folder = join(cacheFolder(), 'bin')
  const path = builtPath('regal', folder)
  const isThere = (): Promise<boolean> =>
    access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
  if (await isThere()) return path
  return withBuildLock(log, async () => {
    // Another process may have built it while this one waited.
    if (await isThere()) return path
    log('Regal: building it with Go (about two minutes).')
    return buildTool('regal', { folder, progress: () => {}, signal: new AbortController().signal })
  })
}
