import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { writeWhole } from './write-whole.ts'

/** Regal lints its whole folder at each edit: twenty modules take a quarter of a second, a hundred ten times that. */
export const mostModules = 20
const mostModuleBytes = 2 * 1024 ** 2

/** What is to be told to Regal after a `sync`: 1 made, 2 changed, 3 removed, as LSP numbers them. */
export interface FolderChange {
  readonly path: string
  readonly type: 1 | 2 | 3
}

export interface LanguageFolder {
  /** Rego files of the draft, as they are spelled. */
  paths(): Promise<readonly string[]>
  /**
   * Puts the open modules, their packages and what they import into Regal's folder; takes out what is no longer needed.
   * `isWhole: false`: there were too many.
   */
  sync(open: ReadonlyMap<string, string>): Promise<{
    readonly changes: readonly FolderChange[]
    readonly isWhole: boolean
  }>
}

interface Module {
  readonly stamp: string
  readonly text: string
  readonly package: string
  readonly wants: readonly string[]
}

/** Of a draft's files, the few that Regal needs for what is being edited. */
export function createLanguageFolder(draft: string, folder: string): LanguageFolder {
  let modules = new Map<string, Module>()
  const there = new Map<string, string>()

  /** Only what has changed since is read again. */
  async function read(): Promise<void> {
    const found = new Map<string, Module>()
    const entries = await readdir(draft, { recursive: true, withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      if (!entry.isFile() || !(entry.name.endsWith('.rego') || isSettings(entry.name, entry.parentPath))) continue
      const file = join(entry.parentPath, entry.name)
      const path = relative(draft, file).split(sep).join('/')
      const about = await stat(file).catch(() => null)
      if (about === null || about.size > mostModuleBytes) continue
      const stamp = `${about.mtimeMs} ${about.size}`
      const before = modules.get(path)
      if (before?.stamp === stamp) found.set(path, before)
      else {
        const text = await readFile(file, 'utf8').catch(() => null)
        if (text !== null) found.set(path, { stamp, text, ...namesIn(text) })
      }
    }
    modules = found
  }

  /** The open modules, their packages and imports. What those import matters to nothing that is said of the open ones. */
  function chosen(open: ReadonlyMap<string, string>): { readonly paths: readonly string[]; readonly isWhole: boolean } {
    const taken = new Set(open.keys())
    const names = [...open].map(([, text]) => namesIn(text))
    let isWhole = true
    for (const [path, module] of modules) {
      if (taken.has(path) || !names.some((from) => isWanted(from, module.package))) continue
      if (taken.size < mostModules) taken.add(path)
      else isWhole = false
    }
    return { paths: [...taken], isWhole }
  }

  return {
    async paths() {
      await read()
      return [...modules.keys()]
    },
    async sync(open) {
      await read()
      const { paths, isWhole } = chosen(open)
      const settings = [...modules.keys()].filter((path) => !path.endsWith('.rego'))
      const changes: FolderChange[] = []
      for (const path of [...paths, ...settings]) {
        const text = modules.get(path)?.text ?? open.get(path) ?? ''
        const before = there.get(path)
        // An open file only has to be on the disk: told of a change, Regal would read the older text there over what is typed.
        if (before === text || (before !== undefined && open.has(path))) continue
        await mkdir(dirname(join(folder, path)), { recursive: true, mode: 0o700 })
        await writeWhole(join(folder, path), text)
        there.set(path, text)
        changes.push({ path, type: before === undefined ? 1 : 2 })
      }
      const kept = new Set([...paths, ...settings])
      for (const path of [...there.keys()].filter((each) => !kept.has(each))) {
        await rm(join(folder, path), { force: true })
        there.delete(path)
        changes.push({ path, type: 3 })
      }
      return { changes, isWhole }
    },
  }
}

function isSettings(name: string, folder: string): boolean {
  return name === '.regal.yaml' || (name === 'config.yaml' && folder.endsWith(`${sep}.regal`))
}

/** Package and references of a module. By the letter: it may not parse just now. */
export function namesIn(text: string): { readonly package: string; readonly wants: readonly string[] } {
  const own = /^\s*package\s+([\w.]+)/m.exec(text)?.[1] ?? ''
  const wants = new Set<string>()
  for (const [, name] of text.matchAll(/\bdata\.([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)/g)) wants.add(name ?? '')
  return { package: own, wants: [...wants] }
}

function isWanted(from: { readonly package: string; readonly wants: readonly string[] }, name: string): boolean {
  if (name === '') return false
  // `data.lib.classify.exceeds` may be a rule of lib.classify, and `data.lib` stands for all below it.
  return (
    name === from.package ||
    from.wants.some((want) => want === name || want.startsWith(`${name}.`) || name.startsWith(`${want}.`))
  )
}
