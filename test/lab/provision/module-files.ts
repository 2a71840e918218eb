import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { closeGoCaches, type GoCaches, moduleFolder, openGoCaches } from './build-go.ts'
import { cacheFolder } from './cache-folder.ts'
import { type BinaryName, componentOf } from './components.ts'
import { runTool } from './run-tool.ts'

/** Text files of a server's published module that a lab needs. They are others' text, so they are not kept in this repository. */
export interface ModuleFiles {
  /** The folder in the cache is `<name>-<version>`. */
  readonly name: string
  readonly title: string
  /** The component of whose wrapper module the module is a requirement. */
  readonly component: BinaryName
  readonly module: string
  /** Paths inside the module; each file lies in the cache by its base name. */
  readonly files: readonly string[]
}

/** SPIRE's built-in authorisation policy, which an operator copies and appends the reader's rule to. */
export const spirePolicy: ModuleFiles = {
  name: 'spire-policy',
  title: 'policy files of SPIRE',
  component: 'spire-server',
  module: 'github.com/spiffe/spire',
  files: ['pkg/server/authpolicy/policy.rego', 'pkg/server/authpolicy/policy_data.json'],
}

/** How kwok lets machines and pods become ready. */
export const kwokStages: ModuleFiles = {
  name: 'kwok-stages',
  title: 'stages of kwok',
  component: 'kwok',
  module: 'sigs.k8s.io/kwok',
  files: [
    'kustomize/stage/node/fast/node-initialize.yaml',
    'kustomize/stage/node/heartbeat/node-heartbeat.yaml',
    'kustomize/stage/pod/fast/pod-ready.yaml',
    'kustomize/stage/pod/fast/pod-complete.yaml',
    'kustomize/stage/pod/fast/pod-delete.yaml',
  ],
}

/** The kinds of spire.spiffe.io, as Kubernetes is told about them. */
export const spireKinds: ModuleFiles = {
  name: 'spire-kinds',
  title: 'resource definitions of the SPIRE controller manager',
  component: 'spire-controller-manager',
  module: 'github.com/spiffe/spire-controller-manager',
  files: [
    'config/crd/bases/spire.spiffe.io_clusterspiffeids.yaml',
    'config/crd/bases/spire.spiffe.io_clusterstaticentries.yaml',
    'config/crd/bases/spire.spiffe.io_clusterfederatedtrustdomains.yaml',
  ],
}

const all: readonly ModuleFiles[] = [spirePolicy, kwokStages, spireKinds]
const downloadAnswer = z.object({ Dir: z.string() })

export function moduleFilesOf(component: BinaryName): readonly ModuleFiles[] {
  return all.filter((files) => files.component === component)
}

/**
 * Takes the files out of their published module into the cache, unless they are there; gives their paths in the order of
 * `files`. `caches` are those of a running build, whose downloads are then used again.
 */
export async function ensureModuleFiles(wanted: ModuleFiles, caches?: GoCaches): Promise<readonly string[]> {
  const version = componentOf(wanted.component).version
  const folder = path.join(cacheFolder(), `${wanted.name}-${version}`)
  const cached = wanted.files.map((file) => path.join(folder, path.basename(file)))
  if (await exists(folder)) return cached
  const own = caches === undefined ? await openGoCaches() : undefined
  const partial = `${folder}.${process.pid}.partial`
  try {
    const used = caches ?? own
    const printed = await runTool({
      purpose: `fetching the ${wanted.title} ${version} (needs Go and the Go module proxy)`,
      command: 'go',
      arguments: ['mod', 'download', '-json', `${wanted.module}@v${version}`],
      cwd: moduleFolder(wanted.component),
      ...(used === undefined ? {} : { env: used.environment }),
    })
    const source = downloadAnswer.parse(JSON.parse(printed)).Dir
    await mkdir(partial, { recursive: true })
    for (const file of wanted.files) {
      await copyFile(path.join(source, file), path.join(partial, path.basename(file)))
    }
    await rename(partial, folder)
    return cached
  } finally {
    if (own !== undefined) await closeGoCaches(own)
    await rm(partial, { recursive: true, force: true })
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}
