const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
  webmanifest: 'application/manifest+json; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  wasm: 'application/wasm',
  txt: 'text/plain; charset=utf-8',
}

/** A file of the built page: its name from the folder's root on, with a leading slash, and its media type. */
export interface PageFile {
  readonly name: string
  readonly type: string
}

/** The file that the path of an address may mean; null: none that the page has, or a way out of its folder. */
export function pageFileOf(pathname: string): PageFile | null {
  const name = decoded(pathname === '/' ? '/index.html' : pathname)
  if (name === null || !/^(\/[\w-][\w.-]*)+$/.test(name)) return null
  const ending = name.slice(name.lastIndexOf('.') + 1)
  const type = Object.hasOwn(types, ending) ? types[ending] : undefined
  return type === undefined ? null : { name, type }
}

function decoded(pathname: string): string | null {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return null
  }
}
