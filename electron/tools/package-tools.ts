import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildTool } from './build-tool.ts'
import { sha256Of } from './file-hash.ts'
import { builtPath } from './find-tool.ts'
import { type PackagedList, packagedPlaces, targetName } from './packaged-tools.ts'
import { programSuffix, toolLicence, toolNames, toolVersions } from './tool.ts'

export interface PackagingOptions {
  /** Root of the checkout; what is made lies below its `dist/tools`. */
  readonly root: string
  readonly build: typeof buildTool
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Makes what an installed application brings, for this machine: `dist/tools/<platform>-<arch>` is for electron-builder's
 * `extraResources` (to `tools`), `dist/tools/packaged.json` for its `files`, inside the archive. Run it on each platform.
 */
export async function packageTools({ root, build, progress, signal }: PackagingOptions): Promise<PackagedList> {
  const { folder, list } = packagedPlaces(root)
  const licences = join(folder, 'licences')
  await mkdir(licences, { recursive: true })
  // Everyhop is under the same licence: one text for all three.
  await copyFile(join(root, 'LICENSE'), join(licences, `${toolLicence}.txt`))
  const entries: PackagedList['targets'][string] = []
  for (const tool of toolNames) {
    const built = join(root, 'dist', 'tools', 'built', targetName())
    await build(tool, { folder: built, progress, signal })
    const path = join(folder, `${tool}${programSuffix}`)
    await copyFile(builtPath(tool, built), path)
    const { pinned: version, module } = toolVersions[tool]
    const modules = await readFile(join(import.meta.dirname, 'modules', tool, 'go.mod'), 'utf8')
    const head = `${tool} ${version} (${toolLicence}), built from https://${module} and the modules below, by their hashes.\n\n`
    await writeFile(join(licences, `${tool}-modules.txt`), `${head}${modules}`)
    entries.push({ tool, version, sha256: await sha256Of(path), licence: toolLicence })
  }
  const packaged: PackagedList = { version: 1, targets: { [targetName()]: entries } }
  await writeFile(list, `${JSON.stringify(packaged, null, 2)}\n`)
  return packaged
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await packageTools({
    root: join(import.meta.dirname, '..', '..'),
    build: buildTool,
    progress: (line) => process.stderr.write(`${line}\n`),
    signal: new AbortController().signal,
  })
}
