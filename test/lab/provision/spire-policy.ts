import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { closeGoCaches, type GoCaches, moduleFolder, openGoCaches } from './build-go.ts'
import { cacheFolder } from './cache-folder.ts'
import { componentOf } from './components.ts'
import { runTool } from './run-tool.ts'

/** The two files of SPIRE's built-in authorisation policy, which an operator copies and appends the reader's rule to. */
export interface SpirePolicyFiles {
  readonly rego: string
  readonly data: string
}

const modulePath = 'github.com/spiffe/spire'
const downloadAnswer = z.object({ Dir: z.string() })

/**
 * Takes SPIRE's own policy out of its published module into the cache. It is SPIRE's text, so it is not kept in this repository.
 * `caches` are those of a running build, whose downloads are then used again.
 */
export async function ensureSpirePolicy(caches?: GoCaches): Promise<SpirePolicyFiles> {
  const version = componentOf('spire-server').version
  const folder = path.join(cacheFolder(), `spire-policy-${version}`)
  const files: SpirePolicyFiles = {
    rego: path.join(folder, 'policy.rego'),
    data: path.join(folder, 'policy_data.json'),
  }
  if (await exists(folder)) return files
  const own = caches === undefined ? await openGoCaches() : undefined
  try {
    const used = caches ?? own
    const printed = await runTool({
      purpose: `fetching the policy files of SPIRE ${version} (needs Go and the Go module proxy)`,
      command: 'go',
      arguments: ['mod', 'download', '-json', `${modulePath}@v${version}`],
      cwd: moduleFolder('spire-server'),
      ...(used === undefined ? {} : { env: used.environment }),
    })
    const source = path.join(downloadAnswer.parse(JSON.parse(printed)).Dir, 'pkg', 'server', 'authpolicy')
    const partial = `${folder}.${process.pid}.partial`
    await mkdir(partial, { recursive: true })
    await copyFile(path.join(source, 'policy.rego'), path.join(partial, 'policy.rego'))
    await copyFile(path.join(source, 'policy_data.json'), path.join(partial, 'policy_data.json'))
    await rename(partial, folder)
    return files
  } finally {
    if (own !== undefined) await closeGoCaches(own)
    await rm(`${folder}.${process.pid}.partial`, { recursive: true, force: true })
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}
