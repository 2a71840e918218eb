import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { stringify } from 'yaml'
import type { z } from 'zod'
import { playgroundEnvironment } from '../../shared/contract/playground.ts'
import { environmentSchema } from '../../shared/domain/model/environment.ts'
import { type BundleKeys, bundleKeyId } from './mesh/bundle-shelf.ts'
import { intentYaml } from './pipeline/intent-yaml.ts'
import { bundleName, bundleResource, decisionPath } from './pipeline/policy-bundle.ts'
import { trustDomain } from './pipeline/topology.ts'
import { openedStages } from './simulators/vault/credentials.ts'
import { clusterName } from './world/addresses.ts'

type Written = z.input<typeof environmentSchema>

/** What somebody would be given who may look at the pipeline, and publish its policy. Paths are absolute. */
export interface EnvironmentParts {
  readonly folder: string
  readonly windowSeconds: number
  readonly kubeconfig: string
  /** Files of the reader's SVID. */
  readonly reader: { readonly certificate: string; readonly key: string; readonly bundle: string }
  readonly vaultSignIn: NonNullable<Written['sources']['vault']>[number]['signIn']
  readonly bundleStore: string
  readonly bundleKeys: BundleKeys
}

/** An OPA asks for its bundle every other second; after so many it is stale. */
const bundleStaleAfterSeconds = 8

/** Writes environment.yaml and intent.yaml into the folder; gives the path of the former. */
export async function writeEnvironment(parts: EnvironmentParts): Promise<string> {
  const { folder, windowSeconds, kubeconfig, reader, vaultSignIn, bundleStore, bundleKeys } = parts
  const intent = path.join(folder, 'intent.yaml')
  const file = path.join(folder, 'environment.yaml')
  const environment: Written = {
    apiVersion: 'everyhop.dev/v1',
    kind: 'Environment',
    name: playgroundEnvironment,
    intent,
    // Enough to read everything every five seconds. More would only take the machine's time from what is read.
    requestBudget: 20,
    windowSeconds,
    bundleStaleAfterSeconds,
    policy: {
      bundles: [
        {
          name: bundleName,
          store: { directory: bundleStore },
          pointer: bundleResource.slice(1),
          decision: decisionPath,
          signing: { algorithm: 'ES256', keyId: bundleKeyId, key: { file: bundleKeys.signingFile } },
          verification: { keyFile: bundleKeys.verificationFile, keyId: bundleKeyId },
        },
      ],
    },
    sources: {
      kubernetes: [{ id: clusterName, kubeconfig }],
      spire: [
        {
          id: 'spire',
          cluster: clusterName,
          trustDomain,
          identity: { certificate: reader.certificate, key: reader.key, bundle: reader.bundle },
        },
      ],
      vault: [{ id: 'vault', cluster: clusterName, signIn: vaultSignIn, lookupsPerMinute: 600 }],
    },
  }
  environmentSchema.parse(environment)
  await writeFile(intent, intentYaml({ credentials: [...openedStages] }), { mode: 0o600 })
  await writeFile(file, stringify(environment), { mode: 0o600 })
  return file
}
