import { generateKeyPairSync } from 'node:crypto'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { policyData, policyFolder } from '../../../electron/playground/pipeline/policy-data.ts'
import type { LabPlan } from '../plan.ts'
import { runTool } from '../provision/run-tool.ts'

/** A pair of call ends that a revision of the policy refuses although the pipeline needs it. */
export interface DeniedHop {
  readonly from: string
  readonly to: string
}

export interface BundleOrder {
  readonly revision: string
  readonly deny?: readonly DeniedHop[]
  /** Signs with a key that the OPAs do not know. */
  readonly foreignKey?: boolean
}

/** Builds and signs policy bundles with `opa build`. The keys are made for this run and stay in its folder. */
export interface BundleBuilder {
  /** PEM, for the OPAs. */
  readonly publicKey: string
  build(order: BundleOrder): Promise<Buffer>
}

export async function openBundleBuilder(plan: LabPlan, opaBinary: string): Promise<BundleBuilder> {
  const keys = path.join(plan.runFolder, 'keys')
  const own = makeKeys()
  const foreign = makeKeys()
  const ownFile = path.join(keys, 'bundle.key')
  const foreignFile = path.join(keys, 'foreign.key')
  await writeFile(ownFile, own.privateKey, { mode: 0o600 })
  await writeFile(foreignFile, foreign.privateKey, { mode: 0o600 })
  return {
    publicKey: own.publicKey,
    build: async (order) => {
      const source = plan.files.bundleSource
      await rm(source, { recursive: true, force: true })
      await mkdir(source, { recursive: true })
      await cp(policyFolder, source, { recursive: true, filter: (file) => !file.endsWith('_test.rego') })
      const data = policyData(order.deny === undefined ? {} : { deny: order.deny })
      await writeFile(path.join(source, 'data.json'), JSON.stringify(data, null, 2))
      await runTool({
        purpose: `building the policy bundle ${order.revision}`,
        command: opaBinary,
        arguments: [
          'build',
          '--bundle',
          source,
          '--revision',
          order.revision,
          '--output',
          plan.files.bundle,
          '--signing-alg',
          'RS256',
          '--signing-key',
          order.foreignKey === true ? foreignFile : ownFile,
        ],
      })
      return readFile(plan.files.bundle)
    },
  }
}

function makeKeys(): { readonly publicKey: string; readonly privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}
