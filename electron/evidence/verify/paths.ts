/** Paths and sizes of docs/formats/evidence-pack.md, "The ZIP". Paths are without the root folder. */

const pattern = /^[a-z0-9_][a-z0-9._-]*(\/[a-z0-9_][a-z0-9._-]*)*$/
const others: ReadonlySet<string> = new Set(['README.txt', 'VERIFY/verify.py'])
const longestPath = 150

export const isPackPath = (path: string): boolean =>
  path.length <= longestPath && (others.has(path) || pattern.test(path))

/** The same as an id of a pack. */
export const isRootName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)

export const payloadFolder = 'data/'
export const artefactsFolder = 'data/artefacts/'
export const envelopePath = 'signatures/pack.dsse.json'
export const tagManifestPath = 'tagmanifest-sha256.txt'
export const headsPath = 'data/heads.ndjson'
export const indexPath = 'data/index.json'
export const fetchPath = 'fetch.txt'
export const manifestPath = 'manifest-sha256.txt'

/** What every pack has outside `data/`, the manifest of it apart. */
export const tagFiles = [
  'README.txt',
  'VERIFY/verify.py',
  'bag-info.txt',
  'bagit.txt',
  manifestPath,
  'trust/device.pub.pem',
  'trust/organisation.pub.pem',
] as const

/** What every pack has in `data/`, artefacts apart. */
export const payloadFiles = [
  'data/controls.json',
  'data/custody.ndjson',
  'data/exceptions.csv',
  headsPath,
  indexPath,
  'data/redaction.json',
  'data/report.html',
  'data/report.pdf',
  'data/summary.csv',
] as const

const mebibyte = 1024 * 1024

/** Of one file, in bytes: what is held in memory whole has to be small, before anything of it is trusted. */
export function mostBytesOf(path: string): number {
  if (path === manifestPath) return 64 * mebibyte
  if (!path.startsWith(payloadFolder)) return 4 * mebibyte
  return path.endsWith('.json') || path === 'data/summary.csv' ? 32 * mebibyte : Number.MAX_SAFE_INTEGER
}

/** Of NDJSON, in bytes without the line break. */
export const longestLine = mebibyte
