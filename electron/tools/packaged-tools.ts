import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { sha256Of } from './file-hash.ts'
import { programSuffix, type ToolName } from './tool.ts'

/** What an installed application brings: programs outside of its archive, and inside of it the list that they are checked by. */
export interface PackagedTools {
  /** Holds `opa`, `regal` and `licences/`. */
  readonly folder: string
  readonly list: string
}

/** `dist/tools/packaged.json`, as `package-tools.ts` writes it. */
export const packagedList = z.object({
  version: z.literal(1),
  /** By `<platform>-<arch>` of Node: `linux-x64`. */
  targets: z.record(
    z.string(),
    z.array(
      z.object({
        tool: z.enum(['opa', 'regal']),
        version: z.string(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        licence: z.string(),
      }),
    ),
  ),
})
export type PackagedList = z.infer<typeof packagedList>

export function targetName(platform: string = process.platform, arch: string = process.arch): string {
  return `${platform}-${arch}`
}

/**
 * Where they are, seen from the root of the program: beside the archive of an installed application (electron-builder's
 * `extraResources`), or below `dist` where they were packaged a moment ago.
 */
export function packagedPlaces(root: string): PackagedTools {
  const isInstalled = basename(root) === 'app.asar'
  return {
    folder: isInstalled ? join(dirname(root), 'tools') : join(root, 'dist', 'tools', targetName()),
    list: join(root, 'dist', 'tools', 'packaged.json'),
  }
}

/** Checked once a start, and again when the file changes. */
const checked = new Map<string, { readonly mark: string; readonly problem: Promise<string | null> }>()

/** null: it is the file that was packaged. Else why it may not be started, as a sentence without its end. */
export async function packagedTool(tool: ToolName, packaged: PackagedTools): Promise<string | null> {
  const path = join(packaged.folder, `${tool}${programSuffix}`)
  const mark = await Promise.all([path, packaged.list].map(markOf)).then((marks) => marks.join('/'))
  const before = checked.get(path)
  if (before?.mark === mark) return before.problem
  const problem = check(tool, path, packaged.list)
  checked.set(path, { mark, problem })
  return problem
}

async function markOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(path)
    return [ino, size, mtimeMs, ctimeMs].join(' ')
  } catch {
    return 'gone'
  }
}

async function check(tool: ToolName, path: string, list: string): Promise<string | null> {
  const advice = 'install Everyhop again'
  let wanted: string | undefined
  try {
    const { targets } = packagedList.parse(JSON.parse(await readFile(list, 'utf8')))
    wanted = targets[targetName()]?.find((each) => each.tool === tool)?.sha256
  } catch {
    return `${path} cannot be checked, because the list of what was packaged cannot be read (${list}): ${advice}`
  }
  if (wanted === undefined) return `${path} is not among what was packaged (${list}): ${advice}`
  try {
    const found = await sha256Of(path)
    if (found === wanted) return null
    return `${path} is not the file that was packaged: its SHA-256 is ${found} and should be ${wanted}; ${advice}`
  } catch (reason) {
    return `${path} cannot be checked: ${reason instanceof Error ? reason.message : String(reason)}`
  }
}
