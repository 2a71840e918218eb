import { generateKeyPairSync } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { layOutBundle, withoutDecision } from '../../../electron/playground/pipeline/policy-bundle.ts'
import { policyData } from '../../../electron/playground/pipeline/policy-data.ts'
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
  /** Has another name for the rule that Envoy asks for. */
  readonly undefinedDecision?: boolean
}

/** Builds and signs policy bundles with `opa build`. The keys are made for this run and stay in its folder. */
export interface BundleBuilder {
  /** PEM, for the OPAs. */
  readonly publicKey: string
  build(order: BundleOrder): Promise<Buffer>
}

export async function openBundleBuilder(plan: LabPlan, opaBinary: string): Promise<BundleBuilder> {
  const files = plan.files.bundleKeys
  const own = makeKeys()
  const foreign = makeKeys()
  await writeFile(files.signing, own.privateKey, { mode: 0o600 })
  await writeFile(files.verification, own.publicKey)
  await writeFile(files.foreignSigning, foreign.privateKey, { mode: 0o600 })
  await writeFile(files.foreignVerification, foreign.publicKey)
  return {
    publicKey: own.publicKey,
    build: async (order) => {
      const source = plan.files.bundleSource
      await rm(source, { recursive: true, force: true })
      const data = policyData(order.deny === undefined ? {} : { deny: order.deny })
      await layOutBundle(source, data, order.undefinedDecision === true ? withoutDecision : undefined)
      await runTool({
        purpose: `building the policy bundle ${order.revision}`,
        command: opaBinary,
        // From within: OPA puts the path as it is given into the bundle.
        cwd: source,
        arguments: [
          'build',
          '--bundle',
          '.',
          '--revision',
          order.revision,
          '--output',
          plan.files.bundle,
          '--signing-alg',
          'RS256',
          '--signing-key',
          order.foreignKey === true ? files.foreignSigning : files.signing,
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
