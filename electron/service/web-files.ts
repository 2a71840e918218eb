import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { extname, join, sep } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
}

/** The file of a folder that a path of an address means, with its size; null when there is none or it lies outside. */
export async function fileOf(
  folder: string,
  pathname: string,
): Promise<{ readonly path: string; readonly bytes: number; readonly type: string } | null> {
  const name = decoded(pathname === '/' ? '/index.html' : pathname)
  if (name === null || !/^(\/[\w-][\w.-]*)+$/.test(name)) return null
  const type = types[extname(name)]
  if (type === undefined) return null
  try {
    const root = await realpath(folder)
    const path = await realpath(join(root, name))
    if (!path.startsWith(root + sep)) return null
    const found = await stat(path)
    return found.isFile() ? { path, bytes: found.size, type } : null
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

function decoded(pathname: string): string | null {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return null
  }
}
