import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** `sun_path` of a unix socket holds 104 bytes on some systems, with the zero at its end. */
const longestSocketPath = 103

/** Where the owner of a data folder listens: a named pipe on Windows, else a socket in the folder, or near it when that is too long. */
export function localAddress(folder: string, platform: NodeJS.Platform = process.platform): string {
  const mark = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 24)
  if (platform === 'win32') return `\\\\.\\pipe\\everyhop-${mark}`
  const inside = join(folder, 'owner.sock')
  if (Buffer.byteLength(inside) <= longestSocketPath) return inside
  return join(privateFolder(), `${mark}.sock`)
}

/** A folder of this user alone among the temporary ones, where anybody may make folders. */
function privateFolder(): string {
  const user = process.getuid?.() ?? 'me'
  const path = join(tmpdir(), `everyhop-${user}`)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const found = lstatSync(path)
  if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== user) || (found.mode & 0o077) !== 0) {
    throw new Error(`${path} is not a folder of this user alone`)
  }
  return path
}
