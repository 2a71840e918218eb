import { parse as parseYaml } from 'yaml'
import { type Path, valueAt, withValue } from '../../../shared/domain/diagnosis/change/looked.ts'

/** Files that bring data: OPA takes `data.json`, `data.yaml` and `data.yml`, each at the path of its folder. */
export function dataFileOf(path: string): { readonly at: readonly string[]; readonly kind: 'json' | 'yaml' } | null {
  const members = path.split('/')
  const name = members.pop()
  if (name === 'data.json') return { at: members, kind: 'json' }
  return name === 'data.yaml' || name === 'data.yml' ? { at: members, kind: 'yaml' } : null
}

/** More is not read for an explanation; values of it are then not told. */
const mostDataBytes = 32 * 1024 ** 2

export interface BundleData {
  /** What a path leads to; undefined: nothing, or it is not known. */
  at(path: Path): unknown
  /** The file that has this path or, of what is missing, would have it; null: no file that could. */
  fileOf(path: Path): string | null
  /** All of it as one value. */
  readonly document: unknown
  /** False: some of it was too large or could not be read. */
  readonly isWhole: boolean
}

export function bundleData(files: ReadonlyMap<string, Uint8Array>): BundleData {
  const documents: { readonly path: string; readonly at: readonly string[]; readonly value: unknown }[] = []
  let left = mostDataBytes
  let isWhole = true
  for (const [path, bytes] of files) {
    const file = dataFileOf(path)
    if (file === null) continue
    left -= bytes.length
    const value = left < 0 ? undefined : read(bytes, file.kind)
    if (value === undefined) isWhole = false
    else documents.push({ path, at: file.at, value })
  }
  // What lies deeper is looked at first: folders add to what the files above them have.
  documents.sort((one, other) => other.at.length - one.at.length)
  const above = (path: Path) =>
    documents.filter(({ at }) => at.length <= path.length && at.every((member, index) => member === path[index]))
  const depthIn = ({ at, value }: (typeof documents)[number], path: Path): number => {
    let depth = at.length
    for (let found = value; depth < path.length; depth += 1) {
      found = valueAt(found, path.slice(depth, depth + 1))
      if (found === undefined) break
    }
    return depth
  }
  const document = documents
    .toReversed()
    .reduce<unknown>((found, { at, value }) => withValue(found, at, merged(valueAt(found, at), value)) ?? found, {})
  return {
    isWhole,
    document,
    at(path) {
      for (const document of above(path)) {
        const found = valueAt(document.value, path.slice(document.at.length))
        if (found !== undefined) return found
      }
      return undefined
    },
    fileOf(path) {
      const [deepest] = above(path).toSorted((one, other) => depthIn(other, path) - depthIn(one, path))
      return deepest?.path ?? null
    },
  }
}

function merged(one: unknown, other: unknown): unknown {
  if (!isObject(one) || !isObject(other)) return other ?? one
  const inner = Object.entries(other).map(([name, value]: [string, unknown]) => [
    name,
    Object.hasOwn(one, name) ? merged(one[name], value) : value,
  ])
  return { ...one, ...Object.fromEntries(inner) }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function read(bytes: Uint8Array, kind: 'json' | 'yaml'): unknown {
  const text = new TextDecoder().decode(bytes)
  try {
    // Few aliases: each may stand for as much again.
    return kind === 'json' ? JSON.parse(text) : parseYaml(text, { maxAliasCount: 50 })
  } catch {
    return undefined
  }
}
