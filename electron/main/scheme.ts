import { readFile, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { protocol } from 'electron'
import { contentSecurityPolicy } from '../../shared/lib/content-security-policy.ts'
import { pageFileOf } from '../../shared/lib/page-files.ts'

export const pageOrigin = 'app://everyhop'
/** Said instead of the page after it ended too often. */
export const endedAddress = `${pageOrigin}/ended`

const headers = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/** Has to be called before Electron is ready. Standard: relative addresses and an origin; secure: as https is. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ])
}

/** Serves the built page, and nothing else of the disk. */
export function serveScheme(folder: string): void {
  protocol.handle('app', async (request) => {
    const url = new URL(request.url)
    if (request.method !== 'GET' || url.host !== 'everyhop') return sentence(404, 'There is no such page.')
    if (url.pathname === '/ended') return sentence(200, 'The page of Everyhop ended several times. Start it again.')
    const file = pageFileOf(url.pathname)
    const content = file === null ? null : await contentOf(folder, file.name)
    if (file !== null && content !== null) {
      return new Response(new Uint8Array(content), { status: 200, headers: { ...headers, 'Content-Type': file.type } })
    }
    if (url.pathname !== '/') return sentence(404, 'There is no such file.')
    return sentence(503, 'The window is not built: its files are missing. In a checkout, run: npm run build')
  })
}

async function contentOf(folder: string, name: string): Promise<Buffer | null> {
  try {
    const root = await realpath(folder)
    const path = await realpath(join(root, name))
    return path.startsWith(root + sep) ? await readFile(path) : null
  } catch {
    return null // not there, or not ours to read: the same answer for both
  }
}

function sentence(status: number, text: string): Response {
  return new Response(`${text}\n`, { status, headers: { ...headers, 'Content-Type': 'text/plain; charset=utf-8' } })
}
