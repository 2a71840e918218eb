import { createHash } from 'node:crypto'
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises'
import { downloadedPath } from './find-tool.ts'
import { createVersionReader } from './program-version.ts'
import type { Release } from './release.ts'
import { downloadSecurely, type SecureOptions } from './secure-download.ts'
import { programSuffix, ToolFailure } from './tool.ts'

export interface DownloadOptions extends SecureOptions {
  /** Folder that tools are kept in. */
  readonly folder: string
  /** SHA-256 that somebody was shown and said yes to, in hexadecimal. */
  readonly sha256: string
  readonly progress: (line: string) => void
}

/** OPA is 70 MB, Regal 50. */
const longestProgram = 400 * 1024 * 1024
const mebi = 1024 * 1024

/**
 * Fetches a program and keeps it if it has the SHA-256 that was agreed to, and says the version that was wanted. Nothing of it
 * is started before, and nobody finds a part of it: it gets its name at the end. Resolves to its path; rejects with a
 * `ToolFailure`, or with the system's own error when the disk does not take it.
 */
export async function downloadTool(release: Release, options: DownloadOptions): Promise<string> {
  const { folder, progress, sha256 } = options
  await mkdir(folder, { recursive: true })
  const target = downloadedPath(release.tool, folder)
  const partial = `${target}.${process.pid}.partial${programSuffix}`
  try {
    const found = await fetched(release, partial, options)
    if (found !== sha256) {
      throw new ToolFailure(
        `${release.url} is not what was agreed to: its SHA-256 is ${found} and should be ${sha256}. It was thrown away.`,
      )
    }
    await chmod(partial, 0o755)
    const version = await createVersionReader()(release.tool, partial)
    if (version !== release.version) {
      const said = typeof version === 'string' ? `says that it is ${version}` : version.problem
      throw new ToolFailure(`${release.url} is not ${release.tool} ${release.version}: it ${said}. It was thrown away.`)
    }
    await rename(partial, target)
    progress(`${release.tool} ${release.version} is there, SHA-256 ${found}`)
    return target
  } finally {
    await rm(partial, { force: true })
  }
}

/** SHA-256 of what came. */
async function fetched({ tool, url, version }: Release, path: string, options: DownloadOptions): Promise<string> {
  const hash = createHash('sha256')
  let length = 0
  let told = 0
  // Not to be started by anybody while it is written.
  const file = await open(path, 'w', 0o600)
  try {
    await downloadSecurely(url, longestProgram, options, async (part) => {
      hash.update(part)
      length += part.length
      await file.writeFile(part)
      const whole = Math.floor(length / mebi)
      if (whole === told) return
      told = whole
      options.progress(`Downloading ${tool} ${version}: ${whole} MB`)
    })
    await file.sync()
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}
