import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { cacheFolder, processLives } from './cache-folder.ts'
import { placeChangedModule } from './changed-module.ts'
import type { GoComponent } from './components.ts'
import { runTool } from './run-tool.ts'

/** The Go caches of one run of the provisioner: shared between its builds, removed when it ends. */
export interface GoCaches {
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
}

const cachePrefix = 'go-build-'
const oldestGo: readonly [number, number] = [1, 26]

export function moduleFolder(name: string): string {
  return path.join(import.meta.dirname, 'modules', name)
}

export async function openGoCaches(): Promise<GoCaches> {
  await requireGo()
  await mkdir(cacheFolder(), { recursive: true })
  await removeAbandonedCaches()
  const folder = await mkdtemp(path.join(cacheFolder(), `${cachePrefix}${process.pid}-`))
  return {
    folder,
    environment: {
      GOCACHE: path.join(folder, 'build'),
      GOMODCACHE: path.join(folder, 'modules'),
      GOTMPDIR: folder,
      // `readonly` keeps the committed go.mod and go.sum the only truth about what is built.
      GOFLAGS: '-mod=readonly -buildvcs=false -modcacherw',
      GOWORK: 'off',
    },
  }
}

export async function closeGoCaches(caches: GoCaches): Promise<void> {
  await rm(caches.folder, { recursive: true, force: true })
}

/** Builds the component into `target` (by a temporary name beside it, so that a killed build leaves nothing half done). */
export async function buildGo(component: GoComponent, caches: GoCaches, target: string): Promise<void> {
  // A copy, because the go command may want to write beside go.mod, and a checkout may be read-only.
  const source = path.join(caches.folder, 'source', component.name)
  await cp(moduleFolder(component.name), source, { recursive: true })
  if (component.changed !== undefined) {
    await placeChangedModule(component, component.changed, path.join(source, 'src'), caches)
  }
  const partial = `${target}.${process.pid}.partial`
  try {
    await runTool({
      purpose: `building ${component.title} ${component.version}${component.cgo ? ' (needs Go, a C compiler and the Go module proxy)' : ' (needs Go and the Go module proxy)'}`,
      command: 'go',
      arguments: [
        'build',
        '-trimpath',
        ...(component.tags === undefined ? [] : [`-tags=${component.tags.join(',')}`]),
        `-ldflags=${linkFlags(component)}`,
        '-o',
        partial,
        component.mainPackage,
      ],
      cwd: source,
      env: { ...caches.environment, CGO_ENABLED: component.cgo ? '1' : '0' },
    })
    await rename(partial, target)
  } finally {
    await rm(partial, { force: true })
  }
}

export function linkFlags(component: GoComponent): string {
  const variables = Object.entries(component.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`)
  return ['-s -w', ...variables].join(' ')
}

/** What a killed provisioner left: gigabytes that nobody will use again. */
async function removeAbandonedCaches(): Promise<void> {
  for (const name of await readdir(cacheFolder())) {
    const owner = name.startsWith(cachePrefix) ? Number.parseInt(name.slice(cachePrefix.length), 10) : Number.NaN
    if (!Number.isNaN(owner) && !processLives(owner)) {
      await rm(path.join(cacheFolder(), name), { recursive: true, force: true })
    }
  }
}

async function requireGo(): Promise<void> {
  const purpose = `building the lab's servers needs Go ${oldestGo.join('.')} or newer`
  const printed = await runTool({ purpose, command: 'go', arguments: ['version'] })
  const match = /go(\d+)\.(\d+)/.exec(printed)
  const major = Number(match?.[1] ?? 0)
  const minor = Number(match?.[2] ?? 0)
  if (major < oldestGo[0] || (major === oldestGo[0] && minor < oldestGo[1])) {
    throw new Error(`${purpose}, but "go version" says: ${printed.trim()}`)
  }
}
