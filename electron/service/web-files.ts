import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join, sep } from 'node:path'
import { pageFileOf } from '../../shared/lib/page-files.ts'

/** The file of a folder that a path of an address means, with its size; null when there is none or it lies outside. */
export async function fileOf(
  folder: string,
  pathname: string,
): Promise<{ readonly path: string; readonly bytes: number; readonly type: string } | null> {
  const wanted = pageFileOf(pathname)
  if (wanted === null) return null
  try {
    const root = await realpath(folder)
    const path = await realpath(join(root, wanted.name))
    if (!path.startsWith(root + sep)) return null
    const found = await stat(path)
    return found.isFile() ? { path, bytes: found.size, type: wanted.type } : null
  } catch {
    return null // not there, or not ours to read: the same answer for both
  }
}

export function sendFile(
  response: ServerResponse,
  file: { readonly path: string; readonly bytes: number; readonly type: string },
  isHead: boolean,
): void {
  response.setHeader('Content-Type', file.type)
  response.setHeader('Content-Length', file.bytes)
  // The bundler puts a hash of the content into these names, so they never change.
  if (file.path.includes(`${sep}assets${sep}`)) {
    response.setHeader('Cache-Control', 'private, max-age=31536000, immutable')
  }
  response.writeHead(200)
  if (isHead) {
    response.end()
    return
  }
  createReadStream(file.path)
    .on('error', () => response.destroy())
    .pipe(response)
}
