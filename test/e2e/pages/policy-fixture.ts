import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { packTar } from 'modern-tar'
import { type Composed, composeService } from '../../../electron/service/compose.ts'
import { takeDataFolder } from '../../../electron/service/data-folder.ts'

export interface PolicyFixture {
  readonly folder: string
  readonly service: Composed
  stop(): Promise<void>
}

export interface FixtureTools {
  readonly opa: string
  /** null: none is to be found, also where one is installed. */
  readonly regal: string | null
}

/** Everyhop with one environment, whose only policy is a bundle in a directory store. Tools are those that are named. */
export async function startPolicyFixture(
  files: Readonly<Record<string, string>>,
  tools: FixtureTools,
): Promise<PolicyFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'eh-policy-'))
  const home = join(folder, 'home')
  const store = join(folder, 'store')
  await Promise.all(
    [join(home, 'environments'), join(store, 'bundles'), join(folder, 'tools')].map((place) =>
      mkdir(place, { recursive: true }),
    ),
  )
  await writeFile(join(store, 'bundles', 'pipeline.tar.gz'), await bundleOf('r42', files))
  await writeFile(
    join(home, 'environments', 'workshop.yaml'),
    `apiVersion: everyhop.dev/v1
kind: Environment
name: workshop
policy:
  bundles:
    - name: pipeline
      store: { directory: ${store} }
      pointer: bundles/pipeline.tar.gz
      decision: pipeline/authz/allow
sources: {}
`,
  )
  const data = takeDataFolder(join(folder, 'data'))
  const before = { ...process.env }
  Object.assign(process.env, {
    EVERYHOP_OPA: tools.opa,
    EVERYHOP_REGAL: tools.regal ?? '',
    // Where it is not named, none is to be found among those that were built before.
    ...(tools.regal === null ? { EVERYHOP_CACHE: join(folder, 'tools') } : {}),
  })
  const service = composeService('web', home, data)
  return {
    folder,
    service,
    async stop() {
      await service.stop()
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
      Object.assign(process.env, before)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function bundleOf(revision: string, files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const manifest = JSON.stringify({ revision, roots: [''], rego_version: 1 })
  return gzipSync(
    await packTar(
      Object.entries({ '.manifest': manifest, ...files }).map(([name, text]) => ({
        header: { name, size: Buffer.byteLength(text) },
        body: text,
      })),
    ),
  )
}
