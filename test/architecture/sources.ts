import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')

export interface Import {
  /** Importing file, relative to the root, with forward slashes. */
  readonly from: string
  /** Imported file relative to the root, or the package's name. */
  readonly to: string
  readonly external: boolean
  readonly typeOnly: boolean
}

/** All of our own source files below `folder`, relative to the root. Generated code is left out. */
export function sourceFiles(folder: string, endings = ['.ts', '.tsx']): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !file.includes('/gen/') && !file.includes('node_modules'))
    .toSorted()
}

const importPattern =
  /^\s*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm

/** Static imports, re-exports and dynamic imports with a literal name. */
export function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(importPattern)].map((match) => {
    const name = match[2] ?? match[3] ?? ''
    const external = !name.startsWith('.')
    const to = external
      ? packageOf(name)
      : normalize(join(dirname(file), name))
          .split(sep)
          .join('/')
    return { from: file, to, external, typeOnly: match[1] !== undefined }
  })
}

function packageOf(name: string): string {
  if (name.startsWith('node:')) return name
  const parts = name.split('/')
  return name.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? name)
}
