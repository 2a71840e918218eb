import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { opaCommand, printed } from '../../tools/opa-command.ts'
import type { BundleShelf } from '../parts.ts'
import { layOutBundle, withConflict, withoutDecision } from '../pipeline/policy-bundle.ts'
import { policyData } from '../pipeline/policy-data.ts'
import type { BundleServer } from './bundle-server.ts'

/** The id by which the OPAs know the key that bundles are signed with. */
export const bundleKeyId = 'playground'

export interface BundleKeys {
  /** Files of the private folder. */
  readonly signingFile: string
  readonly verificationFile: string
  readonly foreignFile: string
  /** PEM */
  readonly verification: string
}

/** Keys of this run: the pair that signs bundles, and one that no OPA knows. */
export async function writeBundleKeys(folder: string): Promise<BundleKeys> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const own = newPair()
  const keys = {
    signingFile: path.join(folder, 'bundle.key'),
    verificationFile: path.join(folder, 'bundle.pem'),
    foreignFile: path.join(folder, 'foreign.key'),
    verification: own.publicKey,
  }
  await writeFile(keys.signingFile, own.privateKey, { mode: 0o600 })
  await writeFile(keys.verificationFile, own.publicKey, { mode: 0o600 })
  await writeFile(keys.foreignFile, newPair().privateKey, { mode: 0o600 })
  return keys
}

function newPair(): { readonly publicKey: string; readonly privateKey: string } {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

export interface ShelfParts {
  readonly folder: string
  /** Private; sources of bundles are there while one is built. */
  readonly workFolder: string
  readonly keys: BundleKeys
  readonly server: BundleServer
  /** Path of opa; null: there is none yet. */
  readonly program: () => string | null
}

/** Builds with `opa build`, so what is on the shelf is what OPA makes of it. */
export function createBundleShelf({ folder, workFolder, keys, server, program }: ShelfParts): BundleShelf {
  let turn: Promise<unknown> = Promise.resolve()

  async function build(order: Parameters<BundleShelf['publish']>[0]): Promise<void> {
    const opa = program()
    if (opa === null) throw new Error(`the bundle ${order.revision} cannot be built: there is no program of OPA yet`)
    const place = await mkdtemp(path.join(workFolder, 'bundle-'))
    try {
      const source = path.join(place, 'source')
      const data = policyData(order.deny === undefined ? {} : { deny: order.deny })
      const rewrites = { undefined: withoutDecision, conflicting: withConflict, given: undefined }
      await layOutBundle(source, data, rewrites[order.decision ?? 'given'])
      const output = path.join(place, 'bundle.tar.gz')
      const words = ['build', '--bundle', '.', '--revision', order.revision, '--output', output]
      const signing = [
        '--signing-alg',
        'ES256',
        '--signing-key',
        order.foreignKey === true ? keys.foreignFile : keys.signingFile,
      ]
      // From within: OPA puts the path as it is given into the bundle.
      printed(await opaCommand(opa, '').run([...words, ...signing], { cwd: source }), [0])
      await server.publish(await readFile(output))
    } finally {
      await rm(place, { recursive: true, force: true })
    }
  }

  return {
    folder,
    publish: (order) => {
      const result = turn.then(() => build(order))
      turn = result.catch(() => {}) // whoever asked is told
      return result
    },
    setReachable: server.setReachable,
    withholdFrom: server.withholdFrom,
  }
}
