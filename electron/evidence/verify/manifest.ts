import { isPackPath } from './paths.ts'

export type Manifest = ReadonlyMap<string, string>

/**
 * Reads a BagIt manifest: `<hash>  <path>` a line, sorted by path. Answers with the number of the first line that is none, from 1.
 * Sorted by code units, each path once, so that there is one manifest of one set of files.
 */
export function readManifest(text: string): Manifest | { readonly line: number } {
  const hashes = new Map<string, string>()
  if (text === '') return hashes
  const lines = text.split('\n')
  if (lines.pop() !== '') return { line: lines.length + 1 }
  let before = ''
  for (const [at, line] of lines.entries()) {
    const [, hash, path] = /^([0-9a-f]{64}) {2}([ -~]+)$/.exec(line) ?? []
    if (hash === undefined || path === undefined || !isPackPath(path) || path <= before) return { line: at + 1 }
    hashes.set(path, hash)
    before = path
  }
  return hashes
}

export const isManifest = (read: Manifest | { readonly line: number }): read is Manifest => read instanceof Map

/** Values of bag-info.txt by name; null: a line is not `Name: value`, or a name comes twice. */
export function readBagInfo(text: string): ReadonlyMap<string, string> | null {
  const values = new Map<string, string>()
  for (const line of text.replace(/\r?\n$/, '').split(/\r?\n/)) {
    const [, name, value] = /^([A-Za-z][A-Za-z0-9-]*): ([ -~]*)$/.exec(line) ?? []
    if (name === undefined || value === undefined || values.has(name)) return null
    values.set(name, value)
  }
  return values
}
